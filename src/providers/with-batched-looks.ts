import type { Clock } from '../support/clock.ts';
import type { Millis } from '../support/time.ts';
import type { Provider, ResourceState } from './provider.ts';
import type { Resource } from './resource.ts';

/** So long a look waits for others that were asked for in the same instant. */
const GATHERING: Millis = 20;

interface Asked {
  readonly resource: Resource;
  readonly answer: (state: ResourceState) => void;
  readonly refuse: (error: unknown) => void;
}

/** The same provider, which looks at all resources that are asked after in one instant by one call. */
export function withBatchedLooks(provider: Provider, clock: Clock): Provider {
  let gathered: Asked[] | undefined;
  async function lookAtAll(): Promise<void> {
    await clock.sleep(GATHERING);
    const asked = gathered ?? [];
    gathered = undefined;
    try {
      // Nobody's own signal ends a look that others wait for; the call has its own limit.
      const states = await provider.look(
        asked.map(({ resource }) => resource),
        new AbortController().signal,
      );
      for (const [index, { answer, refuse }] of asked.entries()) {
        const state = states[index];
        if (state) answer(state);
        else refuse(new Error('a look without an answer'));
      }
    } catch (error) {
      for (const { refuse } of asked) refuse(error);
    }
  }
  async function look(resource: Resource): Promise<ResourceState> {
    return new Promise((answer, refuse) => {
      const asked = { resource, answer, refuse };
      if (gathered) gathered.push(asked);
      else {
        gathered = [asked];
        void lookAtAll();
      }
    });
  }
  return {
    ...provider,
    async look(resources, signal) {
      signal.throwIfAborted();
      const states = await Promise.all(resources.map(look));
      signal.throwIfAborted();
      return states;
    },
  };
}
