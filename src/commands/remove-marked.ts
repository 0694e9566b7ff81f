import type { MarkedResource, Provider, RemovalPermit } from '../providers/provider.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import { type Millis, addMillis, millisBetween } from '../support/time.ts';
import { type CommandIo, printProblem } from './io.ts';

/** How long one removal may take before it counts as left. */
const REMOVAL_LIMIT: Millis = 10 * 60_000;

/**
 * Removes resources that a listing by marks has shown, one after the other, what lies in a sandbox before the sandbox.
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
  // What lies in a sandbox has a longer id than the sandbox.
  const innermostFirst = [...marked].sort((a, b) => b.resource.id.length - a.resource.id.length);
  for (const one of innermostFirst) await removeOne(provider, one, permit, io);
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
