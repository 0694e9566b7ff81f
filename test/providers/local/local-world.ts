import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RecoveryPoint } from '../../../src/catalog/recovery-point.ts';
import type { DrillIdentity, Provider, RemovalPermit } from '../../../src/providers/provider.ts';
import { localProvider } from '../../../src/providers/local/local-provider.ts';
import { findProcesses } from '../../../src/providers/local/sandbox/processes.ts';
import type { Resource } from '../../../src/providers/resource.ts';
import type { RestoreSpec } from '../../../src/runbook/restore-spec.ts';
import type { LocalLevel } from '../../../src/runbook/runbook.ts';
import { systemClock } from '../../../src/support/clock.ts';
import { addMillis } from '../../../src/support/time.ts';

const never = new AbortController().signal;

/** Sandboxes in a temporary folder, with workers that restore nothing. */
export interface LocalWorld {
  readonly base: string;
  /** Of all sandboxes. */
  readonly folder: string;
  readonly source: string;
  readonly provider: Provider;
  drill(id: string): DrillIdentity;
  /** `database` says how the fake worker ends: `stuck`, `failing`, `dying`, or well. */
  specOf(name: string, database?: string): RestoreSpec;
  readonly point: RecoveryPoint;
  startSandbox(drill: DrillIdentity): Promise<Resource>;
  startRestore(drill: DrillIdentity, spec: RestoreSpec): Promise<Resource>;
  permit(drill: DrillIdentity, ledger: readonly Resource[]): RemovalPermit;
  remove(): Promise<void>;
}

const FAKE_WORKER = fileURLToPath(new URL('fake-worker.mjs', import.meta.url));

export async function newLocalWorld(level: LocalLevel = 'L0'): Promise<LocalWorld> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'drillbook provider-')));
  const [folder, source] = [join(base, 'sandboxes'), join(base, 'backups')];
  await mkdir(source);
  await writeFile(join(source, 'base.tar'), 'a backup');
  const point = pointAt(source, 'base-1');
  const provider = localProvider({
    clock: systemClock,
    availableLevel: async () => Promise.resolve({ level, because: 'a test says so' }),
    path: process.env['PATH'],
    workerFile: FAKE_WORKER,
    listRecoveryPoints: async (spec) =>
      Promise.resolve({ points: ['base-1', 'base-2', 'base-3'].map((id) => pointAt(spec.source, id)), unusable: [] }),
  });
  return {
    base,
    folder,
    source,
    provider,
    point,
    drill: (drillId) => drillOf(drillId, folder),
    specOf: (name, database = 'postgres') => specOf(name, source, database),
    startSandbox: async (drill) => provider.start({ kind: 'sandbox', drill, token: `${drill.drillId}/sandbox` }, never),
    startRestore: async (drill, spec) =>
      provider.start({ kind: 'restore', drill, token: `${drill.drillId}/restore:${spec.name}`, spec, point }, never),
    permit: (drill, ledger) => ({ kind: 'own-drill', drill, ledger }),
    async remove() {
      for (const { pid } of await findProcesses(base)) process.kill(pid, 'SIGKILL');
      await rm(base, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function drillOf(drillId: string, folder: string): DrillIdentity {
  const startedAt = systemClock.now();
  const expiresAt = addMillis(startedAt, 3_600_000);
  return { drillId, startedAt, sandbox: { provider: 'local', expiresAt, minimumIsolation: 'L0', folder }, sources: [] };
}

function specOf(name: string, source: string, database: string): RestoreSpec {
  return {
    name,
    kind: 'postgres',
    source,
    needs: [],
    recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'backup-end' } },
    database,
    superuser: 'postgres',
    preload: [],
  };
}

function pointAt(source: string, id: string): RecoveryPoint {
  return {
    id,
    provider: 'local',
    kind: 'postgres',
    location: join(source, 'base.tar'),
    capturedAt: '2026-11-20T03:00:00.000Z',
    capturedAtSource: 'a test',
    availableAt: '2026-11-20T03:00:01.000Z',
    consistency: 'application',
    format: 'base backup (tar)',
    engine: { name: 'postgres', version: '18.4' },
    tags: [],
  };
}
