import type { ObservationRequest } from '../probe/observation.ts';
import type { Endpoint } from '../providers/resource.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import { awaitReady } from './perform-restore.ts';
import { type Performance, resourceOfStep } from './performance.ts';

/**
 * Tells a look at references where the other resource's files are, which no check knows.
 *
 * @param instead a resource that is looked at elsewhere than where it was restored
 * @throws ProblemError when those files are no longer to be had
 */
export async function withFolder(
  { check, request, step }: { readonly check: CheckSpec; readonly request: ObservationRequest; readonly step: string },
  performance: Performance,
  instead?: { readonly of: string; readonly endpoint: Endpoint },
): Promise<ObservationRequest> {
  if (request.kind !== 'references' || check.kind !== 'references') return request;
  const ready = await awaitReady(resourceOfStep(performance.state, `restore:${check.in}`), step, performance);
  const within = instead?.of === check.in ? instead.endpoint : ready.endpoint;
  if (within?.kind !== 'files') throw new Error(`'${check.in}' is ready, but is no set of files`);
  return { ...request, within };
}
