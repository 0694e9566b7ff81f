import type { RecoveryPoint } from '../../src/catalog/recovery-point.ts';
import type { DrillEvent } from '../../src/drill/events.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { judgeIsolation } from '../../src/providers/aws/sandbox/judge-isolation.ts';
import type { CutoverEvidence } from '../../src/providers/dns-cutover.ts';
import type { IsolationEvidence, Resource, RestoreFacts } from '../../src/providers/resource.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import type { RdsRestore } from '../../src/runbook/restore-spec.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { type Instant, addMillis } from '../../src/support/time.ts';
import { EXPECTED, SOUND } from '../providers/aws/sandbox/sandbox-facts.ts';
import { STARTED_AT, aJournal } from './journal-builder.ts';
import { aRunbook } from './runbook-builder.ts';

const HOUR = 3_600_000;
const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';
const PREFIX = 'drillbook-4f1c0a9b2d7e';
const DRILL_ID = 'shop-20261120t030000z-0a1b2c';
const ENDPOINT = `${PREFIX}-orders.c0ffee123456.${REGION}.rds.amazonaws.com`;

const orders: RdsRestore = {
  name: 'orders',
  kind: 'rds',
  source: 'orders-production',
  needs: [],
  recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'backup-end' } },
  database: 'shop',
};

const common = { severity: 'fail', of: 'orders', database: 'shop' } as const;

const checks: readonly CheckSpec[] = [
  { ...common, id: 'accepts-logins', name: 'orders accepts logins', purpose: 'smoke', kind: 'login' },
  {
    ...common,
    id: 'sound',
    name: 'every index is sound',
    purpose: 'integrity',
    kind: 'structure',
    heapAllIndexed: false,
  },
  {
    ...common,
    id: 'recent',
    name: 'the newest order is recent',
    purpose: 'integrity',
    kind: 'freshness',
    query: 'select max(placed_at) from orders',
    within: 600_000,
  },
];

/** By a role, with a DNS cutover that the team has agreed upon. */
function theRunbook(): Runbook {
  return aRunbook([orders], {
    owner: 'platform-team',
    checks,
    objectives: { rto: { target: HOUR, until: 'verified' }, rpo: { target: 24 * HOUR } },
    sandbox: {
      provider: 'aws',
      account: ACCOUNT,
      region: REGION,
      role: `arn:aws:iam::${ACCOUNT}:role/drillbook`,
      sharesAccountWithSources: true,
      expiresAfter: 6 * HOUR,
      minimumIsolation: 'VPC',
    },
    limits: { concurrency: 4, drill: 3 * HOUR, restore: 2 * HOUR, check: 14 * 60_000, teardown: HOUR },
    cutover: { zone: 'Z0PRODUCTION', records: [{ name: 'db.shop.internal', to: 'orders' }], within: 600_000 },
  });
}

/** The plan with snapshots of RDS in place of base backups. */
function onRds(plan: Plan): Plan {
  return { ...plan, resources: plan.resources.map((one) => ({ ...one, point: aSnapshot(one.point) })) };
}

function aSnapshot(point: RecoveryPoint): RecoveryPoint {
  const arn = `arn:aws:rds:${REGION}:${ACCOUNT}:snapshot:${point.id}`;
  return {
    ...point,
    provider: 'aws',
    kind: 'rds',
    location: arn,
    capturedAtSource: 'SnapshotDatabaseTime (last transaction in the snapshot)',
    consistency: 'crash',
    format: 'RDS automated snapshot',
    engine: { name: 'postgres', version: '16.4' },
    rds: {
      type: 'automated',
      sourceResourceId: 'db-SOURCE',
      sourceIdentifier: 'orders-production',
      snapshotArn: arn,
      engine: 'postgres',
      engineVersion: '16.4',
      allocatedGib: 500,
      storageType: 'gp3',
      encrypted: false,
      sourceClass: 'db.r6g.large',
    },
  };
}

const resourceOf = (step: string, type: string, name: string, id: string): Resource => ({
  provider: 'aws',
  type,
  id,
  name,
  token: `${DRILL_ID}/${step}`,
});

const STACK = resourceOf(
  'sandbox',
  'sandbox',
  'sandbox',
  `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${PREFIX}-sandbox/0b1c2d3e-0000-4000-8000-000000000000`,
);
const PROBE = resourceOf('probe', 'probe', 'probe', `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${PREFIX}-probe`);
const INSTANCE = resourceOf(
  'restore:orders',
  'db-instance',
  'orders',
  `arn:aws:rds:${REGION}:${ACCOUNT}:db:${PREFIX}-orders`,
);
const ZONE = resourceOf('zone', 'hosted-zone', 'zone', 'Z0COPY');

/** Every claim of the provider's own, all of which hold. */
function isolation({ isRestored }: { readonly isRestored: boolean }): IsolationEvidence {
  const { restored: _, ...before } = EXPECTED;
  return { level: 'VPC', proofs: judgeIsolation(SOUND, isRestored ? EXPECTED : before) };
}

function facts(requestedAt: Instant): RestoreFacts {
  return {
    moment: { recoveryPointId: 'orders-14', target: { kind: 'backup-end' } },
    dataMoments: [{ source: 'recovery-point', at: '2026-11-19T14:00:00.000Z', error: 1_000 }],
    engineVersion: '16.4',
    spans: [{ name: "until RDS's creation time", startedAt: requestedAt, took: 412_000 }],
    settings: [
      'Single-AZ',
      'default parameter group default.postgres16',
      'storage still loading from the backup (12 %)',
    ],
    warnings: [
      {
        code: 'aws/foreign-tags',
        message: `'${PREFIX}-orders' carries tags that no drill put there: 'backup-plan'`,
        hint: 'See that nothing acts on these tags in the sandbox account, e.g. a backup plan that selects by them.',
        blames: 'environment',
      },
    ],
  };
}

const SWITCHED: CutoverEvidence = {
  made: {
    zone: { id: 'Z0PRODUCTION', name: 'shop.internal.' },
    copy: ZONE.id,
    changeIds: ['C1'],
    callsTook: 640,
    copied: 7,
    differences: [
      { name: 'www.shop.internal', type: 'A', because: "leads to 'shop.elb.amazonaws.com.', which is production's" },
    ],
    switched: [
      {
        name: 'db.shop.internal',
        type: 'CNAME',
        address: ENDPOINT,
        cachedFor: 300_000,
        cachedBecause: 'the time to live of its CNAME record, 300 s',
      },
    ],
  },
  inSyncTook: 33_500,
  resolveTook: 480,
  error: 500,
  resolved: [{ name: 'db.shop.internal', names: ['db.shop.internal', ENDPOINT], addresses: ['10.213.0.17'] }],
};

const JUDGED = {
  'accepts-logins': { observed: 'login accepted', expected: 'login accepted' },
  sound: { observed: '214 indexes are sound', expected: 'no fault' },
  recent: {
    observed: 'newest 2 s before the recovery point',
    expected: 'at most 10 m before the recovery point',
    dataMoment: { source: 'query', at: '2026-11-19T13:59:58.000Z', error: 1 },
  },
} as const;

/** A drill on AWS that passed, with a DNS cutover: its journal, with the times that RDS takes. */
export function aDrillOnAws(): readonly DrillEvent[] {
  const journal = aJournal(theRunbook()).started({ seed: '7d2f0a1c9be34410' }).after(5_200).planned(onRds);
  const begin = (step: string) => journal.add({ type: 'step-started', step, attempt: 1, token: `${DRILL_ID}/${step}` });
  const made = (step: string, resource: Resource) =>
    journal.after(900).add({ type: 'resource-created', step, resource });
  const remove = (resource: Resource) => journal.add({ type: 'removal-started', resource, attempt: 1 });

  begin('sandbox');
  made('sandbox', STACK).after(96_000).add({ type: 'step-succeeded', step: 'sandbox', noticedWithin: 500 });
  begin('isolation');
  const apart = isolation({ isRestored: false });
  journal.after(1_900).add({ type: 'isolation-judged', step: 'isolation', evidence: apart });

  begin('probe');
  begin('restore:orders');
  const requestedAt = addMillis(STARTED_AT, 104_900);
  made('restore:orders', INSTANCE);
  made('probe', PROBE).after(31_000).add({ type: 'step-succeeded', step: 'probe', noticedWithin: 500 });
  const standing = { type: 'stage-finished', step: 'restore:orders', stage: 'instance', noticedWithin: 8_000 } as const;
  journal.after(811_000).add(standing);
  const restored = { type: 'step-succeeded', step: 'restore:orders', noticedWithin: 500 } as const;
  journal.after(52_000).add({ ...restored, facts: facts(requestedAt) });
  begin('connect:orders');
  const connected = isolation({ isRestored: true });
  journal.after(2_300).add({ type: 'isolation-judged', step: 'connect:orders', evidence: connected });

  begin('zone');
  made('zone', ZONE);
  journal.checked(JUDGED).after(34_000).add({ type: 'step-succeeded', step: 'zone', noticedWithin: 500 });
  begin('cutover').after(36_100).add({ type: 'cutover-done', step: 'cutover', evidence: SWITCHED });
  begin('isolation:end');
  journal.after(2_100).add({ type: 'isolation-judged', step: 'isolation:end', evidence: apart });

  journal.add({ type: 'teardown-started' });
  for (const resource of [INSTANCE, PROBE, ZONE]) remove(resource);
  journal.after(9_000).add({ type: 'resource-removed', resource: ZONE });
  journal.after(196_000).add({ type: 'resource-removed', resource: INSTANCE });
  journal.after(640_000).add({ type: 'resource-removed', resource: PROBE });
  remove(STACK).after(61_000).add({ type: 'resource-removed', resource: STACK });
  return journal.after(700).add({ type: 'teardown-finished', left: [] }).finished().events;
}
