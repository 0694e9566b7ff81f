import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RecoveryPoint } from '../../../../src/catalog/recovery-point.ts';
import { listDumps } from '../../../../src/providers/local/postgres-dump/list-dumps.ts';
import { SUPERUSER, makeLoader } from '../../../../src/providers/local/postgres-dump/load-sessions.ts';
import type { WorkerRequest } from '../../../../src/providers/local/worker/worker-context.ts';
import type { ResourceState } from '../../../../src/providers/provider.ts';
import type { PostgresDumpRestore } from '../../../../src/runbook/restore-spec.ts';
import { type TestServer, startTestServer } from '../../../support/postgres-server.ts';
import { type Worker, startWorker } from '../postgres/worker.ts';

/** The programs of the PostgreSQL that Debian packages, which has pg_dump and pg_restore. */
export const SYSTEM_BIN = '/usr/lib/postgresql/15/bin';

/** A server as a restore makes it for a dump: everyone is let in, and the loader is there. */
export async function startLoadServer(): Promise<TestServer> {
  const server = await startTestServer(SYSTEM_BIN, SUPERUSER);
  await writeFile(join(server.dataFolder, 'pg_hba.conf'), 'local all all trust\n');
  await server.sql('select pg_reload_conf()');
  await makeLoader(server.endpoint.host);
  return server;
}

export function dumpSpec(source: string, changes: Partial<PostgresDumpRestore> = {}): PostgresDumpRestore {
  return {
    name: 'shop',
    kind: 'postgres-dump',
    source,
    needs: [],
    recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'backup-end' } },
    database: 'torture',
    jobs: 1,
    ...changes,
  };
}

/** Runs pg_dump, pg_dumpall or psql against a test's server; gives what it printed. */
export async function runTool(server: TestServer, tool: string, args: readonly string[]): Promise<string> {
  const { host, port, superuser } = server.endpoint;
  const to = ['-h', host, '-p', String(port), '-U', superuser];
  const env = { ...process.env, PGPASSWORD: server.password, TZ: 'UTC' };
  const { stdout } = await promisify(execFile)(join(SYSTEM_BIN, tool), [...to, ...args], { env, maxBuffer: 2 ** 28 });
  return stdout;
}

export async function dumpPoint(spec: PostgresDumpRestore, id: string): Promise<RecoveryPoint> {
  const { points, unusable } = await listDumps(spec, new AbortController().signal);
  const point = points.find((point) => point.id === id);
  if (!point) throw new Error(`no point '${id}': ${JSON.stringify({ points, unusable })}`);
  return point;
}

export interface RestoreOptions {
  readonly level?: WorkerRequest['level'];
  readonly postgresDirs?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export async function writeDumpRequest(
  folder: string,
  spec: PostgresDumpRestore,
  point: RecoveryPoint,
  options: RestoreOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const expiresAt = new Date(Date.now() + 600_000).toISOString();
  const request: WorkerRequest = {
    request: {
      kind: 'restore',
      token: 'token-1',
      spec,
      point,
      drill: {
        drillId: 'd-1',
        startedAt: '2026-01-01T00:00:00.000Z',
        sandbox: { provider: 'local', expiresAt, minimumIsolation: 'L0', folder },
        sources: [],
      },
    },
    level: options.level ?? 'L0',
    ...(options.postgresDirs ? { postgresDirs: options.postgresDirs } : {}),
  };
  await writeFile(join(folder, 'request.json'), JSON.stringify(request));
}

/** Restores a dump into a folder and gives the settled state. */
export async function restoreDumpInto(
  folder: string,
  spec: PostgresDumpRestore,
  id: string,
  options: RestoreOptions = {},
): Promise<Worker & { state: ResourceState }> {
  await writeDumpRequest(folder, spec, await dumpPoint(spec, id), options);
  const worker = startWorker(folder, options.env);
  return { ...worker, state: await worker.settled() };
}
