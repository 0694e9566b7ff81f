import type { MarkedResource, Provider } from '../providers/provider.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import type { Clock } from '../support/clock.ts';
import { type Millis, addMillis } from '../support/time.ts';
import type { CommandIo } from './io.ts';
import { removeMarked } from './remove-marked.ts';

/** What a sweep of one place found, what of it has expired, and what of that is still there. */
export interface Swept {
  readonly marked: readonly MarkedResource[];
  readonly expired: readonly MarkedResource[];
  readonly left: readonly MarkedResource[];
}

/** Sandboxes are left alone until this long after their expiry, so that clocks that differ do not end a live drill. */
const MARGIN: Millis = 5 * 60_000;

export interface Sweeping {
  /** Remove what has expired, not only find it. */
  readonly yes: boolean;
  readonly clock: Clock;
  readonly io: Pick<CommandIo, 'stderr'>;
  /** Longest time for one removal. */
  readonly within?: Millis;
}

/** Finds by its marks alone what expired drills have left in a place, and removes it when told to. */
export async function sweepPlace(
  provider: Provider,
  place: SandboxPlace,
  { yes, clock, io, within }: Sweeping,
): Promise<Swept> {
  const now = clock.now();
  const marked = await provider.listMarked({ place }, new AbortController().signal);
  const expired = marked.filter(({ expiresAt }) => addMillis(expiresAt, MARGIN) <= now);
  const permit = { kind: 'expired', now, margin: MARGIN } as const;
  const left = yes
    ? await removeMarked(
        { provider, place, marked: expired, permit, clock, ...(within !== undefined && { within }) },
        io,
      )
    : expired;
  return { marked, expired, left };
}
