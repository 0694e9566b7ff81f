import type { CloudWatchTarget, Objectives } from '../runbook/runbook.ts';

/** What alarms and a dashboard need to know of a runbook that publishes. */
export interface WatchedRunbook {
  readonly name: string;
  readonly objectives: Objectives;
  readonly resources: readonly string[];
  readonly target: CloudWatchTarget;
}
