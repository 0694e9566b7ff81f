import { expect, it } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import { type CoverageInput, coverageOf } from '../../src/history/coverage.ts';
import { summaryOfDrill } from '../../src/history/drill-summary.ts';
import { pointHistory } from '../../src/history/point-history.ts';
import { gatherPoints, seenByDrill } from '../../src/history/recorded-points.ts';
import { addMillis } from '../../src/support/time.ts';
import { STARTED_AT, aJournal, aPassedDrill, aShop } from '../support/journal-builder.ts';
import { aRecoveryPoint } from '../support/runbook-builder.ts';

const now = addMillis(STARTED_AT, 86_400_000);

/** Coverage of the shop after drills with these journals. */
function covered(journals: readonly (readonly DrillEvent[])[], change: Partial<CoverageInput> = {}, runbook = aShop()) {
  const gathering = gatherPoints();
  const drills = journals.flatMap((events, index) => {
    const summary = summaryOfDrill({ events });
    gathering.add(`shop-${index}`, seenByDrill(events));
    return summary ? [{ ...summary, folder: `shop-${index}` }] : [];
  });
  const points = pointHistory({ stored: gathering.stored(), drills, now });
  const [orders] = coverageOf(runbook, { drills, points, now, ...change }).resources;
  if (orders === undefined) throw new Error('the shop has a resource');
  return orders;
}

const refused = aJournal()
  .after(3_600_000)
  .started()
  .add({
    type: 'drill-refused',
    problems: [
      {
        code: 'select/no-recovery-point',
        message: "no recovery point of 'orders' can be drawn: its source holds none",
        hint: 'Mend the backups.',
        blames: 'environment',
      },
    ],
  })
  .finished().events;

it('tells which share of the points is proven, of those there now and of all that were seen', () => {
  const orders = covered([aPassedDrill().events]);
  expect(orders.present).toEqual({ points: 4, proven: 1, neverDrawn: ['orders-2', 'orders-8', 'orders-20'] });
  expect(orders.recorded).toEqual({ points: 4, proven: 1 });
  const live = new Map([
    ['orders', [aRecoveryPoint('/backups/orders', 'orders-14', 14), aRecoveryPoint('/backups/orders', 'new', 23)]],
  ]);
  expect(covered([aPassedDrill().events], { live }).present).toEqual({ points: 2, proven: 1, neverDrawn: ['new'] });
});

it('tells since when nothing at all can be drawn, until something is', () => {
  expect(covered([aPassedDrill().events, refused]).lacksPointsSince).toBe(refused[0]?.at);
  expect(covered([refused, aPassedDrill().events])).not.toHaveProperty('lacksPointsSince');
  expect(covered([], { live: new Map([['orders', []]]) }).lacksPointsSince).toBe(now);
  const live = new Map([['orders', [aRecoveryPoint('/backups/orders', 'new', 23)]]]);
  expect(covered([refused], { live })).not.toHaveProperty('lacksPointsSince');
});

it('tells why a proof is stale, and of a fresh one nothing', () => {
  const drill = [aPassedDrill().events];
  expect(covered(drill).stale).toEqual([]);
  expect(covered(drill, {}, aShop({ checks: aShop().checks.slice(1) })).stale).toEqual([
    'the runbook has changed since',
  ]);
  expect(covered(drill, {}, aShop({ objectives: { rto: { target: 2_000, until: 'verified' } } })).stale).toEqual([
    'the RTO is now 2 s, and 2.1 s was measured',
  ]);
  const newer = { ...aRecoveryPoint('/backups/orders', 'new', 23), engine: { name: 'postgres', version: '19' } };
  expect(covered(drill, { live: new Map([['orders', [newer]]]) }).stale).toEqual([
    'the engine is now postgres 19, and was postgres 18',
  ]);
});

it('says nothing of a resource that was never drilled', () => {
  expect(covered([])).toEqual({
    resource: 'orders',
    source: '/backups/orders',
    drills: 0,
    stale: [],
    present: { points: 0, proven: 0, neverDrawn: [] },
    recorded: { points: 0, proven: 0 },
  });
});
