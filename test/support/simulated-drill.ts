import type { DrillEvent, DrillStarted } from '../../src/drill/events.ts';
import type { DrillState } from '../../src/drill/state.ts';
import { runEngine } from '../../src/engine/engine.ts';
import type { AbortRequest, EngineOptions } from '../../src/engine/engine-options.ts';
import type { EnginePorts } from '../../src/engine/ports.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { memoryJournal } from '../../src/journal/memory-journal.ts';
import type { Observation, ObservationRequest } from '../../src/probe/observation.ts';
import type { Probe } from '../../src/probe/probe.ts';
import { memoryProvider } from '../../src/providers/memory/memory-provider.ts';
import type { MemoryWorld } from '../../src/providers/memory/memory-world.ts';
import type { Provider } from '../../src/providers/provider.ts';
import type { Resource } from '../../src/providers/resource.ts';
import { type RetryPolicy, withRetry } from '../../src/providers/with-retry.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import type { Clock } from '../../src/support/clock.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';

/** Where a simulated engine stops for good: at its n-th call to the world or the journal, before or after the effect. */
export interface CrashPoint {
  readonly call: number;
  readonly when: 'before' | 'after';
}

export interface Simulation extends Stage {
  readonly world: MemoryWorld;
  readonly observe: (request: ObservationRequest) => Observation;
}

/** Where an engine runs: a world behind its ports, a clock, and what lies on disk. */
export interface Stage {
  readonly clock: Clock;
  /** The journal as it is on disk, whoever wrote it. */
  readonly disk: DrillEvent[];
  /** Other ports than those of a world in memory; called for each engine anew, as a new process would. */
  readonly adapters?: () => Adapters;
}

export interface Adapters {
  readonly provider: Provider;
  readonly probe: Probe;
  readonly patience: RetryPolicy;
}

export type SimulatedEnd = { readonly kind: 'ended'; readonly state: DrillState } | { readonly kind: 'crashed' };

/** The first line of a drill's journal. */
export function drillStarted(runbook: Runbook, change: Partial<DrillStarted> = {}): DrillStarted {
  return {
    type: 'drill-started',
    schema: 1,
    drillId: 'shop-20261120t030000z-0a1b2c',
    runbook,
    seed: '1',
    seedChosen: true,
    tool: '0.1.0',
    ...change,
  };
}

/** What a healthy restored shop shows. */
export function healthyObservation(request: ObservationRequest): Observation {
  if (request.kind === 'login') return { kind: 'login', accepted: true };
  return { kind: 'sql', rows: 1, value: 0, population: 10 };
}

/** Runs an engine on a simulated world until it ends or reaches its crash point; calls are counted into `calls`. */
export async function simulate(
  simulation: Simulation | Required<Stage>,
  how: { purpose: EngineOptions['purpose']; crash?: CrashPoint; abortAt?: number; calls?: { count: number } },
): Promise<SimulatedEnd> {
  const crashed = withResolvers<SimulatedEnd>();
  const abort = new AbortController();
  const calls = how.calls ?? { count: 0 };
  let isCrashed = false;
  const never = new Promise<never>(() => {});
  const crash = async (): Promise<never> => {
    isCrashed = true;
    crashed.resolve({ kind: 'crashed' });
    return never;
  };
  async function through<T>(effect: () => Promise<T>): Promise<T> {
    if (isCrashed) return never;
    calls.count += 1;
    const mine = calls.count;
    if (mine === how.abortAt) abort.abort(interrupted);
    if (how.crash?.call === mine && how.crash.when === 'before') return crash();
    try {
      return await effect();
    } finally {
      if (isCrashed || (how.crash?.call === mine && how.crash.when === 'after')) await crash();
    }
  }
  const ports = portsOf(simulation, through);
  const options = { purpose: how.purpose, abort: abort.signal, settleWithin: 10_000 };
  if (how.purpose === 'teardown') abort.abort({ ...interrupted, reason: 'teardown-requested' });
  const ended = runEngine(ports, options).then((state): SimulatedEnd => ({ kind: 'ended', state }));
  return Promise.race([ended, crashed.promise]);
}

/** Resumes until an engine ends by itself. */
export async function resumeToTheEnd(simulation: Simulation | Required<Stage>): Promise<DrillState> {
  const end = await simulate(simulation, { purpose: 'resume' });
  if (end.kind === 'crashed') throw new Error('crashed without a crash point');
  return end.state;
}

const interrupted: AbortRequest = {
  reason: 'interrupted',
  problem: { code: 'drill/interrupted', message: 'interrupted', hint: 'Run it again.', blames: 'environment' },
};

function adaptersOf(simulation: Simulation | Required<Stage>): Adapters {
  if (simulation.adapters) return simulation.adapters();
  const { world, clock, observe } = simulation as Simulation;
  return {
    provider: memoryProvider(world, clock),
    probe: { observe: async (_endpoint, request) => Promise.resolve(observe(request)) },
    patience: { tries: 4, firstWait: 100 },
  };
}

function portsOf(
  simulation: Simulation | Required<Stage>,
  through: <T>(effect: () => Promise<T>) => Promise<T>,
): EnginePorts {
  const { clock, disk } = simulation;
  const { provider, probe, patience } = adaptersOf(simulation);
  const journal = memoryJournal(clock, [...disk]);
  const kept: Journal = {
    ...journal,
    append: async (event) =>
      through(async () => {
        const appended = await journal.append(event);
        disk.push(appended);
        return appended;
      }),
  };
  const { preflight } = provider;
  const { dns } = provider;
  const counted = {
    ...provider,
    listRecoveryPoints: async (spec: never, signal: AbortSignal) =>
      through(async () => provider.listRecoveryPoints(spec, signal)),
    ...(preflight && {
      preflight: async (plan: never, signal: AbortSignal) => through(async () => preflight(plan, signal)),
    }),
    start: async (request: never, signal: AbortSignal) => through(async () => provider.start(request, signal)),
    look: async (resources: never, signal: AbortSignal) => through(async () => provider.look(resources, signal)),
    proveIsolation: async (sandbox: never, restored: never, signal: AbortSignal, zone?: Resource) =>
      through(async () => provider.proveIsolation(sandbox, restored, signal, zone)),
    ...(dns && {
      dns: {
        switchRecords: async (request: never, signal: AbortSignal) =>
          through(async () => dns.switchRecords(request, signal)),
        isInSync: async (made: never, signal: AbortSignal) => through(async () => dns.isInSync(made, signal)),
      },
    }),
    startRemoval: async (resource: never, permit: never, signal: AbortSignal) =>
      through(async () => provider.startRemoval(resource, permit, signal)),
    listMarked: async (scope: never, signal: AbortSignal) => through(async () => provider.listMarked(scope, signal)),
  } as typeof provider;
  return {
    journal: kept,
    provider: withRetry(counted, patience, clock),
    probe: {
      observe: async (endpoint, request, signal) => through(async () => probe.observe(endpoint, request, signal)),
    },
    clock,
    sha256Hex,
    bootId: 'boot',
    timesDrawn: async () => Promise.resolve({}),
    readManifest: async () => Promise.reject(new Error('no manifest in a simulation')),
    observer: { event: () => {}, progress: () => {} },
  };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
