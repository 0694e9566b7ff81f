import type { Draw, RecoveryPoint } from '../catalog/recovery-point.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { CutoverSpec, Runbook } from '../runbook/runbook.ts';
import { type Instant, addMillis } from '../support/time.ts';
import { plannedGroups } from './planned-groups.ts';
import { proofSteps } from './proof-steps.ts';
import type { Plan, PlannedResource, SandboxPlan, Step } from './plan.ts';

/** A resource and the recovery point drawn for it. */
export interface DrawnPoint {
  readonly spec: RestoreSpec;
  readonly point: RecoveryPoint;
  readonly draw: Draw;
  readonly successorAvailableAt?: Instant;
}

export interface PlanInput {
  readonly drillId: string;
  readonly runbook: Runbook;
  readonly startedAt: Instant;
  readonly drawn: readonly DrawnPoint[];
  /** Whether checks are to be proven able to fail, after a pass. */
  readonly proveChecks?: boolean;
  /** SHA-256 of UTF-8 text as lower-case hex. */
  readonly sha256Hex: (text: string) => string;
}

/** The steps of a drill in an order in which they could run one by one: sandbox, isolation, then a branch a resource. */
export function buildPlan({ drillId, runbook, startedAt, drawn, proveChecks, sha256Hex }: PlanInput): Plan {
  const steps = stepsOf(runbook);
  const groups = plannedGroups(runbook, drawn);
  const plan: Omit<Plan, 'digest'> = {
    drillId,
    runbook: runbook.name,
    objectives: runbook.objectives,
    sandbox: sandboxPlan(runbook, startedAt),
    concurrency: runbook.limits.concurrency,
    deadlines: { drill: runbook.limits.drill, teardown: runbook.limits.teardown },
    resources: drawn.map(plannedResource),
    ...(groups.length > 0 && { groups }),
    steps: proveChecks === true ? [...steps, ...proofSteps(runbook, steps)] : steps,
  };
  return { ...plan, digest: sha256Hex(JSON.stringify(plan)) };
}

function plannedResource({ spec, point, draw, successorAvailableAt }: DrawnPoint): PlannedResource {
  const isSuperseded = successorAvailableAt !== undefined && spec.recoveryPoint.to.kind === 'backup-end';
  return { spec, point, draw, ...(isSuperseded && { supersededAt: successorAvailableAt }) };
}

function sandboxPlan({ sandbox }: Runbook, startedAt: Instant): SandboxPlan {
  const { expiresAfter, ...place } = sandbox;
  return { ...place, expiresAt: addMillis(startedAt, expiresAfter) };
}

function stepsOf(runbook: Runbook): readonly Step[] {
  const common = { after: [], deadline: runbook.limits.restore };
  const sandbox: readonly Step[] = [
    { ...common, id: 'sandbox', kind: 'sandbox', phase: 'sandbox', needs: [] },
    { ...common, id: 'isolation', kind: 'isolation', phase: 'isolation', needs: ['sandbox'] },
  ];
  const resources = runbook.restore.flatMap((spec) => resourceSteps(spec, runbook));
  if (runbook.sandbox.provider !== 'aws') return [...sandbox, ...resources];
  const probe: Step = { ...common, id: 'probe', kind: 'probe', phase: 'sandbox', needs: ['isolation'] };
  const cutover = runbook.cutover ? cutoverSteps(runbook.cutover, resources, runbook) : [];
  // Others may change an account while a drill runs in it: what was proven at the beginning is proven again at the end.
  const atTheEnd: Step = {
    ...common,
    id: 'isolation:end',
    kind: 'isolation',
    phase: 'isolation',
    needs: ['isolation'],
    after: [...resources, ...cutover].map(({ id }) => id),
  };
  return [...sandbox, probe, ...resources, ...cutover, atTheEnd];
}

/**
 * A copy of the zone, then the switch in it. The copy waits until every resource is proven isolated, so that each of
 * those proofs still knows of no zone at all. The switch waits for the smoke checks of what it leads to, as people do,
 * and goes on beside the integrity checks, which it neither delays nor needs.
 */
function cutoverSteps(cutover: CutoverSpec, resources: readonly Step[], { checks, limits }: Runbook): readonly Step[] {
  const targets = [...new Set(cutover.records.map(({ to }) => to))];
  const smoke = checks.filter((check) => check.purpose === 'smoke' && targets.includes(check.of));
  const common = { phase: 'cutover', deadline: limits.check, cutover } as const;
  return [
    {
      ...common,
      id: 'zone',
      kind: 'zone',
      needs: targets.map((name) => `connect:${name}`),
      after: resources.filter(({ kind }) => kind === 'connect').map(({ id }) => id),
    },
    {
      ...common,
      id: 'cutover',
      kind: 'cutover',
      needs: ['zone'],
      after: smoke.map(({ id }) => checkStepId(id)),
    },
  ];
}

function resourceSteps(spec: RestoreSpec, { checks, limits, sandbox }: Runbook): readonly Step[] {
  const restore = `restore:${spec.name}`;
  const connect = `connect:${spec.name}`;
  const own = checks.filter((check) => check.of === spec.name);
  const smoke = own.filter((check) => check.purpose === 'smoke');
  const integrity = own.filter((check) => check.purpose === 'integrity');
  const stepOf = (check: CheckSpec, after: readonly string[]): Step => ({
    id: checkStepId(check.id),
    kind: 'check',
    phase: check.purpose,
    needs: [connect, ...(check.kind === 'references' ? [`connect:${check.in}`] : [])],
    after,
    deadline: limits.check,
    check,
  });
  return [
    {
      id: restore,
      kind: 'restore',
      phase: 'restore',
      needs: ['isolation', ...spec.needs.map((name) => `connect:${name}`)],
      after: [],
      deadline: limits.restore,
      resource: spec.name,
    },
    {
      id: connect,
      kind: 'connect',
      phase: 'connect',
      needs: [restore, ...(sandbox.provider === 'aws' ? ['probe'] : [])],
      after: [],
      deadline: limits.check,
      resource: spec.name,
    },
    ...smoke.map((check) => stepOf(check, [])),
    ...integrity.map((check) =>
      stepOf(
        check,
        smoke.map(({ id }) => checkStepId(id)),
      ),
    ),
  ];
}

/** The step that does a check. */
export function checkStepId(checkId: string): string {
  return `check:${checkId}`;
}
