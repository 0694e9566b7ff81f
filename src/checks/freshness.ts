import type { DataMoment } from '../providers/resource.ts';
import type { FreshnessCheck } from '../runbook/check-spec.ts';
import { type Instant, type Millis, addMillis, epochMillisOf, millisBetween } from '../support/time.ts';
import type { CheckContext, CheckKind } from './check.ts';
import { notAsked, notObserved } from './judgements.ts';

/** How far apart the clocks of the source and of its backup may be. */
const CLOCK_ERROR: Millis = 60_000;

/** The newest business timestamp lies close enough before the recovery point. It tells how old the data is. */
export const freshnessCheck: CheckKind<FreshnessCheck> = {
  prepare({ database, query }) {
    return { kind: 'freshness', database, query };
  },
  judge({ within }, observation, context) {
    const oldest = addMillis(context.capturedAt, -within);
    const expected = `data of ${oldest} or later`;
    if (observation.kind !== 'freshness') return notAsked(observation, expected);
    const { newestAt, observedAt } = observation;
    if (newestAt === undefined) {
      return { outcome: 'failed', observed: 'no timestamp', expected, because: 'the query gave no row or null' };
    }
    const latest = latestPossible(context, observedAt);
    if (latest !== undefined && millisBetween(latest, newestAt) > CLOCK_ERROR)
      return inTheFuture(newestAt, latest, expected);
    const seen = { observed: newestAt, expected, dataMoment: dataMomentOf(newestAt, latest) };
    return epochMillisOf(newestAt) >= epochMillisOf(oldest)
      ? { ...seen, outcome: 'passed' }
      : { ...seen, outcome: 'failed', because: 'the newest timestamp lies too far before the recovery point' };
  },
};

/** Data cannot be newer than the moment that was restored; a replay to the archive's end, not newer than the look at it. */
function latestPossible({ restored, capturedAt }: CheckContext, observedAt: Instant | undefined): Instant | undefined {
  if (restored.target.kind === 'time') return restored.target.time;
  return restored.target.kind === 'backup-end' ? capturedAt : observedAt;
}

function dataMomentOf(newestAt: Instant, latest: Instant | undefined): DataMoment {
  const ahead = latest === undefined ? 0 : millisBetween(latest, newestAt);
  if (latest !== undefined && ahead > 0) return { source: 'query', at: latest, error: ahead };
  return { source: 'query', at: newestAt, error: 1 };
}

/** A moment that lies ahead says nothing about how fresh data is, and would do so for ever. */
function inTheFuture(newestAt: Instant, latest: Instant, expected: string) {
  const problem = {
    code: 'check/timestamp-in-future',
    message: `the newest timestamp ${newestAt} lies after ${latest}, the latest moment that the restored data can have`,
    hint: 'Ask for a column that is set when a row is written, e.g. created_at.',
    blames: 'environment' as const,
  };
  return { ...notObserved(problem, expected), observed: newestAt };
}
