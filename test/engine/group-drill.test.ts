import { expect, test } from 'vitest';
import type { RecoveryPoint } from '../../src/catalog/recovery-point.ts';
import { verdictOf } from '../../src/drill/verdict.ts';
import { memoryJournal } from '../../src/journal/memory-journal.ts';
import { type MemoryWorld, memoryWorld } from '../../src/providers/memory/memory-world.ts';
import { buildReport } from '../../src/report/build-report.ts';
import { summaryOfDrill } from '../../src/history/drill-summary.ts';
import { confidenceOfDraws } from '../../src/history/confidence.ts';
import type { PostgresRestore } from '../../src/runbook/restore-spec.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aRecoveryPoint, aRestore, aRunbook } from '../support/runbook-builder.ts';
import { type Simulation, drillStarted, healthyObservation, resumeToTheEnd } from '../support/simulated-drill.ts';

const HOUR = 3_600_000;

interface Shop {
  readonly maxSkew?: number;
  readonly uploads?: readonly number[];
  readonly spec?: Partial<PostgresRestore>;
  readonly world?: Partial<MemoryWorld>;
}

/** A drill of orders and its uploads, each with a point an hour, to its end. */
async function drilled({
  maxSkew = HOUR + 5_000,
  uploads = [0, 6, 12, 18],
  spec = {},
  world = {},
}: Shop): Promise<Simulation> {
  const clock = fakeClock();
  const groups = [{ name: 'shop', of: ['orders', 'uploads'], maxSkew }];
  const runbook = aRunbook([aRestore('orders'), aRestore('uploads', spec)], { groups, objectives: {} });
  const points = (name: string, hours: readonly number[]): RecoveryPoint[] =>
    hours.map((hour) => aRecoveryPoint(`/backups/${name}`, `${name}-${hour}`, hour));
  const listings = new Map([
    ['/backups/orders', { points: points('orders', [1, 7, 13, 19]), unusable: [] }],
    ['/backups/uploads', { points: points('uploads', uploads), unusable: [] }],
  ]);
  const disk = [await memoryJournal(clock).append(drillStarted(runbook, { seedChosen: false }))];
  const simulation = { world: memoryWorld({ listings, ...world }), clock, disk, observe: healthyObservation };
  await resumeToTheEnd(simulation);
  return simulation;
}

function groupsIn({ disk }: Simulation) {
  return buildReport(disk, { tool: '0.1.0' }).groups;
}

test('a group whose restored data lies together passes, and the report says how far apart it lies', async () => {
  const simulation = await drilled({});
  expect(verdictOf(simulation.disk)).toMatchObject({
    verdict: 'passed',
    because: expect.stringContaining("group 'shop' is of one moment") as string,
  });
  expect(groupsIn(simulation)).toMatchObject([
    { name: 'shop', outcome: 'met', limitSeconds: 3_605, measuredSeconds: 3_600, errorSeconds: 1 },
  ]);
});

test('a group whose backups never fit together is warned of, restored all the same, and has failed', async () => {
  const simulation = await drilled({ maxSkew: HOUR - 5_000 });
  const plan = simulation.disk.find((event) => event.type === 'plan-made');
  expect(plan?.warnings).toMatchObject([{ code: 'plan/skew-expected' }]);
  expect(plan?.plan.groups).toMatchObject([{ name: 'shop', expectedSkew: HOUR }]);
  expect(verdictOf(simulation.disk)).toMatchObject({
    verdict: 'failed',
    because: "The data of group 'shop' is not of one moment: it lies 3600 s apart, at most 3595 s are allowed.",
  });
  expect(groupsIn(simulation)).toMatchObject([{ outcome: 'missed' }]);
});

test('a group of which a resource could not be restored is unmeasured, so the drill is inconclusive', async () => {
  const courseOf = (name: string) =>
    ({ takes: 1_000, end: name === 'uploads' ? 'stuck' : 'ready', deaths: 0 }) as const;
  const simulation = await drilled({ world: { courseOf } });
  expect(groupsIn(simulation)).toMatchObject([{ outcome: 'unmeasured', because: "'uploads' was not restored" }]);
  const { verdict, gaps } = verdictOf(simulation.disk);
  expect(verdict).toBe('inconclusive');
  expect(gaps).toContain("it is unmeasured how far apart the data of group 'shop' lies: 'uploads' was not restored");
});

test('a group with a moment that nobody can know beforehand is refused before anything is made', async () => {
  const recoveryPoint = { pick: { kind: 'random' }, to: { kind: 'latest' } } as const;
  const simulation = await drilled({ spec: { recoveryPoint } });
  expect(simulation.disk.find(({ type }) => type === 'drill-refused')).toMatchObject({
    problems: [{ code: 'select/moment-unknown' }],
  });
  expect(simulation.world.effects).toEqual([]);
});

test('only the draw of the anchor counts as a random one', async () => {
  const { disk } = await drilled({});
  const drill = summaryOfDrill({ events: disk });
  if (drill === undefined) throw new Error('the journal has its beginning');
  const countOf = (name: string) =>
    confidenceOfDraws(drill.resources.filter((one) => one.name === name).map((resource) => ({ drill, resource })));
  expect(countOf('orders')).toMatchObject({ passed: 1, draws: 1 });
  expect(countOf('uploads')).toBeUndefined();
});
