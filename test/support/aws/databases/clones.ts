/** The server behind one restored instance, whatever its engine. */
export interface Clone {
  readonly address: '127.0.0.1';
  readonly port: number;
  /** Makes `user` the master user: no superuser, but with all that the seeded master may. */
  setMaster(user: string, password: string): Promise<void>;
}

/** What ends, and removes its files. */
interface Disposable {
  dispose(): Promise<void>;
}

/** Servers of one engine: what tests seeded, and the clones of it behind restored instances. */
export interface Clones<Of extends Clone> {
  isSeeded(id: string): boolean;
  /** Starts a copy, under the name of an instance, over verified TLS on a port of its own. */
  clone(id: string, instance: string): Promise<Of>;
  cloneOf(instance: string): Promise<Of> | undefined;
  /** Ends a clone and removes its files. */
  drop(instance: string): Promise<void>;
  /** Drops all clones; what was seeded stays. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** The same, for whoever seeds. */
export interface SeededClones<Seed, Of extends Clone> extends Clones<Of> {
  /** Replaces what was seeded for an id before. */
  keep(id: string, seed: Seed): Promise<void>;
  seeded(id: string): Seed;
}

/** @param start starts a copy of a seed, which does not run */
export function seededClones<Seed extends Disposable, Of extends Clone & { readonly server: Disposable }>(
  start: (seed: Seed) => Promise<Of>,
): SeededClones<Seed, Of> {
  const seeds = new Map<string, Seed>();
  const clones = new Map<string, Promise<Of>>();
  const seeded = (id: string): Seed => {
    const seed = seeds.get(id);
    if (seed === undefined) throw new Error(`nothing is seeded for '${id}'`);
    return seed;
  };
  const drop = async (instance: string): Promise<void> => {
    const clone = clones.get(instance);
    clones.delete(instance);
    await clone?.then(
      async ({ server }) => server.dispose(),
      () => {},
    );
  };
  const reset = async (): Promise<void> => {
    await Promise.all([...clones.keys()].map(drop));
  };
  return {
    async keep(id, seed) {
      await seeds.get(id)?.dispose();
      seeds.set(id, seed);
    },
    seeded,
    isSeeded: (id) => seeds.has(id),
    async clone(id, instance) {
      await drop(instance);
      const started = start(seeded(id));
      clones.set(instance, started);
      return started;
    },
    cloneOf: (instance) => clones.get(instance),
    drop,
    reset,
    async stop() {
      await reset();
      await Promise.all([...seeds.values()].map(async (seed) => seed.dispose()));
    },
  };
}
