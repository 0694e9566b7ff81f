import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DrillState } from '../../src/drill/state.ts';
import { verdictOf } from '../../src/drill/verdict.ts';
import { memoryJournal } from '../../src/journal/memory-journal.ts';
import { type Course, type Fault, type MemoryThing, memoryWorld } from '../../src/providers/memory/memory-world.ts';
import type { Resource, RestoreFacts } from '../../src/providers/resource.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aRecoveryPoint, aRestore, aRunbook } from '../support/runbook-builder.ts';
import {
  type CrashPoint,
  type Simulation,
  drillStarted,
  healthyObservation,
  simulate,
} from '../support/simulated-drill.ts';
import { isWhole, runsFor } from '../support/whole.ts';

interface Story {
  readonly needs: readonly (readonly number[])[];
  readonly courses: readonly Course[];
  readonly faults: readonly Fault[];
  readonly crashes: readonly (CrashPoint & { readonly thenTeardown: boolean })[];
  readonly abortAt: number | undefined;
  readonly sickChecks: readonly boolean[];
  readonly listedAfter: number;
  readonly unremovable: number | undefined;
  readonly isolationHolds: boolean;
}

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Fault>({ kind: 'none' }) },
  { weight: 2, arbitrary: fc.constant<Fault>({ kind: 'lost-answer' }) },
  { weight: 2, arbitrary: fc.constant<Fault>({ kind: 'refused', class: 'transient' }) },
  { weight: 1, arbitrary: fc.constant<Fault>({ kind: 'refused', class: 'permanent' }) },
);

const story: fc.Arbitrary<Story> = fc.integer({ min: 1, max: 4 }).chain((count) =>
  fc.record({
    needs: fc.tuple(...Array.from({ length: count }, (_, n) => fc.subarray(Array.from({ length: n }, (__, m) => m)))),
    courses: fc.array(
      fc.record<Course>({
        takes: fc.integer({ min: 0, max: 20_000 }),
        end: fc.constantFrom('ready', 'ready', 'ready', 'failed', 'stuck'),
        deaths: fc.constantFrom(0, 0, 0, 1, 2, 4),
        stages: fc.constantFrom(0, 0, 1, 2),
      }),
      { minLength: count, maxLength: count },
    ),
    faults: fc.array(fault, { maxLength: 40 }),
    crashes: fc.array(
      fc.record({
        call: fc.integer({ min: 1, max: 80 }),
        when: fc.constantFrom<CrashPoint['when']>('before', 'after'),
        thenTeardown: fc.boolean(),
      }),
      { maxLength: 5 },
    ),
    abortAt: fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined, freq: 3 }),
    sickChecks: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
    listedAfter: fc.constantFrom(0, 0, 3_000),
    unremovable: fc.option(fc.integer({ min: 0, max: count - 1 }), { nil: undefined, freq: 6 }),
    isolationHolds: fc.constantFrom(true, true, true, true, false),
  }),
);

/** Many drills, with `npm run test:whole` thousands, each disturbed in its own way, must each keep what design promises; ends are never compared. */
test(
  'whatever fails, gets lost or crashes, a drill ends, restores each thing once, leaves nothing unnamed and touches nothing foreign',
  { timeout: 600_000 },
  async () => {
    await fc.assert(fc.asyncProperty(story, keepsItsPromises), { numRuns: runsFor(2_000) });
    // Without drills that pass, nothing would have been said of those that may not.
    if (isWhole) expect(passed).toBeGreaterThan(20);
  },
);

let passed = 0;

const DRILL_ID = 'shop-20261120t030000z-0a1b2c';

async function keepsItsPromises(told: Story): Promise<void> {
  const { simulation, runbook } = await setUp(told);
  const { world } = simulation;
  const decoy = plantLookAlike(simulation);
  const state = await runThroughCrashes(simulation, told);

  expect(state.finished).toBe(true);
  for (const id of new Set(world.effects.map((effect) => effect.id))) {
    const created = world.effects.filter((effect) => effect.kind === 'created' && effect.id === id);
    expect(created.length, `${id} was created ${created.length} times`).toBeLessThanOrEqual(1);
  }
  expect(world.effects.map(({ id }) => id)).not.toContain(decoy.resource.id);
  expect(world.things.get(decoy.resource.id)).toBe(decoy);
  const there = [...world.things.values()].filter((thing) => thing !== decoy);
  const named = state.left.map(({ token }) => token);
  for (const { resource } of there) expect(named, `${resource.id} was left without a word`).toContain(resource.token);
  assertOrder(simulation, runbook);
  assertNothingAfterBrokenIsolation(simulation, told);
  assertFailClosed(simulation, runbook, told);
}

/** `passed` only if everything planned was restored, proven and checked, and nobody cut it short. */
function assertFailClosed({ disk }: Simulation, runbook: Runbook, told: Story): void {
  if (verdictOf(disk).verdict !== 'passed') return;
  passed += 1;
  expect(told.courses.every(({ end }) => end === 'ready')).toBe(true);
  expect([told.isolationHolds, told.sickChecks[0]]).toEqual([true, false]);
  const ended = disk.flatMap((event) => (event.type === 'step-succeeded' ? [event.step] : []));
  for (const { name } of runbook.restore) expect(ended).toContain(`restore:${name}`);
  const checked = disk.flatMap((event) =>
    event.type === 'check-judged' && event.judgement.outcome === 'passed' ? [event.step] : [],
  );
  for (const { id } of runbook.checks) expect(checked).toContain(`check:${id}`);
  expect(disk.filter((event) => event.type === 'drill-aborted' || event.type === 'step-failed')).toEqual([]);
}

const factsOf: RestoreFacts = {
  moment: { recoveryPointId: '', target: { kind: 'backup-end' } },
  dataMoments: [{ source: 'recovery-point', at: '2026-11-19T01:00:00.000Z', error: 0 }],
  engineVersion: '18.4',
  bytesRestored: 1,
  spans: [],
  settings: [],
  warnings: [],
};

async function setUp(told: Story): Promise<{ simulation: Simulation; runbook: Runbook }> {
  const names = told.courses.map((_, n) => `db${n}`);
  const restores = names.map((name, n) => aRestore(name, { needs: (told.needs[n] ?? []).map((m) => `db${m}`) }));
  const runbook = aRunbook(restores, { objectives: { rpo: { target: 172_800_000 } } });
  const clock = fakeClock();
  let calls = 0;
  const world = memoryWorld({
    listings: new Map(
      restores.map(({ source }) => [
        source,
        { points: [aRecoveryPoint(source, 'a', 1), aRecoveryPoint(source, 'b', 2)], unusable: [] },
      ]),
    ),
    courseOf: (name) => told.courses[names.indexOf(name)] ?? { takes: 0, end: 'ready', deaths: 0 },
    faultOf: () => told.faults[calls++] ?? { kind: 'none' },
    factsOf: (_name, recoveryPointId) => ({ ...factsOf, moment: { ...factsOf.moment, recoveryPointId } }),
    listedAfter: told.listedAfter,
    unremovable: new Set(told.unremovable === undefined ? [] : [`memory:${DRILL_ID}/restore:db${told.unremovable}`]),
    isolationHolds: told.isolationHolds,
  });
  const simulation: Simulation = {
    world,
    clock,
    disk: [],
    observe: (request) =>
      request.kind === 'sql' && told.sickChecks[0]
        ? { kind: 'sql', rows: 1, value: 3, population: 10 }
        : healthyObservation(request),
  };
  simulation.disk.push(await memoryJournal(clock).append(drillStarted(runbook)));
  return { simulation, runbook };
}

/** Something of production whose tags were copied, mark and all, from a resource of this very drill. */
function plantLookAlike({ world, clock }: Simulation): MemoryThing {
  const resource: Resource = {
    provider: 'memory',
    type: 'restore',
    id: 'memory:production',
    name: 'db0',
    token: `${DRILL_ID}/restore:db0`,
  };
  const mark = { drillId: DRILL_ID, expiresAt: '2026-11-20T05:00:00.000Z', proof: 'copied' };
  const thing: MemoryThing = {
    resource,
    mark,
    createdAt: clock.now(),
    course: { takes: 0, end: 'ready', deaths: 0 },
    startedAt: clock.now(),
    deathsLeft: 0,
    stagesLeft: 0,
    finishedCopies: 0,
  };
  world.things.set(resource.id, thing);
  return thing;
}

async function runThroughCrashes(simulation: Simulation, told: Story): Promise<DrillState> {
  let purpose: 'run' | 'resume' | 'teardown' = 'run';
  for (const { thenTeardown, ...crash } of told.crashes) {
    const abortAt = told.abortAt;
    const end = await simulate(simulation, { purpose, crash, ...(abortAt !== undefined && { abortAt }) });
    if (end.kind === 'ended') return end.state;
    purpose = thenTeardown ? 'teardown' : 'resume';
  }
  const abortAt = told.abortAt;
  const end = await simulate(simulation, { purpose, ...(abortAt !== undefined && { abortAt }) });
  if (end.kind === 'crashed') throw new Error('crashed without a crash point');
  return end.state;
}

/** A resource is begun only after everything it needs was ready. */
function assertOrder({ disk }: Simulation, runbook: Runbook): void {
  const seqOf = (type: string, step: string) =>
    disk.find((event) => event.type === type && 'step' in event && event.step === step)?.seq;
  for (const { name, needs } of runbook.restore) {
    const begun = seqOf('step-started', `restore:${name}`);
    if (begun === undefined) continue;
    for (const need of ['isolation', ...needs.map((one) => `connect:${one}`)]) {
      expect(seqOf('isolation-judged', need), `${name} began without ${need}`).toBeLessThan(begun);
    }
  }
}

function assertNothingAfterBrokenIsolation({ world }: Simulation, { isolationHolds }: Story): void {
  if (isolationHolds) return;
  const restored = world.effects.filter(({ kind, id }) => kind === 'created' && id.includes('restore:'));
  expect(restored).toEqual([]);
}
