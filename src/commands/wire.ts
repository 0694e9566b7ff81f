import { readManifest } from '../catalog/manifest-file.ts';
import type { EngineObserver, EnginePorts } from '../engine/ports.ts';
import type { Journal } from '../journal/journal.ts';
import { postgresProbe } from '../probe/postgres/postgres-probe.ts';
import { readSecret } from '../probe/secret.ts';
import type { Provider } from '../providers/provider.ts';
import { withRetry } from '../providers/with-retry.ts';
import { withTimeout } from '../providers/with-timeout.ts';
import { localProvider } from '../providers/local/local-provider.ts';
import { listBaseBackups } from '../providers/local/postgres/list-base-backups.ts';
import { availableLevel } from '../providers/local/sandbox/levels.ts';
import { postgresDirsOf } from '../providers/local/postgres/server-binaries.ts';
import { systemClock } from '../support/clock.ts';
import { bootId } from '../support/process-identity.ts';
import { sha256Hex } from '../support/sha256-hex.ts';
import { timesDrawn } from './history.ts';
import type { CommandIo } from './io.ts';

/** Longest that one call of a provider may take; long work goes on in workers, not in calls. */
const CALL_LIMIT = 60_000;

/** The provider that a runbook names, with the patience that every provider gets. */
export function wireProvider(io: CommandIo): Provider {
  const dirs = postgresDirsOf(io.env);
  const local = localProvider({
    clock: systemClock,
    listRecoveryPoints: listBaseBackups,
    availableLevel: async () => availableLevel({ path: io.env['PATH'] }),
    path: io.env['PATH'],
    ...(dirs && { postgresDirs: dirs }),
  });
  const limited = withTimeout(local, CALL_LIMIT, systemClock);
  return withRetry(limited, { tries: 4, firstWait: 250 }, systemClock);
}

/** Everything an engine needs, on this machine. */
export async function wireEngine(
  io: CommandIo,
  { journal, observer, reports }: { journal: Journal; observer: EngineObserver; reports: string },
): Promise<EnginePorts> {
  return {
    journal,
    observer,
    provider: wireProvider(io),
    probe: postgresProbe({ readSecret: async (ref) => readSecret(ref, io.env) }),
    clock: systemClock,
    sha256Hex,
    bootId: await bootId(),
    timesDrawn: async (source) => timesDrawn(reports, source),
    readManifest,
  };
}
