import type { Damage } from '../checks/damage.ts';
import type { Endpoint, Resource } from './resource.ts';

/** A copy of a restored resource, with a damage in it or, as a control, without any. */
export interface DamagedCopy {
  readonly endpoint: Endpoint;
  /** Where the copy is in what was looked at before; as it was where the copy is one of everything. */
  readonly database: string;
}

/**
 * Copies what was restored and damages the copies, never the restored resource itself: each check is proven on a damage of
 * its own.
 */
export interface Damager {
  /**
   * Makes a copy anew, whatever an earlier call left, and damages it; `none` leaves it as what was restored is.
   *
   * @throws ProblemError `prove/…` where there is nothing to be damaged in that way: no such table, no row, no index
   */
  damage(
    request: { readonly resource: Resource; readonly database: string; readonly damage: Damage | 'none' },
    signal: AbortSignal,
  ): Promise<DamagedCopy>;
  /** Removes the copy; what is not there is fine. */
  discard(resource: Resource, signal: AbortSignal): Promise<void>;
}
