import { formatSeconds } from '../report/format.ts';
import type { Objectives } from '../runbook/runbook.ts';
import type { Millis } from '../support/time.ts';
import type { DrillSummary, ObjectiveSummary, ResourceSummary } from './drill-summary.ts';

/** A drill that verified a resource. */
export interface ProvenDrill {
  readonly drill: DrillSummary;
  readonly resource: ResourceSummary;
}

/** What holds of a resource now. */
export interface Present {
  /** Digest of what its runbook restores and checks. */
  readonly proves: string;
  readonly objectives: Objectives;
  /** Name and version of the engine of its newest recovery point, as far as it is known. */
  readonly engine?: string;
}

/**
 * Why a proof says less than it did, as phrases: the runbook restores or checks something else, its objectives ask for
 * more than that drill measured, or the engine has another version.
 */
export function staleReasons({ drill, resource }: ProvenDrill, now: Present): readonly string[] {
  const { rto, rpo } = now.objectives;
  const was = resource.point?.engine;
  return [
    ...(drill.proves === now.proves ? [] : ['the runbook has changed since']),
    ...tightened('RTO', drill.rto, rto?.target),
    ...tightened('RPO', drill.rpo, rpo?.target),
    ...(now.engine === undefined || was === undefined || was === now.engine
      ? []
      : [`the engine is now ${now.engine}, and was ${was}`]),
  ];
}

/** A drill's file may ask for something else than its runbook: what counts is the figure, not what it was held to. */
function tightened(name: string, { measured }: ObjectiveSummary, target: Millis | undefined): readonly string[] {
  if (target === undefined) return [];
  const now = `the ${name} is now ${formatSeconds(target / 1_000)}`;
  if (measured === undefined) return [`${now}, and was not measured`];
  return measured * 1_000 <= target ? [] : [`${now}, and ${formatSeconds(measured)} was measured`];
}
