import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecoveryPoint } from '../../../../src/catalog/recovery-point.ts';
import { listDatabases } from '../../../../src/providers/local/sqlite/list-databases.ts';
import type { WorkerRequest } from '../../../../src/providers/local/worker/worker-context.ts';
import type { ResourceState } from '../../../../src/providers/provider.ts';
import type { SqliteEndpoint } from '../../../../src/providers/resource.ts';
import type { SqliteRestore } from '../../../../src/runbook/restore-spec.ts';
import { builtFile } from '../../../../src/support/built-file.ts';

const WORKER = builtFile(
  new URL('../../../../src/providers/local/sqlite/x', import.meta.url).href,
  '../worker/restore-worker.js',
);

function specOf(source: string): SqliteRestore {
  return {
    name: 'shop',
    kind: 'sqlite',
    source,
    needs: [],
    recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'backup-end' } },
    database: '',
  };
}

export async function listed(source: string) {
  return listDatabases(specOf(source), new AbortController().signal);
}

async function pointOf(source: string, id: string): Promise<RecoveryPoint> {
  const { points, unusable } = await listed(source);
  const point = points.find((point) => point.id === id);
  if (!point) throw new Error(`no point '${id}': ${JSON.stringify({ points, unusable })}`);
  return point;
}

const started: ChildProcess[] = [];

/** Writes the request of a restore into its folder. */
export async function request(folder: string, source: string, id: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const sandbox = {
    provider: 'local',
    expiresAt: new Date(Date.now() + 600_000).toISOString(),
    minimumIsolation: 'L0',
    folder,
  } as const;
  const request: WorkerRequest['request'] = {
    kind: 'restore',
    token: 'token-1',
    spec: specOf(source),
    point: await pointOf(source, id),
    drill: { drillId: 'd-1', startedAt: '2026-01-01T00:00:00.000Z', sandbox, sources: [] },
  };
  await writeFile(join(folder, 'request.json'), JSON.stringify({ request, level: 'L0' } satisfies WorkerRequest));
}

/** Starts the built worker on a folder. */
export function startWorker(folder: string): ChildProcess {
  const child = spawn(process.execPath, [WORKER, folder], { stdio: ['ignore', 'inherit', 'inherit'] });
  started.push(child);
  return child;
}

/** The first state that is not `pending`. */
export async function settled(folder: string, child: ChildProcess): Promise<ResourceState> {
  for (;;) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    const state = await stateOf(folder);
    if (state && state.kind !== 'pending') return state;
    if (hasEnded) throw new Error('the worker ended without a state');
    await delay(10);
  }
}

async function stateOf(folder: string): Promise<ResourceState | undefined> {
  const text = await readFile(join(folder, 'state.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ResourceState);
}

/** Restores a point into a folder and gives the settled state. */
export async function restoreInto(folder: string, source: string, id: string): Promise<ResourceState> {
  await request(folder, source, id);
  const child = startWorker(folder);
  return settled(folder, child);
}

/** The facts and the file of a restore that came to its end. */
export function readyOf(state: ResourceState) {
  if (state.kind !== 'ready' || !state.facts || !state.endpoint) throw new Error(JSON.stringify(state));
  return { file: (state.endpoint as SqliteEndpoint).file, facts: state.facts };
}

/** Ends a worker, and waits until it has ended. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

/** Ends what is left of the workers of a test file. */
export async function endAllWorkers(): Promise<void> {
  for (const child of started) await end(child);
}
