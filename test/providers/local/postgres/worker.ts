import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { RecoveryPoint } from '../../../../src/catalog/recovery-point.ts';
import { listBaseBackups } from '../../../../src/providers/local/postgres/list-base-backups.ts';
import type { WorkerRequest } from '../../../../src/providers/local/worker/worker-context.ts';
import type { ResourceState } from '../../../../src/providers/provider.ts';
import type { RecoveryTarget, PostgresRestore } from '../../../../src/runbook/restore-spec.ts';
import { builtFile } from '../../../../src/support/built-file.ts';
import { reachSocketFolder } from '../../../../src/support/socket-path.ts';

/** The built entry of the worker. */
export const WORKER = builtFile(
  new URL('../../../../src/providers/local/postgres/x', import.meta.url).href,
  '../worker/restore-worker.js',
);

export function specOf(
  source: string,
  changes: Partial<PostgresRestore> = {},
  to: RecoveryTarget = { kind: 'latest' },
): PostgresRestore {
  return {
    name: 'orders',
    kind: 'postgres',
    source,
    needs: [],
    recoveryPoint: { pick: { kind: 'latest' }, to },
    database: 'postgres',
    superuser: 'postgres',
    preload: [],
    ...changes,
  };
}

export async function pointOf(spec: PostgresRestore, id: string): Promise<RecoveryPoint> {
  const { points, unusable } = await listBaseBackups(spec, new AbortController().signal);
  const point = points.find((point) => point.id === id);
  if (!point) throw new Error(`no point '${id}': ${JSON.stringify({ points, unusable })}`);
  return point;
}

export interface WorkerOptions {
  readonly level?: WorkerRequest['level'];
  readonly postgresDirs?: readonly string[];
  readonly expiresAt?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A worker's process and what it has written. */
export interface Worker {
  readonly folder: string;
  readonly child: ChildProcess;
  /** The first state that is not `pending`. */
  settled(): Promise<ResourceState>;
  end(): Promise<number | null>;
}

/** Every worker that a test started, so that none outlives it. */
const started: ChildProcess[] = [];

export async function writeRequest(
  folder: string,
  spec: PostgresRestore,
  point: RecoveryPoint,
  options: WorkerOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const request: WorkerRequest = {
    request: {
      kind: 'restore',
      token: 'token-1',
      spec,
      point,
      drill: {
        drillId: 'd-1',
        startedAt: '2026-01-01T00:00:00.000Z',
        sandbox: {
          provider: 'local',
          expiresAt: options.expiresAt ?? new Date(Date.now() + 600_000).toISOString(),
          minimumIsolation: 'L0',
          folder,
        },
        sources: [],
      },
    },
    level: options.level ?? 'L0',
    ...(options.postgresDirs ? { postgresDirs: options.postgresDirs } : {}),
  };
  await writeFile(join(folder, 'request.json'), JSON.stringify(request));
}

export function startWorker(folder: string, env: NodeJS.ProcessEnv = process.env): Worker {
  const child = spawn(process.execPath, [WORKER, folder], { stdio: ['ignore', 'inherit', 'inherit'], env });
  started.push(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    folder,
    child,
    async settled() {
      for (;;) {
        const hasEnded = child.exitCode !== null || child.signalCode !== null;
        const state = await stateOf(folder);
        if (state && state.kind !== 'pending') return state;
        if (hasEnded) throw new Error('the worker ended without a state');
        await delay(10);
      }
    },
    async end() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Restores a point into a folder and gives the settled state. */
export async function restoreInto(
  folder: string,
  spec: PostgresRestore,
  id: string,
  options: WorkerOptions = {},
): Promise<Worker & { state: ResourceState }> {
  await writeRequest(folder, spec, await pointOf(spec, id), options);
  const worker = startWorker(folder, options.env);
  return { ...worker, state: await worker.settled() };
}

export async function stateOf(folder: string): Promise<ResourceState | undefined> {
  const text = await readFile(join(folder, 'state.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ResourceState);
}

/** Asks a restored server, with the credentials its worker wrote. */
export async function ask(folder: string, sql: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
  const credentials = JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8')) as {
    user: string;
    password: string;
  };
  const reached = await reachSocketFolder(join(folder, 'socket'), '.s.PGSQL.5432');
  const client = new Client({ host: reached.path, port: 5432, ...credentials, database });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
    await reached.close();
  }
}

/** Ends what is left of the workers of a test file. */
export async function endAllWorkers(): Promise<void> {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await exited;
  }
}
