import { type ListedResource, anchorOf, selectRecoveryPoints, unknownMoments } from '../catalog/group-selection.ts';
import { usesHistory } from '../catalog/selection.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { DrillStarted, NewEvent } from '../drill/events.ts';
import { type DrawnPoint, buildPlan } from '../plan/build-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { skewWarnings } from '../plan/planned-groups.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { ConsistencyGroup } from '../runbook/runbook.ts';
import type { Instant } from '../support/time.ts';
import type { Performance } from './performance.ts';
import type { EnginePorts } from './ports.ts';

/** Lists every source, draws a recovery point for each resource and makes the plan; it is made once and journaled. */
export async function performSelect({ ports, state, signal }: Performance): Promise<readonly NewEvent[]> {
  if (state.started === undefined) throw new Error('a selection before the start');
  const made = await planDrill(state.started, ports, signal).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (made === undefined || signal.aborted) return [];
  return made.kind === 'planned'
    ? [{ type: 'plan-made', plan: made.plan, ...(made.warnings.length > 0 && { warnings: made.warnings }) }]
    : [{ type: 'drill-refused', problems: made.problems }];
}

export type Planning =
  | { readonly kind: 'planned'; readonly plan: Plan; readonly warnings: readonly Problem[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** What a drill that starts like this would do. Reads only. Throws only when `signal` aborts, or for a bug. */
export async function planDrill(
  started: DrillStarted & { readonly at: Instant },
  ports: Pick<EnginePorts, 'provider' | 'sha256Hex' | 'timesDrawn'>,
  signal: AbortSignal,
): Promise<Planning> {
  const { runbook, drillId, seed, at } = started;
  const { restore, groups = [] } = runbook;
  const listed = await Promise.all(restore.map(async (spec) => listFor(spec, groups, ports, signal)));
  const resources = listed.flatMap((one) => ('problem' in one ? [] : [one]));
  const { sha256Hex } = ports;
  const selections = selectRecoveryPoints({ resources, groups, seed, startedAt: at, sha256Hex });
  const drawn = restore.flatMap((spec): readonly DrawnPoint[] => {
    const selection = selections.get(spec.name);
    return selection?.kind === 'drawn' ? [{ spec, ...selection }] : [];
  });
  const problems: Problem[] = [
    ...unknownMoments(restore, groups),
    ...listed.flatMap((one) => ('problem' in one ? [one.problem] : [])),
    ...[...selections.values()].flatMap((one) => (one.kind === 'none' ? [one.problem] : [])),
  ];
  if (started.proveChecks === true && ports.provider.damager === undefined) problems.push(NO_DAMAGER);
  if (problems.length > 0) return { kind: 'refused', problems };
  const { proveChecks = false } = started;
  const plan = buildPlan({ drillId, runbook, startedAt: at, drawn, proveChecks, sha256Hex });
  const planning = await lookAhead(plan, ports.provider, signal);
  if (planning.kind === 'refused') return planning;
  return { ...planning, warnings: [...skewWarnings(plan), ...planning.warnings] };
}

const NO_DAMAGER: Problem = {
  code: 'prove/not-offered',
  message: 'checks cannot be proven able to fail where this runbook restores: no copy can be damaged there',
  hint: 'Leave --prove-checks out, or prove the checks with a restore of the same kind on this machine.',
  blames: 'environment',
};

/** A plan that would come to nothing is refused while nothing is made yet. */
async function lookAhead(plan: Plan, provider: EnginePorts['provider'], signal: AbortSignal): Promise<Planning> {
  try {
    const { refusals = [], warnings = [] } = (await provider.preflight?.(plan, signal)) ?? {};
    return refusals.length > 0 ? { kind: 'refused', problems: refusals } : { kind: 'planned', plan, warnings };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'refused', problems: [provider.classify(error).problem] };
  }
}

async function listFor(
  spec: RestoreSpec,
  groups: readonly ConsistencyGroup[],
  { provider, timesDrawn }: Pick<EnginePorts, 'provider' | 'timesDrawn'>,
  signal: AbortSignal,
): Promise<ListedResource | { readonly problem: Problem }> {
  try {
    const listing = await provider.listRecoveryPoints(spec, signal);
    // The RTO clock runs: nobody is asked for what is not needed.
    const isAsked = usesHistory(spec.recoveryPoint.pick) && anchorOf(spec.name, groups) === undefined;
    return { spec, listing, timesDrawn: isAsked ? await timesDrawn(spec.source) : {} };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: provider.classify(error).problem };
  }
}
