import { selectRecoveryPoint, usesHistory } from '../catalog/selection.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { DrillStarted, NewEvent } from '../drill/events.ts';
import { type DrawnPoint, buildPlan } from '../plan/build-plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
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
  const { runbook, drillId, at } = started;
  const draws = await Promise.all(runbook.restore.map(async (spec) => drawFor(spec, started, ports, signal)));
  const problems = draws.flatMap((draw) => ('problem' in draw ? [draw.problem] : []));
  if (problems.length > 0) return { kind: 'refused', problems };
  const drawn = draws.flatMap((draw) => ('problem' in draw ? [] : [draw]));
  const plan = buildPlan({ drillId, runbook, startedAt: at, drawn, sha256Hex: ports.sha256Hex });
  return lookAhead(plan, ports.provider, signal);
}

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

async function drawFor(
  spec: RestoreSpec,
  { seed, at }: DrillStarted & { readonly at: Instant },
  { provider, sha256Hex, timesDrawn }: Pick<EnginePorts, 'provider' | 'sha256Hex' | 'timesDrawn'>,
  signal: AbortSignal,
): Promise<DrawnPoint | { readonly problem: Problem }> {
  try {
    const listing = await provider.listRecoveryPoints(spec, signal);
    // The RTO clock runs: nobody is asked for what is not needed.
    const history = usesHistory(spec.recoveryPoint.pick) ? await timesDrawn(spec.source) : {};
    const selection = selectRecoveryPoint({ spec, listing, seed, startedAt: at, timesDrawn: history, sha256Hex });
    return selection.kind === 'none' ? { problem: selection.problem } : { spec, ...selection };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: provider.classify(error).problem };
  }
}
