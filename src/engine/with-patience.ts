import type { ObservationRequest } from '../probe/observation.ts';
import type { Millis } from '../support/time.ts';
import { deadlineOf } from './deadline.ts';
import type { Performance } from './performance.ts';

/** Left of a check's time for ending the program, so that its silence is told before the deadline. */
const TO_END: Millis = 2_000;

/**
 * Lets a program that is to answer have as long as the check still has: one that stays silent has then failed, where a
 * look that the deadline cuts short would be none at all.
 */
export function withPatience(
  request: ObservationRequest,
  step: string,
  { ports, state }: Pick<Performance, 'ports' | 'state'>,
): ObservationRequest {
  if (request.kind !== 'http') return request;
  const left = Date.parse(deadlineOf(state, step)) - Date.parse(ports.clock.now()) - TO_END;
  return { ...request, patience: Math.max(0, Math.min(left, request.patience ?? left)) };
}
