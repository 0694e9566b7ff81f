import type { LeasePorts, Liveness, Owner } from '../../src/store/lease.ts';
import type { Store } from '../../src/store/store.ts';
import type { Clock } from '../../src/support/clock.ts';

/** An owner of leases, each with its name as host and instance. */
function ownerNamed(name: string): Owner {
  return { host: name, bootId: 'boot', pidNamespace: '', pid: 1, startTime: '1', instance: name };
}

/** Ports of an owner whom the others cannot see, unless it is said what they see. */
export function leasePorts(
  name: string,
  { store, clock, alive = {} }: { store: Store; clock: Clock; alive?: Record<string, Liveness> },
): LeasePorts {
  return {
    store,
    clock,
    owner: ownerNamed(name),
    isAlive: async (holder) => Promise.resolve(alive[holder.instance] ?? 'unknown'),
  };
}
