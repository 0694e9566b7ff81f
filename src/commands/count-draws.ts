import type { DrillEvent } from '../drill/events.ts';
import { ofType } from '../drill/record.ts';
import { confidencesOf } from '../history/coverage.ts';
import type { Journal } from '../journal/journal.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { openHistory } from './drill-history.ts';

export interface Counting {
  /** The drill's, still open. */
  readonly journal: Journal;
  readonly runbook: Runbook;
  /** The folder of all drills. */
  readonly reports: string;
  readonly onEvent: (event: DrillEvent) => void;
}

/**
 * Journals, once, what all random draws of a finished drill's resources have shown by now. After the teardown, since
 * earlier drills are many; and whatever keeps it from being known keeps nothing else.
 */
export async function countDraws(events: readonly DrillEvent[], counting: Counting): Promise<void> {
  const { journal, runbook, reports, onEvent } = counting;
  const isDue = ofType(events, 'drill-finished').length > 0 && ofType(events, 'draws-counted').length === 0;
  // What a full disk has kept from the journal must not be missing before this line.
  if (!isDue || events.some(({ prev }) => prev === '')) return;
  const history = await openHistory(reports).catch(() => undefined);
  if (history === undefined) return;
  const resources = [...confidencesOf(runbook, history.drills)].map(([resource, { passed, draws }]) => ({
    resource,
    passed,
    draws,
  }));
  if (resources.length === 0) return;
  const kept = await journal.append({ type: 'draws-counted', resources }).catch(() => undefined);
  if (kept) onEvent(kept);
}
