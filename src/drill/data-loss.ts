import type { DataMoment } from '../providers/resource.ts';
import type { PlannedResource } from '../plan/plan.ts';
import { type Instant, type Millis, millisBetween } from '../support/time.ts';
import { type DrillRecord, checksOf, factsOf, judgementOf, restoreEndOf } from './record.ts';

/** What one resource would have lost in the disaster that its recovery point is measured against. */
export interface MeasuredLoss {
  readonly resource: string;
  readonly disasterAt?: { readonly at: Instant; readonly source: string };
  /** Whether the disaster is the drill's own start, and so depends on the controller's clock. */
  readonly isFromStart: boolean;
  /** Up to when data is known to be there; absent where nothing was restored. */
  readonly dataMoment?: DataMoment;
  /** From the data moment to the disaster; negative where the data is newer. */
  readonly loss?: Millis;
  /** Both ends of the figure, in words. */
  readonly source: string;
}

/**
 * The loss of every planned resource, each against its own disaster.
 *
 * A disaster that the runbook or `--disaster-at` names is the same for all. Without one, every point is measured
 * against the worst moment at which it would have been the one to use: points are drawn independently, so one
 * resource's worst moment says nothing about another's.
 */
export function lossesOf(record: DrillRecord): readonly MeasuredLoss[] {
  return (record.plan?.resources ?? []).map((planned) => lossOf(record, planned));
}

function lossOf(record: DrillRecord, planned: PlannedResource): MeasuredLoss {
  const resource = planned.spec.name;
  const disaster = disasterOf(record, planned);
  const dataMoment = dataMomentOf(record, planned);
  const ends = [dataMoment && wordsOf(dataMoment), disaster && `disaster: ${disaster.source}`];
  return {
    resource,
    isFromStart: disaster?.isFromStart ?? false,
    source: ends.filter((words) => words !== undefined).join('; '),
    ...(disaster && { disasterAt: { at: disaster.at, source: disaster.source } }),
    ...(dataMoment && { dataMoment }),
    ...(disaster && dataMoment && { loss: millisBetween(dataMoment.at, disaster.at) }),
  };
}

function disasterOf(
  { started }: DrillRecord,
  { spec, point, supersededAt }: PlannedResource,
): { at: Instant; source: string; isFromStart: boolean } | undefined {
  if (started?.disasterAt !== undefined) {
    return { at: started.disasterAt, source: "named by '--disaster-at'", isFromStart: false };
  }
  if (started?.runbook.disasterAt !== undefined) {
    return { at: started.runbook.disasterAt, source: 'named by the runbook', isFromStart: false };
  }
  if (supersededAt !== undefined) {
    const source = `the recovery point after '${point.id}' of '${spec.name}' became available`;
    return { at: supersededAt, source, isFromStart: false };
  }
  return started && { at: started.at, source: 'the start of the drill', isFromStart: true };
}

const BEST_FIRST: readonly DataMoment['source'][] = ['query', 'last-replayed-transaction', 'recovery-point'];

/**
 * The data moment of the best source there is. Freshness checks that passed give the `query` moments; of several moments
 * of one source the oldest counts, since the check behind it was written to be held.
 */
function dataMomentOf(record: DrillRecord, { spec, point }: PlannedResource): DataMoment | undefined {
  if (restoreEndOf(record, spec.name)?.type !== 'step-succeeded') return undefined;
  const ofQueries = checksOf(record).flatMap((check) => {
    const judged = check.of === spec.name ? judgementOf(record, check)?.judgement : undefined;
    return judged?.outcome === 'passed' && judged.dataMoment ? [judged.dataMoment] : [];
  });
  const ofRestore = factsOf(record, spec.name)?.dataMoments ?? [];
  const ofPoint: DataMoment = { source: 'recovery-point', at: point.capturedAt, error: 0 };
  const found = [...ofQueries, ...ofRestore];
  const known = found.length === 0 ? [ofPoint] : found;
  const best = BEST_FIRST.find((source) => known.some((moment) => moment.source === source));
  return known
    .filter(({ source }) => source === best)
    .reduce<DataMoment | undefined>((oldest, one) => (oldest && oldest.at <= one.at ? oldest : one), undefined);
}

/** Where a data moment was read, in words. */
export function wordsOf({ source }: Pick<DataMoment, 'source'>): string {
  switch (source) {
    case 'query':
      return 'newest data that a freshness check found';
    case 'last-replayed-transaction':
      return "the engine's last replayed transaction";
    case 'recovery-point':
      return "the recovery point's own time";
    default:
      return source satisfies never;
  }
}
