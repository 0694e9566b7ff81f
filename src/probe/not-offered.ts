import type { DatabaseRequest, Observation, ObservationRequest } from './observation.ts';

const OF_DATABASES: readonly string[] = [
  'login',
  'sql',
  'row-counts',
  'structure',
  'foreign-keys',
  'contents',
  'freshness',
] satisfies readonly DatabaseRequest['kind'][];

/** Whether a request is for what every database offers. */
export function isOfDatabase(request: ObservationRequest): request is DatabaseRequest {
  return OF_DATABASES.includes(request.kind);
}

/** The answer to a request for what a resource has not: runbooks that ask for it are refused before a drill. */
export function notOffered({ kind }: ObservationRequest, resource: string): Observation {
  const problem = {
    code: 'probe/not-offered',
    message: `unable to look at ${resource} for a check of kind '${kind}', which it does not offer`,
    hint: 'Use the same version of drillbook for the engine and the probe, and checks that fit the resource.',
    blames: 'environment' as const,
  };
  return { kind: 'unobservable', problem };
}
