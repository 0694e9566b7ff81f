import { afterAll, beforeEach, expect, test } from 'vitest';
import { sweepPlace } from '../../../src/commands/sweep-place.ts';
import { verdictOf } from '../../../src/drill/verdict.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import type { Clock } from '../../../src/support/clock.ts';
import { listAccount } from '../../support/aws/account-listing.ts';
import { placeOf } from '../../support/aws/aws-stage.ts';
import { describeOnAws } from '../../support/aws/describe-on-aws.ts';
import { zonePlanterOf } from '../../support/aws/dns/plant-zones.ts';
import { resolvingProbe } from '../../support/aws/dns/resolving-probe.ts';
import { type CrashPoint, type Stage, resumeToTheEnd, simulate } from '../../support/simulated-drill.ts';
import { casesFor } from '../../support/whole.ts';

/** Every so many calls an engine is killed; each with `npm run test:crash`. */
const WHOLE_MATRIX = process.env['DRILLBOOK_CRASH_MATRIX'] === 'whole';
const STEP = WHOLE_MATRIX ? 1 : 97;
const MINUTES = 60_000;

await describeOnAws('a drill on AWS that is killed', ({ aws, clock, begin }) => {
  const restores = () =>
    aws.log.of('rds', 'RestoreDBInstanceFromDBSnapshot').filter(({ error }) => error !== 'DBInstanceAlreadyExists');
  const copies = () => aws.log.of('route53', 'CreateHostedZone').filter(({ status }) => status === 201);
  // The snapshots grow old while one drill follows another.
  const objectives = { rto: { target: 86_400_000, until: 'verified' }, rpo: { target: 100 * 86_400_000 } } as const;
  const zones = zonePlanterOf(aws);
  const probe = resolvingProbe(aws, clock);
  let production = '';
  afterAll(() => zones.close());
  beforeEach(async () => {
    production = await zones.zone('shop.internal', [
      { Name: 'db.shop.internal.', Type: 'CNAME', TTL: 300, ResourceRecords: [{ Value: 'orders.example.' }] },
      { Name: 'api.shop.internal.', Type: 'A', TTL: 60, ResourceRecords: [{ Value: '10.1.2.3' }] },
    ]);
    // Long enough for engines to be killed while Route 53 is at work, and to be looked at a few times only.
    aws.route53.pendingFor = 2_000;
    aws.log.clear();
  });
  let begun = 0;
  /** With a cutover, too: so there is a call of every kind. Route 53 never forgets a reference, so each has its own id. */
  const beginOne = async () => {
    const cutover = { zone: production, records: [{ name: 'db.shop.internal', to: 'orders' }] };
    return begin({ runbook: { objectives, cutover }, probe, drillId: `shop-20261120t030000z-${(begun += 1)}` });
  };

  async function crashPoints(): Promise<readonly CrashPoint[]> {
    const calls = { count: 0 };
    const { stage } = await beginOne();
    await simulate(stage, { purpose: 'run', calls });
    expect(verdictOf(stage.disk).verdict).toBe('passed');
    expect(calls.count).toBeGreaterThan(60);
    const all = Array.from({ length: calls.count }, (_, n) => n + 1);
    return all
      .filter((call) => call % STEP === 0)
      .flatMap((call) => [
        { call, when: 'before' as const },
        { call, when: 'after' as const },
      ]);
  }

  /** Runs an engine until it is killed. A dead one sleeps no more: its deadlines must not have time pass for the living. */
  async function kill(stage: Required<Stage>, crash: CrashPoint): Promise<void> {
    const death = new AbortController();
    const sleep: Clock['sleep'] = async (millis, signal) => {
      await clock.sleep(millis, signal ? AbortSignal.any([signal, death.signal]) : death.signal);
      if (death.signal.aborted) await new Promise<never>(() => {});
    };
    await simulate({ ...stage, clock: { ...clock, sleep } }, { purpose: 'run', crash });
    death.abort();
  }

  test(
    'at any call to AWS or to its journal ends, resumed, as an undisturbed one: one restore, an account as before',
    { timeout: 150 * MINUTES },
    async () => {
      for (const crash of await crashPoints()) {
        aws.log.clear();
        const { stage, before } = await beginOne();
        await kill(stage, crash);
        await clock.idle();
        await resumeToTheEnd(stage);
        const where = `killed ${crash.when} call ${crash.call}`;
        expect(verdictOf(stage.disk), where).toMatchObject({ verdict: 'passed', failures: [] });
        const created = stage.disk.filter(({ type }) => type === 'step-failed');
        expect(created, where).toEqual([]);
        expect(await listAccount(aws), where).toEqual(before);
        expect(restores(), where).toHaveLength(1);
        expect(copies(), where).toHaveLength(1);
      }
    },
  );

  test(
    'at any call, with its journal lost, leaves nothing to a sweep after its expiry, and nothing is swept before',
    { timeout: 150 * MINUTES },
    async () => {
      for (const crash of await crashPoints()) {
        const { stage, before } = await beginOne();
        await kill(stage, crash);
        await clock.idle();
        const where = `killed ${crash.when} call ${crash.call}`;
        aws.log.clear();
        await sweep(stage);
        expect(aws.log.mutations(), `${where}, swept too early`).toEqual([]);
        clock.advance(7 * 60 * MINUTES);
        expect((await sweep(stage)).left, where).toEqual([]);
        expect(await listAccount(aws), where).toEqual(before);
      }
    },
  );

  async function sweep(stage: Required<Stage>) {
    const said: string[] = [];
    const io = { stderr: (text: string) => said.push(text) };
    const { provider } = stage.adapters();
    return sweepPlace(provider, placeOf(aws), { yes: true, clock, io });
  }

  const answers = [
    ['rds', 'RestoreDBInstanceFromDBSnapshot'],
    ['cloudformation', 'DeleteStack'],
    ['cloudformation', 'CreateStack'],
    ['lambda', 'CreateFunction'],
    ['rds', 'ModifyDBInstance'],
    ['rds', 'DeleteDBInstance'],
    ['lambda', 'DeleteFunction'],
  ] as const;
  test.each(WHOLE_MATRIX ? answers : casesFor(answers, 2))(
    'by no means: the answer to %s %s is lost, and the drill goes on with what it made',
    async (service, action) => {
      const { stage, before } = await begin();
      const fault = aws.faults.add({ service, action, kind: 'lost-answer' });
      await resumeToTheEnd(stage);
      expect(fault.hits).toBe(1);
      expect(verdictOf(stage.disk)).toMatchObject({ verdict: 'passed' });
      expect(restores()).toHaveLength(1);
      expect(await listAccount(aws)).toEqual(before);
    },
  );
});

await describeOnAws('a look-alike of production', ({ aws, clock, planter, begin }) => {
  test(
    'with all tags of a drill, its prefix and its network is changed by no teardown and by no sweep',
    { timeout: 5 * MINUTES },
    async () => {
      const { stage } = await begin({
        runbook: {
          limits: { concurrency: 4, drill: 3_600_000, restore: 1_800_000, check: 600_000, teardown: 30_000 },
        },
      });
      const lookAlikes: string[] = [];
      const planting: Required<Stage> = {
        ...stage,
        adapters() {
          const adapters = stage.adapters();
          const proveIsolation: Provider['proveIsolation'] = async (sandbox, restored, signal) => {
            if (restored && lookAlikes.length === 0) {
              const original = restored.id.split(':db:')[1] ?? '';
              const id = `${original}-production`;
              lookAlikes.push(id);
              await clock.busy(async () =>
                planter.lookAlike(id, original, { DBSubnetGroupName: await subnetGroupOf(original) }),
              );
            }
            return adapters.provider.proveIsolation(sandbox, restored, signal);
          };
          return { ...adapters, provider: { ...adapters.provider, proveIsolation } };
        },
      };
      await resumeToTheEnd(planting);
      clock.advance(7 * 3_600_000);
      const swept = await sweepPlace(stage.adapters().provider, placeOf(aws), {
        yes: true,
        clock,
        within: 30_000,
        io: { stderr: () => true },
      });
      const [lookAlike = 'none was planted'] = lookAlikes;
      expect(swept.marked.map(({ resource }) => resource.id).join()).not.toContain(lookAlike);
      expect((await listAccount(aws)).join()).toContain(lookAlike);
      const changed = aws.log.mutations().filter(({ accessKey }) => accessKey !== planter.accessKey);
      expect(JSON.stringify(changed)).not.toContain(lookAlike);
      expect(changed.length).toBeGreaterThan(4);
    },
  );

  async function subnetGroupOf(instance: string): Promise<string> {
    const restore = aws.log
      .of('rds', 'RestoreDBInstanceFromDBSnapshot')
      .find(({ params }) => params['DBInstanceIdentifier'] === instance);
    return restore?.params['DBSubnetGroupName'] ?? 'the restore named none';
  }
});
