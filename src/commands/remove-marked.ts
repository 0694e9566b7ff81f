import { awaitRemoval } from '../engine/await-removal.ts';
import type { MarkedResource, Provider, RemovalPermit } from '../providers/provider.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import type { Clock } from '../support/clock.ts';
import { type Millis, addMillis } from '../support/time.ts';
import { type CommandIo, printProblem } from './io.ts';

/** How long one removal may take before it counts as left: Lambda lets go of its network interfaces after up to 40 min. */
const REMOVAL_LIMIT: Millis = 60 * 60_000;

/**
 * Removes resources that a listing by marks has shown: side by side what lies in sandboxes, then the sandboxes.
 *
 * @returns those that a fresh listing still shows
 */
export async function removeMarked(
  removal: {
    readonly provider: Provider;
    readonly place: SandboxPlace;
    readonly marked: readonly MarkedResource[];
    readonly permit: RemovalPermit;
    readonly clock: Clock;
    /** Longest time for one removal. */
    readonly within?: Millis;
  },
  io: Pick<CommandIo, 'stderr'>,
): Promise<readonly MarkedResource[]> {
  const { provider, place, marked } = removal;
  const isSandbox = ({ resource }: MarkedResource): boolean => resource.type === 'sandbox';
  for (const wave of [marked.filter((one) => !isSandbox(one)), marked.filter(isSandbox)]) {
    await Promise.all(wave.map(async (one) => removeOne(one, removal, io)));
  }
  const after = await provider.listMarked({ place }, new AbortController().signal);
  return after.filter(({ resource }) => marked.some((one) => one.resource.id === resource.id));
}

async function removeOne(
  { resource }: MarkedResource,
  {
    provider,
    permit,
    clock,
    within = REMOVAL_LIMIT,
  }: { provider: Provider; permit: RemovalPermit; clock: Clock; within?: Millis },
  io: Pick<CommandIo, 'stderr'>,
): Promise<void> {
  const deadline = addMillis(clock.now(), within);
  const { signal } = new AbortController();
  const problem = await awaitRemoval(resource, { provider, clock, permit, deadline, signal });
  if (problem) printProblem(io, problem);
}
