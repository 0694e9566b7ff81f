import type { Endpoint } from '../providers/resource.ts';
import type { Observation, ObservationRequest } from './observation.ts';

/** Looks at a restored resource from inside its sandbox. Whatever goes wrong comes back as `unobservable`. */
export interface Probe<Reaches extends Endpoint = Endpoint> {
  observe(endpoint: Reaches, request: ObservationRequest, signal: AbortSignal): Promise<Observation>;
}
