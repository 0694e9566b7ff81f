import { Ajv } from 'ajv';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { DrillEvent } from '../../../../src/drill/events.ts';
import { verdictOf } from '../../../../src/drill/verdict.ts';
import { buildReport } from '../../../../src/report/build-report.ts';
import { reportHtml } from '../../../../src/report/html.ts';
import { reportMarkdown } from '../../../../src/report/markdown.ts';
import { reportSchema } from '../../../../src/report/report-schema.ts';
import { lambdaProbe } from '../../../../src/probe/aws/lambda-probe.ts';
import type { Probe } from '../../../../src/probe/probe.ts';
import { awsClients } from '../../../../src/providers/aws/aws-clients.ts';
import type { CutoverSpec } from '../../../../src/runbook/runbook.ts';
import { listAccount } from '../../../support/aws/account-listing.ts';
import { placeOf } from '../../../support/aws/aws-stage.ts';
import { describeOnAws, problemsOf } from '../../../support/aws/describe-on-aws.ts';
import { zonePlanterOf } from '../../../support/aws/dns/plant-zones.ts';
import { holdingClock } from '../../../support/aws/quiet-clock.ts';
import { healthyObservation, resumeToTheEnd } from '../../../support/simulated-drill.ts';
import { casesFor, wholeTest } from '../../../support/whole.ts';

const RECORDS = [
  { Name: 'db.shop.internal.', Type: 'CNAME', TTL: 300, ResourceRecords: [{ Value: 'orders.production.example.' }] },
  { Name: 'mail.shop.internal.', Type: 'MX', TTL: 3600, ResourceRecords: [{ Value: '10 mx.shop.internal.' }] },
  { Name: 'api.shop.internal.', Type: 'A', TTL: 60, ResourceRecords: [{ Value: '10.1.2.3' }] },
  {
    Name: 'www.shop.internal.',
    Type: 'A',
    AliasTarget: { HostedZoneId: 'Z32O12XQLNTSW2', DNSName: 'shop.elb.amazonaws.com.', EvaluateTargetHealth: false },
  },
] as const;

await describeOnAws('a DNS cutover in a drill on AWS', ({ aws, clock, planter, begin }) => {
  const zones = zonePlanterOf(aws);
  let production = '';
  afterAll(() => zones.close());

  beforeEach(async () => {
    production = await zones.zone(
      'shop.internal',
      RECORDS.map((one) => ({ ...one }) as never),
    );
    aws.route53.pendingFor = 35_000;
    aws.log.clear();
  });

  const cutover = (more: Partial<CutoverSpec> = {}): CutoverSpec => ({
    zone: production,
    records: [{ name: 'db.shop.internal', to: 'orders' }],
    ...more,
  });

  /** Names are resolved by the function in the sandbox; of everything else all is well. */
  const probe: Probe = {
    async observe(endpoint, request, signal) {
      if (request.kind !== 'dns' || endpoint.kind !== 'rds') return healthyObservation(request);
      const { lambda } = holdingClock(awsClients({ region: aws.region }, 'probe'), clock);
      return lambdaProbe({ lambda, clock }).observe(endpoint, request, signal);
    },
  };
  const beginWith = async (spec = cutover()) => begin({ runbook: { cutover: spec }, probe });

  test('switches the record in a copy, sees it lead to what was restored, and leaves the account as it was', async () => {
    const { stage, before } = await beginWith();
    await resumeToTheEnd(stage);
    expect(problemsOf(stage.disk)).toEqual([]);
    expect(verdictOf(stage.disk)).toMatchObject({ verdict: 'passed', gaps: [] });
    const { made, inSyncTook, resolveTook, error, resolved } = evidenceIn(stage.disk);
    expect(made).toMatchObject({ zone: { id: production, name: 'shop.internal.' }, copied: 2 });
    expect(made.differences).toEqual([
      { name: 'www.shop.internal', type: 'A', because: "leads to 'shop.elb.amazonaws.com.', which is production's" },
    ]);
    expect(made.switched).toMatchObject([{ name: 'db.shop.internal', type: 'CNAME', cachedFor: 300_000 }]);
    expect(resolved).toMatchObject([{ name: 'db.shop.internal', names: [made.switched[0]?.address] }]);
    expect(resolved[0]?.addresses).toHaveLength(1);
    expect(inSyncTook).toBeGreaterThanOrEqual(35_000);
    expect(inSyncTook).toBeLessThanOrEqual(35_000 + error);
    expect(resolveTook).toBeLessThanOrEqual(2_000);
    expect(await listAccount(aws)).toEqual(before);
    const report = buildReport(stage.disk, { tool: '0.1.0' });
    expect(report.cutover).toMatchObject({ outcome: 'unmeasured', targetSeconds: null, zone: 'shop.internal.' });
    expect(report.cutover?.worstCaseSeconds).toBeCloseTo((report.cutover?.switchedSeconds ?? 0) + 300, 3);
    expect(new Ajv({ strict: false, validateFormats: false }).validate(reportSchema, report)).toBe(true);
    expect(reportMarkdown(report)).toContain('## DNS cutover');
    expect(reportHtml(report)).toContain('DNS cutover');
  });

  const limits = [
    ['5m', 300_000, 'failed', 'missed'],
    ['6m', 360_000, 'passed', 'met'],
  ] as const;
  test.each(casesFor(limits))(
    'is held to %s in the worst case: with what caches of the old answer add',
    async (_, within, verdict, outcome) => {
      const { stage } = await beginWith(cutover({ within }));
      await resumeToTheEnd(stage);
      expect(verdictOf(stage.disk).verdict).toBe(verdict);
      expect(buildReport(stage.disk, { tool: '0.1.0' }).cutover?.outcome).toBe(outcome);
    },
  );

  test('only reads the zone, and changes no look-alike: every call that changes a zone names the copy', async () => {
    const vpcId = await planter.vpc('10.9.0.0/16');
    const alike = { vpcId, comment: 'drillbook drill=x expires=2026-01-01T00:00:00.000Z token=x/zone' };
    const reference = `drillbook-000000000000-${'0'.repeat(64)}`;
    const lookAlike = await zones.zone('shop.internal', [{ ...RECORDS[2] } as never], { ...alike, reference });
    const [ofProduction, ofLookAlike] = [await zones.recordsOf(production), await zones.recordsOf(lookAlike)];
    const { stage, before } = await beginWith();
    aws.log.clear();
    await resumeToTheEnd(stage);
    expect(verdictOf(stage.disk).verdict).toBe('passed');
    const copy = evidenceIn(stage.disk).made.copy;
    const changes = aws.log.mutations().filter(({ service }) => service === 'route53');
    expect(changes.map(({ action }) => action)).toEqual([
      'CreateHostedZone',
      'ChangeTagsForResource',
      'ChangeResourceRecordSets',
      'ChangeResourceRecordSets',
      'DeleteHostedZone',
    ]);
    for (const { path } of changes.slice(1)) expect(path).toContain(`/${copy}`);
    expect(await zones.recordsOf(production)).toEqual(ofProduction);
    expect(await zones.recordsOf(lookAlike)).toEqual(ofLookAlike);
    expect(await listAccount(aws)).toEqual(before);
  });

  const answers = [
    ['CreateHostedZone', 1],
    ['ChangeTagsForResource', 1],
    ['ChangeResourceRecordSets', 2],
    ['DeleteHostedZone', 1],
  ] as const;
  test.each(casesFor(answers))('goes on when the answer of %s is lost', async (action, calls) => {
    const { stage, before } = await beginWith();
    aws.faults.add({ service: 'route53', action, kind: 'lost-answer' });
    await resumeToTheEnd(stage);
    expect(verdictOf(stage.disk).verdict).toBe('passed');
    expect(aws.log.of('route53', action).length).toBeGreaterThan(calls);
    expect(await listAccount(aws)).toEqual(before);
  });

  test('whose zone cannot be read is refused, says so, and makes nothing', async () => {
    const { stage, before } = await beginWith(cutover({ zone: 'Z0000000000000000000' }));
    await resumeToTheEnd(stage);
    expect(problemsOf(stage.disk)).toEqual(['aws/zone-not-found']);
    expect(verdictOf(stage.disk)).toMatchObject({ verdict: 'inconclusive' });
    expect(verdictOf(stage.disk).gaps.join()).toMatch(/refused: there is no hosted zone/);
    expect(aws.log.mutations()).toEqual([]);
    expect(await listAccount(aws)).toEqual(before);
  });

  test('has a copy that a sweep finds and removes by its reference, after which nothing is written any more', async () => {
    const { stage, before } = await beginWith();
    const found: string[] = [];
    const swept: typeof stage = {
      ...stage,
      adapters() {
        const adapters = stage.adapters();
        const { provider } = adapters;
        const { dns } = provider;
        if (dns === undefined) throw new Error('no DNS');
        const switchRecords: typeof dns.switchRecords = async (request, signal) => {
          const place = placeOf(aws);
          const marked = await clock.busy(async () => provider.listMarked({ place }, signal));
          const zone = marked.find(({ resource }) => resource.type === 'hosted-zone');
          if (zone === undefined) throw new Error('no zone is found');
          found.push(zone.resource.id);
          const permit = { kind: 'expired', now: zone.expiresAt, margin: 1 } as const;
          await expect(provider.startRemoval(zone.resource, permit, signal)).rejects.toThrow(/expires/);
          await provider.startRemoval(zone.resource, { ...permit, margin: 0 }, signal);
          return dns.switchRecords(request, signal);
        };
        return { ...adapters, provider: { ...adapters.provider, dns: { ...dns, switchRecords } } };
      },
    };
    await resumeToTheEnd(swept);
    expect(found).toHaveLength(1);
    expect(problemsOf(stage.disk)).toEqual(['aws/foreign-zone']);
    expect(await listAccount(aws)).toEqual(before);
  });

  wholeTest('that is never in effect ends with its deadline, and is torn down', async () => {
    const { stage, before } = await beginWith();
    const never = 3_600_000 * 24;
    let isSwitched = false;
    const stepping: typeof stage = {
      ...stage,
      adapters() {
        const adapters = stage.adapters();
        const { dns } = adapters.provider;
        if (dns === undefined) throw new Error('no DNS');
        const switchRecords: typeof dns.switchRecords = async (...args) => {
          aws.route53.pendingFor = never;
          isSwitched = true;
          return dns.switchRecords(...args);
        };
        return { ...adapters, provider: { ...adapters.provider, dns: { ...dns, switchRecords } } };
      },
    };
    await resumeToTheEnd(stepping);
    expect(isSwitched).toBe(true);
    expect(problemsOf(stage.disk)).toEqual(['drill/step-deadline']);
    expect(verdictOf(stage.disk).verdict).toBe('inconclusive');
    expect(await listAccount(aws)).toEqual(before);
  });
});

function evidenceIn(disk: readonly DrillEvent[]) {
  const done = disk.find((event) => event.type === 'cutover-done');
  if (done?.type !== 'cutover-done') throw new Error('no cutover was done');
  return done.evidence;
}
