import type { RdsRecoveryPoint, RecoveryPoint } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { Plan, PlannedResource } from '../../../plan/plan.ts';
import type { RdsRestore } from '../../../runbook/restore-spec.ts';
import type { AwsContext } from '../aws-context.ts';

/** One thing that a look ahead found. `refusal`: the drill would come to nothing. `warning`: it may yet go well. */
export interface Finding {
  readonly weight: 'refusal' | 'warning';
  readonly problem: Problem;
}

/** What a look ahead needs. */
export interface LookAhead {
  readonly plan: Plan;
  readonly context: AwsContext;
  readonly signal: AbortSignal;
}

/** A resource of a plan that RDS is to restore. */
export interface PlannedRds extends PlannedResource {
  readonly spec: RdsRestore;
  readonly point: RecoveryPoint & { readonly rds: RdsRecoveryPoint };
}

/** The resources of a plan on AWS, all of which are of RDS. */
export function plannedRds({ resources }: Plan): readonly PlannedRds[] {
  return resources.map((resource) => {
    const { spec, point } = resource;
    if (spec.kind !== 'rds' || point.rds === undefined) throw new Error(`'${spec.name}' is not restored on RDS`);
    return { ...resource, spec, point: { ...point, rds: point.rds } };
  });
}

/** The drill would come to nothing. */
export function refusal(code: `preflight/${string}`, message: string, hint: string): Finding {
  return { weight: 'refusal', problem: { code, message, hint, blames: 'environment' } };
}

/** The drill may yet go well. */
export function warning(code: `preflight/${string}`, message: string, hint: string): Finding {
  return { ...refusal(code, message, hint), weight: 'warning' };
}
