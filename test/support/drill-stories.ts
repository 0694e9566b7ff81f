import type { Judgement } from '../../src/checks/check.ts';
import type { Problem } from '../../src/diagnostics/problem.ts';
import type { DrillEvent } from '../../src/drill/events.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { addMillis } from '../../src/support/time.ts';
import { aDrillOnAws } from './aws-story.ts';
import { groupStory } from './group-story.ts';
import { proofStory } from './proof-story.ts';
import { A_PROBLEM, type JournalBuilder, STARTED_AT, aJournal, aResource, provenIsolation } from './journal-builder.ts';
import { aRestore, aRunbook } from './runbook-builder.ts';

const common = { severity: 'fail', of: 'orders', database: 'bookshop' } as const;

const checks: readonly CheckSpec[] = [
  { ...common, id: 'accepts-logins', name: 'orders accepts logins', purpose: 'smoke', kind: 'login' },
  {
    ...common,
    id: 'every-order-has-a-customer',
    name: 'every order has a customer',
    purpose: 'integrity',
    kind: 'sql',
    query: 'select count(*) from orders o where not exists (select from customers c where c.id = o.customer_id)',
    over: 'orders',
    expect: { kind: 'equals', value: 0 },
    reveal: false,
  },
  {
    ...common,
    id: 'sound',
    name: 'every index and page is sound',
    purpose: 'integrity',
    kind: 'structure',
    heapAllIndexed: false,
  },
  {
    ...common,
    id: 'manifest',
    name: 'contents match the manifest',
    purpose: 'integrity',
    kind: 'manifest',
    file: '/runbooks/bookshop.json',
  },
  {
    ...common,
    id: 'recent',
    name: 'payments are recent',
    severity: 'warn',
    purpose: 'integrity',
    kind: 'freshness',
    query: 'select max(paid_at) from payments',
    within: 600_000,
  },
];

function aBookshop(change: Partial<Runbook> = {}): Runbook {
  return aRunbook([aRestore('orders', { database: 'bookshop' })], {
    name: 'bookshop',
    owner: 'platform-team',
    checks,
    ...change,
  });
}

const good: Readonly<Record<string, Partial<Judgement>>> = {
  'accepts-logins': { observed: 'login accepted', expected: 'login accepted' },
  'every-order-has-a-customer': { observed: '0 over 200,000 rows', expected: 'equals 0' },
  sound: { observed: '9 indexes and 4 heaps are sound', expected: 'no fault' },
  manifest: { observed: '4 of 4 tables match', expected: '4 tables as recorded at 2026-11-19T14:00:00.000Z' },
  recent: {
    observed: 'newest 12 s before the recovery point',
    expected: 'at most 10 m before the recovery point',
    dataMoment: { source: 'query', at: '2026-11-19T13:59:48.000Z', error: 1 },
  },
};

const damaged: Readonly<Record<string, Partial<Judgement>>> = {
  ...good,
  manifest: {
    outcome: 'failed',
    observed: "3 of 4 tables match; 'public.orders': 59,924 rows",
    expected: "4 tables as recorded; 'public.orders': 60,000 rows",
    because: "table 'public.orders' holds 59,924 of 60,000 rows and its contents differ",
  },
};

const unmeasurable: Readonly<Record<string, Partial<Judgement>>> = {
  ...good,
  manifest: {
    outcome: 'errored',
    observed: 'nothing',
    expected: 'an observation',
    because: "the manifest '/runbooks/bookshop.json' cannot be read: ENOENT",
    problem: {
      code: 'manifest/unreadable',
      message: "the manifest '/runbooks/bookshop.json' cannot be read: ENOENT",
      hint: "Record it with 'drillbook manifest runbooks/bookshop.yaml'.",
      blames: 'environment',
    },
  },
  recent: { outcome: 'skipped', observed: 'nothing', expected: 'at most 10 m old', because: 'there are no payments' },
};

const INTERRUPTED = {
  type: 'drill-aborted',
  reason: 'interrupted',
  problem: {
    code: 'drill/interrupted',
    message: 'interrupted by SIGINT',
    hint: 'Run the drill again.',
    blames: 'environment',
  },
} as const;

const REFUSED = {
  code: 'select/no-recovery-point',
  message: "no recovery point of 'orders' can be drawn: all 4 are excluded",
  hint: "Look at 'drillbook recovery-points', then widen 'recoveryPoint' of 'orders' or mend the backups.",
  blames: 'environment',
} as const;

const PASSED = { occasion: 'passed', delivery: '0f343b0931126a20f133d67c2b018a3b' } as const;

const DEAF: Problem = {
  code: 'notify/timed-out',
  message: "'slack-2' could not be told of 'passed': it did not answer in time",
  hint: 'See at the receiver, and at the network before it, what keeps it from answering.',
  blames: 'environment',
};

const BUSY = {
  code: 'teardown/still-there',
  message: `'${aResource('orders').id}' is still there after the time for teardown`,
  hint: "Run 'drillbook teardown' again, or look at what holds it.",
  blames: 'environment',
} as const;

function ready(runbook = aBookshop()): JournalBuilder {
  return aJournal(runbook).started({ seed: '7d2f0a1c9be34410' }).planned().sandboxed();
}

/** What can become of a drill, one journal each. */
export const STORIES: Readonly<Record<string, () => readonly DrillEvent[]>> = {
  passed: () => ready().restored().checked(good).tornDown().finished().events,

  'passed-on-aws': aDrillOnAws,

  'failed-damaged-table': () =>
    aJournal(aBookshop())
      .started({ seed: '3', seedChosen: true })
      .planned()
      .sandboxed()
      .restored()
      .checked(damaged)
      .tornDown()
      .finished().events,

  'failed-objectives-missed': () =>
    ready(aBookshop({ objectives: { rto: { target: 1_000, until: 'verified' }, rpo: { target: 60_000 } } }))
      .restored()
      .checked(good)
      .tornDown()
      .finished().events,

  'inconclusive-check-errored': () => ready().restored().checked(unmeasurable).tornDown().finished().events,

  'inconclusive-not-restored': () => ready().restoreFailed(A_PROBLEM).tornDown().finished().events,

  'inconclusive-not-isolated': () => {
    const [first, ...others] = provenIsolation().proofs;
    if (first === undefined) throw new Error('isolation has proofs');
    const broken = { ...first, observed: 'connected', holds: false };
    return aJournal(aBookshop())
      .started()
      .planned()
      .sandboxed({ level: 'L1', proofs: [broken, ...others] })
      .tornDown()
      .finished().events;
  },

  'interrupted-and-resumed': () => ready().resumed(900_000).restored().checked(good).tornDown().finished().events,

  aborted: () =>
    ready()
      .add({ type: 'step-started', step: 'restore:orders', attempt: 1, token: 'restore:orders' })
      .after(700)
      .add({ type: 'resource-created', step: 'restore:orders', resource: aResource('orders') })
      .after(50)
      .add(INTERRUPTED)
      .tornDown()
      .finished().events,

  leaked: () =>
    ready()
      .restored()
      .checked(good)
      .add({ type: 'teardown-started' })
      .add({ type: 'removal-started', resource: aResource('orders'), attempt: 1 })
      .after(60_000)
      .add({ type: 'removal-failed', resource: aResource('orders'), problem: BUSY })
      .add({ type: 'teardown-finished', left: [aResource('orders'), aResource('sandbox', 'sandbox', 'sandbox')] })
      .finished().events,

  told: () =>
    ready()
      .restored()
      .checked(good)
      .tornDown()
      .finished()
      .add({ type: 'draws-counted', resources: [{ resource: 'orders', passed: 11, draws: 12 }] })
      .after(40)
      .add({ type: 'notification-judged', target: 'heartbeat-1', kind: 'heartbeat', ...PASSED, outcome: 'sent' })
      .after(19_000)
      .add({
        type: 'notification-judged',
        target: 'slack-2',
        kind: 'slack',
        ...PASSED,
        outcome: 'failed',
        problem: DEAF,
      }).events,

  kept: () =>
    aJournal(aBookshop())
      .started({ keepOnFailure: 7_200_000 })
      .planned()
      .sandboxed()
      .restored()
      .checked(damaged)
      .add({ type: 'drill-kept', until: addMillis(STARTED_AT, 7_200_000) })
      .finished().events,

  'inconclusive-check-stayed-green': () => proofStory(aBookshop()),
  'inconclusive-no-control': () => proofStory(aBookshop(), 'manifest'),
  'passed-with-group': () => groupStory(900_000, 720_000),

  'failed-group-apart': () => groupStory(300_000, 720_000),

  refused: () =>
    aJournal(aBookshop())
      .started()
      .after(300)
      .add({ type: 'drill-refused', problems: [REFUSED] })
      .finished().events,

  killed: () =>
    ready().add({ type: 'step-started', step: 'restore:orders', attempt: 1, token: 'restore:orders' }).events,

  hostile: () =>
    ready(aBookshop({ owner: '<script>alert(1)</script>', name: 'book|shop & "sons" <b>' }))
      .restored('orders', {
        settings: ['`fsync`=off | </style><img src=x>'],
        warnings: [{ ...A_PROBLEM, message: 'a\u0000b\u001B[31m ]]> <!-- -- ' }],
      })
      .checked({
        ...good,
        sound: { observed: '<svg onload=alert(1)>', expected: '\' " & \uD800 end', outcome: 'failed' },
      })
      .tornDown()
      .finished().events,
};
