import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import { drillPrefix } from '../../src/providers/aws/names.ts';
import type { Report } from '../../src/report/report.ts';
import { listAccount } from '../support/aws/account-listing.ts';
import { type AwsEstate, awsEstate } from '../support/aws/aws-estate.ts';
import { zonePlanterOf } from '../support/aws/dns/plant-zones.ts';
import { run } from '../support/run-process.ts';

const KILLED_RUN = fileURLToPath(new URL('../support/killed-run.mjs', import.meta.url));
const WHOLE_MATRIX = process.env['DRILLBOOK_CRASH_MATRIX'] === 'whole';
/** After its effect and before its line: what is hardest to go on from. All others with the whole matrix. */
const SAMPLE = ['before resource-created restore db-instance'];
/** What a drill makes, each once, however often it is killed. */
const CREATING = ['CreateStack', 'CreateFunction', 'CreateHostedZone', 'RestoreDBInstanceFromDBSnapshot'];
const AT_ONCE = 3;

const found = await awsEstate();

describe.skipIf(found === undefined)('a drill on AWS whose process is killed with -9', () => {
  const estate = found as AwsEstate;
  const { aws } = estate ?? {};
  const reports = join(estate?.folder ?? '', 'reports');
  let before: readonly string[];
  let runbook: string;
  let undisturbed: Judged;

  beforeAll(async () => {
    const zone = await plantZone();
    aws.route53.pendingFor = 1_000;
    const cutover = `{ zone: ${zone}, records: [{ name: db.shop.internal, to: orders }], within: 1h }`;
    runbook = await estate.runbook('crash', { cutover });
    before = await listAccount(aws);
    const { code, stdout, stderr } = await start('crash-none').ended;
    expect([stdout, code], stderr).toEqual(['{"verdict":"passed"}', 0]);
    undisturbed = await judged('crash-none');
  });
  afterAll(async () => estate.remove());

  /** Its id begins with a Z, as those of Route 53 do: the emulator's begin with anything. The others stay: look-alikes. */
  async function plantZone(): Promise<string> {
    const zones = zonePlanterOf(aws);
    const record = { Name: 'db.shop.internal.', Type: 'CNAME' as const, TTL: 300 };
    let id = '';
    while (!id.startsWith('Z')) {
      id = await zones.zone('shop.internal', [{ ...record, ResourceRecords: [{ Value: 'orders.example.' }] }]);
    }
    zones.close();
    return id;
  }

  /** Starts the drill that kills itself at a point; at none unless named. */
  function start(drillId: string, point: object | 0 = 0, when = 'before') {
    const args = [KILLED_RUN, runbook, reports, drillId, '1', JSON.stringify(point), when];
    return run(process.execPath, args, { cwd: estate.folder, env: estate.env });
  }

  async function journalOf(drillId: string): Promise<readonly DrillEvent[]> {
    const text = await readFile(join(reports, drillId, 'journal.jsonl'), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as DrillEvent);
  }

  test(
    'at a kind of journal line, or in the gap before it, ends as an undisturbed one: everything made once, nothing left',
    { timeout: 3_600_000 },
    async () => {
      const points = pointsOf(await journalOf('crash-none'));
      for (let at = 0; at < points.length; at += AT_ONCE) {
        const batch = points
          .slice(at, at + AT_ONCE)
          .map((point, index) => ({ ...point, drillId: `crash-${at + index}` }));
        await Promise.all(
          batch.map(async ({ drillId, name, point, when }) => {
            const killed = await start(drillId, point, when).ended;
            expect(killed.signal, `${name}: ${killed.stderr}`).toBe('SIGKILL');
            await expectResumed(drillId, name);
          }),
        );
        expect(await listAccount(aws), batch.map(({ name }) => name).join(', or ')).toEqual(before);
      }
    },
  );

  test.runIf(WHOLE_MATRIX)(
    'while its copy of a zone is made or filled ends as an undisturbed one',
    { timeout: 600_000 },
    async () => {
      // The zone is there and has no tags yet; its records are asked for and not written.
      const faults = ['ChangeTagsForResource', 'ChangeResourceRecordSets'].map((action) =>
        aws.faults.add({ service: 'route53', action, kind: 'hang' }),
      );
      const drills = ['crash-zone-1', 'crash-zone-2'];
      const runs = drills.map((drillId) => start(drillId));
      await vi.waitFor(() => expect(faults.map(({ hits }) => hits)).toEqual([1, 1]), {
        timeout: 240_000,
        interval: 20,
      });
      for (const { child } of runs) child.kill('SIGKILL');
      expect((await Promise.all(runs.map(async ({ ended }) => ended))).map(({ signal }) => signal)).toEqual([
        'SIGKILL',
        'SIGKILL',
      ]);
      aws.faults.clear();
      await Promise.all(drills.map(async (drillId) => expectResumed(drillId, drillId)));
      expect(await listAccount(aws)).toEqual(before);
    },
  );

  async function expectResumed(drillId: string, name: string): Promise<void> {
    // Killed before line 1 was on disk, there is no drill yet, and nothing to resume.
    const begun = (await journalOf(drillId)).length > 0;
    const resumed = await estate.drillbook(['resume', drillId]);
    const outcome = begun ? await judged(drillId) : undefined;
    expect(resumed.code, `${name}: ${resumed.stderr}${resumed.stdout}`).toBe(begun ? 0 : 2);
    expect(outcome, name).toEqual(begun ? undisturbed : undefined);
    const made = CREATING.map((action) => [action, answeredWell(action, drillId)]);
    expect(made, name).toEqual(CREATING.map((action) => [action, begun ? 1 : 0]));
  }

  function answeredWell(action: string, drillId: string): number {
    const ofDrill = aws.log.calls.filter((call) => JSON.stringify(call).includes(drillPrefix(drillId)));
    return ofDrill.filter((call) => call.action === action && call.error === undefined).length;
  }

  /** What a report says but for its figures. */
  async function judged(drillId: string): Promise<Judged> {
    const report = (await estate.report(drillId)) as unknown as Report;
    const { verdict, checks, rto, rpo, cutover, teardown } = report;
    return {
      verdict,
      checks: Object.fromEntries(checks.map(({ id, outcome }) => [id, outcome])),
      objectives: [rto.outcome, rpo.outcome, cutover?.outcome],
      teardown,
    };
  }
});

interface Judged {
  readonly verdict: string;
  readonly checks: Readonly<Record<string, string>>;
  readonly objectives: readonly (string | undefined)[];
  readonly teardown: Report['teardown'];
}

interface Point {
  readonly point: object;
  readonly when: 'before' | 'after';
  readonly name: string;
}

/** The first event of each kind, before and after its line; a sample of them unless the whole matrix is wanted. */
function pointsOf(events: readonly DrillEvent[]): readonly Point[] {
  const kinds = events.map(kindOf);
  const all = events
    .filter((_, index) => kinds.indexOf(kinds[index] ?? '') === index)
    .flatMap((event) =>
      (['before', 'after'] as const).map((when) => ({ point: factsOf(event), when, name: `${when} ${kindOf(event)}` })),
    );
  const names = all.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(SAMPLE));
  return WHOLE_MATRIX ? all : all.filter(({ name }) => SAMPLE.includes(name));
}

/** A kind of event, told apart by its step, stage and resource. */
function kindOf(event: DrillEvent): string {
  const { type, step, stage, resource } = factsOf(event);
  return [type, step?.split(':')[0], stage, resource?.type].filter(Boolean).join(' ');
}

/** What tells an event from others in every run of the same drill. */
function factsOf(event: DrillEvent) {
  return {
    type: event.type,
    ...('step' in event && { step: event.step }),
    ...('stage' in event && { stage: event.stage }),
    ...('resource' in event && { resource: { type: event.resource.type } }),
  };
}
