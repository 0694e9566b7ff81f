import dns from 'node:dns/promises';
import type { NameRequest, Observation } from '../observation.ts';

/** What a resolver says of a name that it knows nothing, or nothing of that type, of. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * What the system's resolver, in a VPC its own, answers for a name. A name without an answer has no names and no
 * addresses; a resolver that does not answer is `unobservable`.
 */
export async function resolveName({ name }: NameRequest, signal: AbortSignal): Promise<Observation> {
  try {
    signal.throwIfAborted();
    // By way of the module, since who sets the servers to ask replaces its functions.
    const [names, addresses] = await Promise.all([orNothing(dns.resolveCname(name)), orNothing(dns.resolve4(name))]);
    return { kind: 'dns', names: names.map((one) => one.toLowerCase().replace(/\.$/, '')), addresses };
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return {
      kind: 'unobservable',
      problem: {
        code: 'probe/no-resolver',
        message: `unable to resolve '${name}': ${code}`,
        hint: "Look whether the sandbox's network still resolves names ('enableDnsSupport').",
        blames: 'environment',
      },
    };
  }
}

async function orNothing(answer: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await answer;
  } catch (error) {
    if (NOTHING.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
