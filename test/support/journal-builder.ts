import type { Judgement } from '../../src/checks/check.ts';
import type { DrillEvent, DrillStarted, NewEvent } from '../../src/drill/events.ts';
import type { Problem } from '../../src/diagnostics/problem.ts';
import { buildPlan, checkStepId } from '../../src/plan/build-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { IsolationEvidence, Resource, RestoreFacts } from '../../src/providers/resource.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { type Instant, type Millis, addMillis } from '../../src/support/time.ts';
import { aRecoveryPoint, aRestore, aRunbook } from './runbook-builder.ts';

export const STARTED_AT: Instant = '2026-11-20T03:00:00.000Z';
const DRILL_ID = 'shop-20261120t030000z-0a1b2c';

/** A runbook that restores `orders` and checks it, once for smoke and once for integrity. */
export function aShop(change: Partial<Runbook> = {}): Runbook {
  return aRunbook([aRestore('orders')], change);
}

/** Writes well-formed journals: every event in its place, with times, epochs and a hash chain. */
export interface JournalBuilder {
  /** Lets time pass before the next event, on both clocks; `wallOnly` sets only the wall clock, which may go back. */
  after(millis: Millis): JournalBuilder;
  wallOnly(millis: Millis): JournalBuilder;
  add(...events: readonly NewEvent[]): JournalBuilder;
  started(change?: Partial<DrillStarted>): JournalBuilder;
  /** Kills the engine and starts another one, `later`, on the same boot of the machine unless another is named. */
  resumed(later: Millis, bootId?: string): JournalBuilder;
  planned(change?: (plan: Plan) => Plan): JournalBuilder;
  /** The sandbox, and its isolation proven. */
  sandboxed(evidence?: IsolationEvidence): JournalBuilder;
  restored(name?: string, facts?: Partial<RestoreFacts> | 'no facts'): JournalBuilder;
  restoreFailed(problem: Problem, name?: string): JournalBuilder;
  /** Judges every check that is not judged yet as passed, smoke before integrity, except those named. */
  checked(judgements?: Readonly<Record<string, Partial<Judgement>>>): JournalBuilder;
  tornDown(left?: readonly Resource[]): JournalBuilder;
  finished(): JournalBuilder;
  readonly events: readonly DrillEvent[];
}

/** A journal of a drill of `runbook`, still empty. */
export function aJournal(runbook: Runbook = aShop()): JournalBuilder {
  const events: DrillEvent[] = [];
  const now = { wall: STARTED_AT, mono: 5_000_000, epoch: 1, bootId: 'boot-a' };
  const resources: Resource[] = [];
  let started: DrillStarted | undefined;
  const push = (event: NewEvent) => {
    const before = events.at(-1);
    const prev = before === undefined ? '0'.repeat(64) : sha256Hex(JSON.stringify(before));
    events.push({ ...event, seq: events.length + 1, epoch: now.epoch, at: now.wall, mono: now.mono, prev });
  };
  const builder: JournalBuilder = {
    events,
    after(millis) {
      now.wall = addMillis(now.wall, millis);
      now.mono += millis;
      return builder;
    },
    wallOnly(millis) {
      now.wall = addMillis(now.wall, millis);
      return builder;
    },
    add(...added) {
      for (const event of added) push(event);
      return builder;
    },
    started(change = {}) {
      started = {
        type: 'drill-started',
        schema: 1,
        drillId: DRILL_ID,
        runbook,
        seed: '1',
        seedChosen: false,
        tool: '0.1.0',
        ...change,
      };
      return builder.add(started).after(20).add({ type: 'engine-started', purpose: 'run', bootId: now.bootId });
    },
    resumed(later, bootId = now.bootId) {
      if (bootId !== now.bootId) now.mono = 1_000;
      builder.after(later);
      now.epoch += 1;
      now.bootId = bootId;
      return builder.add({ type: 'engine-started', purpose: 'resume', bootId });
    },
    planned(change = (plan) => plan) {
      return builder.after(80).add({ type: 'plan-made', plan: change(aPlan(runbook, started?.seed)) });
    },
    sandboxed(evidence = provenIsolation()) {
      create('sandbox', 'sandbox', 'sandbox', 40);
      builder.add({ type: 'step-succeeded', step: 'sandbox' });
      return proven('isolation', evidence);
    },
    restored(name = 'orders', facts = {}) {
      create(`restore:${name}`, name, 'postgres', 30);
      const begun = now.wall;
      builder.after(1_600);
      const found = facts === 'no facts' ? {} : { facts: { ...someFacts(begun), ...facts } };
      builder.add({ type: 'step-succeeded', step: `restore:${name}`, ...found });
      return proven(`connect:${name}`, provenIsolation());
    },
    restoreFailed(problem, name = 'orders') {
      create(`restore:${name}`, name, 'postgres', 30);
      return builder.after(900).add({ type: 'step-failed', step: `restore:${name}`, problem });
    },
    checked(judgements = {}) {
      const isDone = ({ id }: CheckSpec) =>
        events.some((event) => event.type === 'check-judged' && event.step === checkStepId(id));
      const open = runbook.checks.filter((check) => !isDone(check));
      const ordered = [
        ...open.filter(({ purpose }) => purpose === 'smoke'),
        ...open.filter(({ purpose }) => purpose === 'integrity'),
      ];
      for (const check of ordered) judged(check, judgements[check.id] ?? {});
      return builder;
    },
    tornDown(left = []) {
      builder.after(10).add({ type: 'teardown-started' });
      const gone = resources.filter(({ id }) => !left.some((one) => one.id === id)).reverse();
      for (const resource of gone) {
        builder
          .add({ type: 'removal-started', resource, attempt: 1 })
          .after(70)
          .add({ type: 'resource-removed', resource });
      }
      return builder.after(15).add({ type: 'teardown-finished', left });
    },
    finished() {
      return builder.after(5).add({ type: 'drill-finished' });
    },
  };
  const begin = (step: string) =>
    builder.after(3).add({ type: 'step-started', step, attempt: 1, token: `${DRILL_ID}/${step}` });
  const create = (step: string, name: string, type: string, took: Millis) => {
    const resource = aResource(name, type, step);
    resources.push(resource);
    begin(step).after(took).add({ type: 'resource-created', step, resource });
  };
  const proven = (step: string, evidence: IsolationEvidence) =>
    begin(step).after(60).add({ type: 'isolation-judged', step, evidence });
  const judged = (check: CheckSpec, change: Partial<Judgement>) => {
    const judgement: Judgement = {
      outcome: 'passed',
      observed: 'what was wanted',
      expected: 'what was wanted',
      ...change,
    };
    begin(checkStepId(check.id))
      .after(120)
      .add({ type: 'check-judged', step: checkStepId(check.id), judgement });
  };
  return builder;
}

/** A resource as a local provider would have made it. */
export function aResource(name: string, type = 'postgres', step = `restore:${name}`): Resource {
  return {
    provider: 'local',
    type,
    id: `/sandboxes/${DRILL_ID}${type === 'sandbox' ? '' : `/${name}`}`,
    name,
    token: `${DRILL_ID}/${step}`,
  };
}

/** The plan of a runbook: each resource draws the third of four points, captured six hours apart. */
function aPlan(runbook: Runbook, seed = '1'): Plan {
  const drawn = runbook.restore.map((spec) => {
    const points = [2, 8, 14, 20].map((hour) => aRecoveryPoint(spec.source, `${spec.name}-${hour}`, hour));
    const point = points[2];
    const successor = points[3];
    if (point === undefined || successor === undefined) throw new Error('four points have a third and a fourth');
    const candidatesDigest = sha256Hex(JSON.stringify([spec.name, ...points.map(({ id }) => id)]));
    const excluded = [{ id: `${spec.name}-0`, because: 'captured at 2026-11-19T00:00:00.000Z, before the window' }];
    const candidates = points.map(({ id, capturedAt }) => ({ id, capturedAt }));
    const draw = {
      resource: spec.name,
      strategy: 'random',
      seed,
      candidates,
      excluded,
      candidatesDigest,
      index: 2,
    };
    return { spec, point, draw, successorAvailableAt: addMillis(successor.availableAt, -20_000_000) };
  });
  return buildPlan({ drillId: DRILL_ID, runbook, startedAt: STARTED_AT, drawn, sha256Hex });
}

/** Two canaries that were not reached. */
export function provenIsolation(change: Partial<IsolationEvidence> = {}): IsolationEvidence {
  const proof = (claim: string, method: string, expected: string) => ({
    claim,
    method,
    expected,
    observed: expected,
    holds: true,
  });
  return {
    level: 'L2',
    proofs: [
      proof('no TCP connection gets out', 'connect to a canary on 127.0.0.1', 'Network is unreachable'),
      proof(
        'no unix socket of the host is in reach',
        'connect to a canary socket outside',
        'No such file or directory',
      ),
    ],
    ...change,
  };
}

/** What a restore of a healthy base backup finds out; its parts end 50 ms before it is noticed. */
function someFacts(begunAt: Instant): RestoreFacts {
  return {
    moment: { recoveryPointId: 'orders-14', target: { kind: 'backup-end' }, lsn: '0/3000158' },
    dataMoments: [
      { source: 'last-replayed-transaction', at: '2026-11-19T13:59:58.000Z', error: 1 },
      { source: 'recovery-point', at: '2026-11-19T14:00:00.000Z', error: 1_000 },
    ],
    engineVersion: '18.4',
    bytesRestored: 48_300_000,
    spans: [
      { name: 'unpack', startedAt: begunAt, took: 900 },
      { name: 'verify', startedAt: addMillis(begunAt, 900), took: 300 },
      { name: 'replay', startedAt: addMillis(begunAt, 1_200), took: 350 },
    ],
    settings: ['fsync=off'],
    warnings: [],
  };
}

export const A_PROBLEM: Problem = {
  code: 'restore/no-server',
  message: "unable to restore 'orders': no PostgreSQL 15 on this machine",
  hint: 'Install PostgreSQL 15, or run the drill where it is.',
  blames: 'environment',
};

/** A drill that went as drills should, from its start to its end. */
export function aPassedDrill(runbook: Runbook = aShop()): JournalBuilder {
  const journal = aJournal(runbook).started().planned().sandboxed();
  for (const { name } of runbook.restore) journal.restored(name);
  return journal.checked().tornDown().finished();
}
