import { expect, test } from 'vitest';
import type { Problem } from '../../src/diagnostics/problem.ts';
import { recordOf } from '../../src/drill/record.ts';
import { verdictOf } from '../../src/drill/verdict.ts';
import { memoryJournal } from '../../src/journal/memory-journal.ts';
import { type Fault, type MemoryWorld, memoryWorld } from '../../src/providers/memory/memory-world.ts';
import { problemsOf } from '../../src/report/build-problems.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aRecoveryPoint, aRestore, aRunbook } from '../support/runbook-builder.ts';
import { type Simulation, drillStarted, healthyObservation, resumeToTheEnd } from '../support/simulated-drill.ts';

async function aSimulation(change: Partial<MemoryWorld>): Promise<Simulation> {
  const clock = fakeClock();
  const runbook = aRunbook([aRestore('orders')]);
  const listings = new Map(
    runbook.restore.map(({ source }) => [source, { points: [aRecoveryPoint(source, 'a', 1)], unusable: [] }]),
  );
  const disk = [await memoryJournal(clock).append(drillStarted(runbook))];
  return { world: memoryWorld({ listings, ...change }), clock, disk, observe: healthyObservation };
}

function problem(code: string): Problem {
  return { code, message: 'there is no room', hint: 'Make room.', blames: 'environment' };
}

/** Each call of the look ahead meets the next of these, and then none. */
function faultsOfPreflight(...faults: readonly Fault[]): MemoryWorld['faultOf'] {
  const left = [...faults];
  return (call) => (call === 'preflight' ? left.shift() : undefined) ?? { kind: 'none' };
}

function stepsDone({ disk }: Simulation): readonly string[] {
  return disk.flatMap((event) => (event.type === 'step-succeeded' ? [event.step] : []));
}

test('a plan that the look ahead refuses ends inconclusive, and nothing is made', async () => {
  const refusals = [problem('preflight/one'), problem('preflight/other')];
  const simulation = await aSimulation({ preflight: { refusals, warnings: [problem('preflight/warned')] } });
  await resumeToTheEnd(simulation);
  expect(simulation.disk.find(({ type }) => type === 'drill-refused')).toMatchObject({ problems: refusals });
  expect(verdictOf(simulation.disk).verdict).toBe('inconclusive');
  expect(simulation.world.effects).toEqual([]);
});

test('a warning of the look ahead stops nothing and is told in the report', async () => {
  const warnings = [problem('preflight/warned')];
  const simulation = await aSimulation({ preflight: { refusals: [], warnings } });
  await resumeToTheEnd(simulation);
  expect(stepsDone(simulation)).toContain('restore:orders');
  expect(problemsOf(recordOf(simulation.disk))).toContainEqual({ ...warnings[0], warning: true });
});

test('a look ahead that finds nothing leaves no trace of itself in the plan', async () => {
  const simulation = await aSimulation({});
  await resumeToTheEnd(simulation);
  expect(simulation.disk.find(({ type }) => type === 'plan-made')).not.toHaveProperty('warnings');
});

test('a look ahead that fails for a moment is taken again', async () => {
  const faultOf = faultsOfPreflight({ kind: 'refused', class: 'transient' }, { kind: 'lost-answer' });
  const simulation = await aSimulation({ faultOf });
  await resumeToTheEnd(simulation);
  expect(stepsDone(simulation)).toContain('restore:orders');
});

test('a look ahead that is denied refuses the drill', async () => {
  const simulation = await aSimulation({ faultOf: faultsOfPreflight({ kind: 'refused', class: 'denied' }) });
  await resumeToTheEnd(simulation);
  const refused = simulation.disk.find(({ type }) => type === 'drill-refused');
  expect(refused).toMatchObject({ problems: [{ code: 'memory/denied' }] });
  expect(simulation.world.effects).toEqual([]);
});
