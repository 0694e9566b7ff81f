import type { MarkedResource, Provider, RemovalPermit } from '../providers/provider.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import { type Millis, addMillis, millisBetween } from '../support/time.ts';
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
  },
  io: CommandIo,
): Promise<readonly MarkedResource[]> {
  const { provider, place, marked, permit } = removal;
  const isSandbox = ({ resource }: MarkedResource): boolean => resource.type === 'sandbox';
  for (const wave of [marked.filter((one) => !isSandbox(one)), marked.filter(isSandbox)]) {
    await Promise.all(wave.map(async (one) => removeOne(provider, one, permit, io)));
  }
  const after = await provider.listMarked({ place }, new AbortController().signal);
  return after.filter(({ resource }) => marked.some((one) => one.resource.id === resource.id));
}

async function removeOne(
  provider: Provider,
  { resource }: MarkedResource,
  permit: RemovalPermit,
  io: CommandIo,
): Promise<void> {
  const signal = new AbortController().signal;
  const began = systemClock.now();
  const deadline = addMillis(began, REMOVAL_LIMIT);
  try {
    await provider.startRemoval(resource, permit, signal);
    while (systemClock.now() < deadline) {
      const [state] = await provider.look([resource], signal);
      if (state?.kind === 'gone') return;
      await systemClock.sleep(provider.properties.pollInterval(millisBetween(began, systemClock.now())));
    }
  } catch (error) {
    printProblem(io, provider.classify(error).problem);
  }
}
