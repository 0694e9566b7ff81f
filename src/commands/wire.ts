import { readManifest } from '../catalog/manifest-file.ts';
import type { EngineObserver, EnginePorts } from '../engine/ports.ts';
import type { Journal } from '../journal/journal.ts';
import { localProbe } from '../probe/local/local-probe.ts';
import { readSecret } from '../probe/secret.ts';
import type { Probe } from '../probe/probe.ts';
import type { Provider } from '../providers/provider.ts';
import { withBatchedLooks } from '../providers/with-batched-looks.ts';
import { type RetryPolicy, withRetry } from '../providers/with-retry.ts';
import { withTimeout } from '../providers/with-timeout.ts';
import { localProvider } from '../providers/local/local-provider.ts';
import { localLister } from '../providers/local/list-recovery-points.ts';
import { runProgram } from '../providers/local/sandbox/run-program.ts';
import { availableLevel } from '../providers/local/sandbox/levels.ts';
import { postgresDirsOf } from '../providers/local/postgres/server-binaries.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import { bootId } from '../support/process-identity.ts';
import { sha256Hex } from '../support/sha256-hex.ts';
import { readTimesDrawn } from './drill-history.ts';
import type { CommandIo } from './io.ts';

/** Longest that one call of a provider may take; long work goes on in workers, not in calls. */
const CALL_LIMIT = 60_000;
const LOCAL_PATIENCE: RetryPolicy = { tries: 4, firstWait: 250 };
/** With what one try may take, what is known to be out of reach is told in less than 20 s, unless something is made. */
const UNREACHABLE_FOR = 7_000;
/** Two minutes in all: a new role, or an instance that is being changed, is refused for as long. */
const AWS_PATIENCE: RetryPolicy = { tries: 8, firstWait: 1_000, unreachableFor: UNREACHABLE_FOR };
/** Of a command that only reads nothing hangs on, but somebody waits for it. */
const READING_PATIENCE: RetryPolicy = { tries: 2, firstWait: 1_000, unreachableFor: UNREACHABLE_FOR };

/** The provider of a place, with the patience that a drill needs. What AWS needs is loaded only for AWS. */
export async function wireProvider(io: CommandIo, place: SandboxPlace): Promise<Provider> {
  const bare = await wireBare(io, place);
  if (place.provider !== 'aws') return withRetry(bare, LOCAL_PATIENCE, systemClock);
  return withBatchedLooks(withRetry(bare, AWS_PATIENCE, systemClock), systemClock);
}

/** The same for a command that only reads, and says soon that it cannot. */
export async function wireReadingProvider(io: CommandIo, place: SandboxPlace): Promise<Provider> {
  return withRetry(await wireBare(io, place), READING_PATIENCE, systemClock);
}

async function wireBare(io: CommandIo, place: SandboxPlace): Promise<Provider> {
  const isAws = place.provider === 'aws';
  const bare = isAws ? (await import('./wire-aws.ts')).wireAwsProvider(place) : wireLocalProvider(io);
  return withTimeout(bare, CALL_LIMIT, systemClock);
}

function wireLocalProvider(io: CommandIo): Provider {
  const dirs = postgresDirsOf(io.env);
  return localProvider({
    clock: systemClock,
    listRecoveryPoints: localLister(io.env),
    availableLevel: async () => availableLevel({ path: io.env['PATH'] }),
    path: io.env['PATH'],
    ...(dirs && { postgresDirs: dirs }),
  });
}

/** The probe of everything that is restored in a place. */
async function wireProbe(io: CommandIo, place: SandboxPlace): Promise<Probe> {
  const local = localProbe({ readSecret: async (ref) => readSecret(ref, io.env), runInSandbox: runProgram });
  const aws = place.provider === 'aws' ? (await import('./wire-aws.ts')).wireAwsProbe(place) : undefined;
  return {
    async observe(endpoint, request, signal) {
      if (endpoint.kind !== 'rds') return local.observe(endpoint, request, signal);
      if (aws === undefined) throw new Error('an endpoint on AWS in a sandbox on this machine');
      return aws.observe(endpoint, request, signal);
    },
  };
}

export interface Wiring {
  readonly journal: Journal;
  readonly observer: EngineObserver;
  readonly reports: string;
  readonly place: SandboxPlace;
}

/** Everything an engine needs, on this machine. */
export async function wireEngine(io: CommandIo, { journal, observer, reports, place }: Wiring): Promise<EnginePorts> {
  return {
    journal,
    observer,
    provider: await wireProvider(io, place),
    probe: await wireProbe(io, place),
    clock: systemClock,
    sha256Hex,
    bootId: await bootId(),
    timesDrawn: readTimesDrawn(reports),
    readManifest,
  };
}
