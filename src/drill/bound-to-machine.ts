import type { Instant } from '../support/time.ts';
import type { DrillEvent } from './events.ts';
import { ofType } from './record.ts';

/**
 * Whether a drill may have a sandbox that only the machine of its engine can see: one that is not on AWS, from the plan to
 * the teardown, until it expires. To any other machine it would seem to be gone.
 */
export function isBoundToMachine(events: readonly DrillEvent[], now: Instant): boolean {
  const sandbox = ofType(events, 'plan-made')[0]?.plan.sandbox;
  if (sandbox === undefined || sandbox.provider === 'aws' || ofType(events, 'drill-finished').length > 0) return false;
  return now < sandbox.expiresAt;
}
