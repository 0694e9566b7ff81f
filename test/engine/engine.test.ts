import { expect, test } from 'vitest';
import type { DrillStarted } from '../../src/drill/events.ts';
import { runEngine } from '../../src/engine/engine.ts';
import { JournalUnwritable } from '../../src/journal/journal.ts';
import { memoryJournal } from '../../src/journal/memory-journal.ts';
import { memoryProvider } from '../../src/providers/memory/memory-provider.ts';
import { type MemoryWorld, memoryWorld } from '../../src/providers/memory/memory-world.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aRecoveryPoint, aRestore, aRunbook } from '../support/runbook-builder.ts';
import type { ObservationRequest } from '../../src/probe/observation.ts';
import type { Provider } from '../../src/providers/provider.ts';
import {
  type Adapters,
  type Simulation,
  drillStarted,
  healthyObservation,
  resumeToTheEnd,
  simulate,
} from '../support/simulated-drill.ts';

const twoDatabases = aRunbook([aRestore('orders'), aRestore('billing', { needs: ['orders'] })]);

async function aSimulation(
  change: Partial<MemoryWorld> = {},
  runbook: Runbook = twoDatabases,
  started: Partial<DrillStarted> = {},
): Promise<Simulation> {
  const clock = fakeClock();
  const listings = new Map(
    runbook.restore.map(({ source }) => [source, { points: [aRecoveryPoint(source, 'a', 1)], unusable: [] }]),
  );
  const disk = [await memoryJournal(clock).append(drillStarted(runbook, started))];
  return { world: memoryWorld({ listings, ...change }), clock, disk, observe: healthyObservation };
}

/** What a drill came to, without anything that differs between an undisturbed run and a resumed one. */
function outcomeOf({ disk, world }: Simulation) {
  const judged = disk.flatMap((event) =>
    event.type === 'check-judged' ? [`${event.step} ${event.judgement.outcome}`] : [],
  );
  const left = disk.flatMap((event) => (event.type === 'teardown-finished' ? [event.left] : [])).at(-1);
  const created = world.effects.filter(({ kind }) => kind === 'created').map(({ id }) => id);
  return { judged: [...new Set(judged)].sort(), left, created: created.sort(), there: [...world.things.keys()] };
}

test('killed after every journal line and in every gap between an effect and its line, a resumed drill ends as an undisturbed one', async () => {
  const calls = { count: 0 };
  const undisturbed = await aSimulation();
  await simulate(undisturbed, { purpose: 'run', calls });
  const expected = outcomeOf(undisturbed);
  expect(expected.judged).toHaveLength(4);
  expect([expected.left, expected.there]).toEqual([[], []]);
  expect(calls.count).toBeGreaterThan(50);
  for (let call = 1; call <= calls.count; call += 1) {
    for (const when of ['before', 'after'] as const) {
      const simulation = await aSimulation();
      await simulate(simulation, { purpose: 'run', crash: { call, when } });
      const state = await resumeToTheEnd(simulation);
      expect(state.finished).toBe(true);
      expect(outcomeOf(simulation), `killed ${when} call ${call}`).toEqual(expected);
      const intents = simulation.disk.flatMap((event) => (event.type === 'step-started' ? [event.step] : []));
      expect(intents.length, `killed ${when} call ${call}`).toBe(new Set(intents).size);
    }
  }
});

test('an answer that is lost on each creating call in turn leads to one resource, and none is left', async () => {
  for (let lost = 1; lost <= 3; lost += 1) {
    let starts = 0;
    const faultOf = (call: string) => {
      if (call === 'start') starts += 1;
      return call === 'start' && starts === lost ? ({ kind: 'lost-answer' } as const) : ({ kind: 'none' } as const);
    };
    const simulation = await aSimulation({ faultOf });
    await resumeToTheEnd(simulation);
    const { created, there, left } = outcomeOf(simulation);
    expect([created.length, there, left]).toEqual([3, [], []]);
  }
});

test('a failed restore blocks only what needs it, and all other checks still run', async () => {
  const runbook = aRunbook([aRestore('orders'), aRestore('billing', { needs: ['orders'] }), aRestore('stock')]);
  const courseOf = (name: string) => ({
    takes: 1_000,
    end: name === 'orders' ? ('failed' as const) : ('ready' as const),
    deaths: 0,
  });
  const simulation = await aSimulation({ courseOf }, runbook);
  await resumeToTheEnd(simulation);
  expect(outcomeOf(simulation).judged).toEqual([
    'check:stock-accepts-logins passed',
    'check:stock-has-no-orphans passed',
  ]);
  expect(simulation.disk.some((event) => 'step' in event && event.step === 'restore:billing')).toBe(false);
});

test('integrity checks begin only when the smoke checks of their resource have ended', async () => {
  const simulation = await aSimulation();
  await resumeToTheEnd(simulation);
  const seq = (type: string, step: string) =>
    simulation.disk.find((event) => event.type === type && 'step' in event && event.step === step)?.seq ?? 0;
  expect(seq('step-started', 'check:orders-has-no-orphans')).toBeGreaterThan(
    seq('check-judged', 'check:orders-accepts-logins'),
  );
});

test('no more restores are under way at once than the runbook allows', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const runbook = aRunbook(names.map((name) => aRestore(name)));
  const simulation = await aSimulation({}, runbook);
  await resumeToTheEnd(simulation);
  let [underWay, most] = [0, 0];
  for (const event of simulation.disk) {
    if (event.type === 'step-started' && event.step.startsWith('restore:')) underWay += 1;
    if (event.type === 'step-succeeded' && event.step.startsWith('restore:')) underWay -= 1;
    most = Math.max(most, underWay);
  }
  expect(most).toBe(2);
});

test('a restore that takes too long fails by its deadline, and the drill is torn down', async () => {
  const courseOf = (name: string) => ({
    takes: 1_000,
    end: name === 'orders' ? ('stuck' as const) : ('ready' as const),
    deaths: 0,
  });
  const simulation = await aSimulation({ courseOf });
  await resumeToTheEnd(simulation);
  const failed = simulation.disk.find((event) => event.type === 'step-failed');
  expect(failed).toMatchObject({ step: 'restore:orders', problem: { code: 'drill/step-deadline' } });
  expect(outcomeOf(simulation).there).toEqual([]);
});

test("the drill's own deadline aborts it, and the sandbox's expiry does where that comes first", async () => {
  const courseOf = () => ({ takes: 1_000, end: 'stuck' as const, deaths: 0 });
  const limits = { concurrency: 2, drill: 60_000, restore: 10_000_000, check: 60_000, teardown: 600_000 };
  const late = await aSimulation({ courseOf }, { ...twoDatabases, limits });
  await resumeToTheEnd(late);
  expect(late.disk.find((event) => event.type === 'drill-aborted')).toMatchObject({ reason: 'deadline' });
  const expiring = await aSimulation({ courseOf }, { ...twoDatabases, limits: { ...limits, drill: 100_000_000 } });
  await resumeToTheEnd(expiring);
  expect(expiring.disk.find((event) => event.type === 'drill-aborted')).toMatchObject({ reason: 'expired' });
  expect([...outcomeOf(late).there, ...outcomeOf(expiring).there]).toEqual([]);
});

test('work that keeps dying is begun again a few times, as the same resource, then given up', async () => {
  const courses = (deaths: number) => () => ({ takes: 1_000, end: 'ready' as const, deaths });
  const recovering = await aSimulation({ courseOf: courses(2) });
  await resumeToTheEnd(recovering);
  expect(outcomeOf(recovering).judged).toHaveLength(4);
  const dying = await aSimulation({ courseOf: courses(9) });
  await resumeToTheEnd(dying);
  expect(dying.disk.find((event) => event.type === 'step-failed')).toMatchObject({
    problem: { code: 'restore/keeps-dying' },
  });
});

test('a restore in stages goes on with the next stage as the same resource, and is ready after the last', async () => {
  const staged = await aSimulation({ courseOf: () => ({ takes: 1_000, end: 'ready', deaths: 0, stages: 2 }) });
  await resumeToTheEnd(staged);
  const restores = staged.disk.filter((event) => 'step' in event && event.step.startsWith('restore:'));
  const [first] = restores.flatMap((event) => ('step' in event ? [event.step] : []));
  const lines = restores.filter((event) => 'step' in event && event.step === first).map(({ type }) => type);
  const stage = ['resource-created', 'stage-finished'];
  expect(lines).toEqual(['step-started', ...stage, ...stage, 'resource-created', 'step-succeeded']);
  expect(staged.world.effects.filter(({ kind }) => kind === 'created')).toHaveLength(3);
  expect(outcomeOf(staged).there).toEqual([]);
});

test('a removal that cannot begin yet is asked for again until it can', async () => {
  let refusals = 0;
  const faultOf = (call: string) => {
    if (call !== 'startRemoval' || refusals >= 30) return { kind: 'none' } as const;
    refusals += 1;
    return { kind: 'refused', class: 'transient' } as const;
  };
  const busy = await aSimulation({ faultOf });
  await resumeToTheEnd(busy);
  expect(refusals).toBe(30);
  expect(busy.disk.filter(({ type }) => type === 'removal-failed')).toEqual([]);
  expect([outcomeOf(busy).there, outcomeOf(busy).left]).toEqual([[], []]);
});

test('a provider that removes is told what the recovery points were taken from, so that it never removes that', async () => {
  const simulation = await aSimulation({}, aRunbook([aRestore('orders')]));
  const point = aRecoveryPoint('/backups/orders', 'a', 1);
  const rds = {
    type: 'manual',
    sourceResourceId: 'db-PRODUCTION',
    sourceIdentifier: 'orders',
    engine: 'postgres',
    engineVersion: '16.4',
    allocatedGib: 20,
    storageType: 'gp3',
    encrypted: false,
  } as const;
  const listings = new Map([['/backups/orders', { points: [{ ...point, rds }], unusable: [] }]]);
  const world = { ...simulation.world, listings };
  const told: (readonly string[])[] = [];
  const adapters = (): Adapters => {
    const provider = memoryProvider(world, simulation.clock);
    const startRemoval: Provider['startRemoval'] = async (resource, permit, signal) => {
      if (permit.kind === 'own-drill') told.push(permit.drill.sources);
      return provider.startRemoval(resource, permit, signal);
    };
    const observe = async (_: unknown, request: ObservationRequest) => Promise.resolve(healthyObservation(request));
    return { provider: { ...provider, startRemoval }, probe: { observe }, patience: { tries: 4, firstWait: 100 } };
  };
  await resumeToTheEnd({ ...simulation, world, adapters });
  expect(told).toEqual([['db-PRODUCTION'], ['db-PRODUCTION']]);
});

test('what a creating call has just made may be out of sight for a grace, and no longer', async () => {
  const hiddenFor = async (looks: number) => {
    const simulation = await aSimulation();
    const hidden = new Map<string, number>();
    const adapters = (): Adapters => {
      const provider = memoryProvider(simulation.world, simulation.clock);
      const look: Provider['look'] = async (resources, signal) => {
        const states = await provider.look(resources, signal);
        return states.map((state, index) => {
          const { id } = resources[index]!;
          hidden.set(id, (hidden.get(id) ?? 0) + 1);
          return hidden.get(id)! <= looks ? { kind: 'gone' } : state;
        });
      };
      const properties = { ...provider.properties, absenceGrace: 2_000 };
      const probe = {
        observe: async (_: unknown, request: ObservationRequest) => Promise.resolve(healthyObservation(request)),
      };
      return { provider: { ...provider, properties, look }, probe, patience: { tries: 4, firstWait: 100 } };
    };
    await resumeToTheEnd({ ...simulation, adapters });
    return simulation.disk.flatMap((event) => (event.type === 'step-failed' ? [event.problem.code] : []));
  };
  expect(await hiddenFor(5)).toEqual([]);
  expect(await hiddenFor(50)).toContain('restore/vanished');
});

test('a drill that was asked to is kept when it did not pass, until its expiry at most, and torn down when asked again', async () => {
  const sick = {
    observe: (request: Parameters<typeof healthyObservation>[0]) =>
      request.kind === 'sql'
        ? ({ kind: 'sql', rows: 1, value: 1, population: 3 } as const)
        : healthyObservation(request),
  };
  const kept: Simulation = { ...(await aSimulation({}, twoDatabases, { keepOnFailure: 100 * 3_600_000 })), ...sick };
  const state = await resumeToTheEnd(kept);
  expect(state.keptUntil).toBe('2026-11-20T05:00:00.000Z');
  expect(kept.world.things.size).toBe(3);
  await simulate(kept, { purpose: 'teardown' });
  expect(kept.world.things.size).toBe(0);
  const passed = await aSimulation({}, twoDatabases, { keepOnFailure: 3_600_000 });
  await resumeToTheEnd(passed);
  expect(passed.world.things.size).toBe(0);
});

test('when the journal cannot be written any more, nothing further is created and everything is torn down', async () => {
  for (let good = 2; good < 20; good += 1) {
    const simulation = await aSimulation({}, aRunbook([aRestore('orders')]));
    const { world, clock, disk } = simulation;
    const inner = memoryJournal(clock, [...disk]);
    let [lines, createdAtFailure] = [0, 0];
    const journal: typeof inner = {
      ...inner,
      append: async (event) => {
        lines += 1;
        if (lines < good) return inner.append(event);
        if (lines === good) createdAtFailure = world.effects.filter(({ kind }) => kind === 'created').length;
        throw new JournalUnwritable('disk');
      },
    };
    const state = await runEngine(
      {
        journal,
        provider: memoryProvider(world, clock),
        probe: { observe: async (_endpoint, request) => Promise.resolve(healthyObservation(request)) },
        clock,
        sha256Hex,
        bootId: 'boot',
        timesDrawn: async () => Promise.resolve({}),
        readManifest: async () => Promise.reject(new Error('none')),
        observer: { event: () => {}, progress: () => {} },
      },
      { purpose: 'run', abort: new AbortController().signal, settleWithin: 10_000 },
    );
    expect(state.finished).toBe(true);
    expect([...world.things.keys()]).toEqual([]);
    expect(world.effects.filter(({ kind }) => kind === 'created').length).toBe(createdAtFailure);
  }
});

test('what a removal does not remove is named as left, and a later teardown removes it', async () => {
  const unremovable = new Set(['memory:shop-20261120t030000z-0a1b2c/restore:orders']);
  const simulation = await aSimulation({ unremovable });
  const state = await resumeToTheEnd(simulation);
  expect(state.left.map(({ name }) => name)).toContain('orders');
  unremovable.clear();
  const end = await simulate(simulation, { purpose: 'teardown' });
  expect(end.kind === 'ended' && end.state.left).toEqual([]);
  expect(simulation.world.things.size).toBe(0);
});

test('an interrupted drill stops its restores at once and tears down, the sandbox last', async () => {
  const courseOf = () => ({ takes: 1_000, end: 'stuck' as const, deaths: 0 });
  const simulation = await aSimulation({ courseOf }, aRunbook([aRestore('orders'), aRestore('billing')]));
  await simulate(simulation, { purpose: 'run', abortAt: 40 });
  const at = (type: string) => Date.parse(simulation.disk.find((event) => event.type === type)?.at ?? '');
  expect(at('teardown-started') - at('drill-aborted')).toBeLessThan(1_000);
  const removals = simulation.world.effects.filter(({ kind }) => kind === 'removal-started').map(({ id }) => id);
  expect(removals).toHaveLength(3);
  expect(removals.at(-1)).toMatch(/\/sandbox$/);
});

test('an error of drillbook itself ends a drill, but what it made is removed before', async () => {
  const bug = new TypeError('nobody thought of this');
  const observe = () => {
    throw bug;
  };
  const simulation = { ...(await aSimulation()), observe };
  await expect(simulate(simulation, { purpose: 'run' })).rejects.toBe(bug);
  expect([...simulation.world.things.keys()]).toEqual([]);
  const ends = simulation.disk.flatMap((event) => {
    if (event.type === 'drill-aborted') return [event.reason];
    return event.type === 'teardown-finished' || event.type === 'drill-finished' ? [event.type] : [];
  });
  expect(ends).toEqual(['bug', 'teardown-finished', 'drill-finished']);
});
