import { describe, expect, it } from 'vitest';
import { confidenceOfDraws } from '../../src/history/confidence.ts';
import { summaryOfDrill } from '../../src/history/drill-summary.ts';
import type { DrillStarted } from '../../src/drill/events.ts';
import { A_PROBLEM, type JournalBuilder, aJournal, aShop } from '../support/journal-builder.ts';

function drawn(
  make: (journal: JournalBuilder) => JournalBuilder,
  change: Partial<DrillStarted> = {},
  strategy = 'random',
) {
  const journal = aJournal(aShop()).started(change);
  journal.planned((plan) => ({
    ...plan,
    resources: plan.resources.map((one) => ({ ...one, draw: { ...one.draw, strategy } })),
  }));
  const drill = summaryOfDrill({ events: make(journal.sandboxed()).events });
  const resource = drill?.resources[0];
  if (drill === undefined || resource === undefined) throw new Error('a drill of a shop has a resource');
  return { drill, resource };
}

const passes = (journal: JournalBuilder) => journal.restored().checked().tornDown().finished();

describe('the confidence that draws give', () => {
  it('counts only random draws by a seed that nobody chose', () => {
    const draws = [
      drawn(passes),
      drawn(passes, { seedChosen: true }),
      drawn(passes, {}, 'latest'),
      drawn(passes, {}, 'least-tested'),
    ];
    expect(confidenceOfDraws(draws)).toMatchObject({ passed: 1, draws: 1 });
  });

  it('takes what is inconclusive, failed, unfinished or of a changed journal as not passed', () => {
    const draws = [
      drawn(passes),
      drawn((journal) => journal.restoreFailed(A_PROBLEM).tornDown().finished()),
      drawn((journal) =>
        journal
          .restored()
          .checked({ 'orders-has-no-orphans': { outcome: 'errored' } })
          .tornDown()
          .finished(),
      ),
      drawn((journal) =>
        journal
          .restored()
          .checked({ 'orders-has-no-orphans': { outcome: 'failed' } })
          .tornDown()
          .finished(),
      ),
      drawn((journal) => journal),
    ];
    expect(confidenceOfDraws(draws)).toMatchObject({ passed: 1, draws: 5 });
    const changed = draws.map(({ drill, resource }) => ({ drill: { ...drill, trusted: false }, resource }));
    expect(confidenceOfDraws(changed)).toMatchObject({ passed: 0, draws: 5 });
  });

  it('is not lowered by a miss of the RTO: the recovery point did restore', () => {
    const slow = aShop({ objectives: { rto: { target: 1, until: 'verified' } } });
    const events = aJournal(slow).started().planned().sandboxed().restored().checked().tornDown().finished().events;
    const drill = summaryOfDrill({ events });
    expect(drill?.verdict).toBe('failed');
    expect(drill?.resources[0]?.outcome).toBe('passed');
  });
});
