import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecoveryPoint, RecoveryPointListing } from '../../../../src/catalog/recovery-point.ts';
import { localProbe } from '../../../../src/probe/local/local-probe.ts';
import type { Observation, ObservationRequest } from '../../../../src/probe/observation.ts';
import { listMysqlBackups } from '../../../../src/providers/local/mysql/list-mysql-backups.ts';
import type { WorkerRequest } from '../../../../src/providers/local/worker/worker-context.ts';
import type { ResourceState } from '../../../../src/providers/provider.ts';
import type { RestoreFacts } from '../../../../src/providers/resource.ts';
import type { MysqlRestore } from '../../../../src/runbook/restore-spec.ts';
import { builtFile } from '../../../../src/support/built-file.ts';

/** The built entry of the worker. */
const WORKER = builtFile(
  new URL('../../../../src/providers/local/mysql/x', import.meta.url).href,
  '../worker/restore-worker.js',
);

function specOf(source: string): MysqlRestore {
  return {
    name: 'shop',
    kind: 'mysql',
    source,
    needs: [],
    recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'backup-end' } },
    database: 'shop',
  };
}

export function listed(source: string): Promise<RecoveryPointListing> {
  return listMysqlBackups(specOf(source), new AbortController().signal);
}

/** A recovery point of a source, as the listing has it. */
export async function pointOf(source: string, id: string): Promise<RecoveryPoint> {
  const { points, unusable } = await listed(source);
  const point = points.find((one) => one.id === id);
  if (!point) throw new Error(`no point '${id}': ${JSON.stringify({ points, unusable })}`);
  return point;
}

/** Every worker that a test started, so that none outlives it. */
const started: ChildProcess[] = [];

export async function writeRequest(
  folder: string,
  point: RecoveryPoint,
  level: WorkerRequest['level'] = 'L0',
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const expiresAt = new Date(Date.now() + 600_000).toISOString();
  const request: WorkerRequest = {
    request: {
      kind: 'restore',
      token: 'token-1',
      spec: specOf('/nowhere'),
      point,
      drill: {
        drillId: 'd-1',
        startedAt: '2026-01-01T00:00:00.000Z',
        sandbox: { provider: 'local', expiresAt, minimumIsolation: 'L0', folder },
        sources: [],
      },
    },
    level,
  };
  await writeFile(join(folder, 'request.json'), JSON.stringify(request));
}

export function startWorker(folder: string, { ends = 'after the test' } = {}): ChildProcess {
  const child = spawn(process.execPath, [WORKER, folder], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (ends === 'after the test') started.push(child);
  return child;
}

/** The first state of a worker that is not `pending`. */
export async function settled(folder: string, child: ChildProcess): Promise<ResourceState> {
  for (;;) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    const text = await readFile(join(folder, 'state.json'), 'utf8').catch(() => undefined);
    const state = text === undefined ? undefined : (JSON.parse(text) as ResourceState);
    if (state && state.kind !== 'pending') return state;
    if (hasEnded) throw new Error('the worker ended without a state');
    await delay(10);
  }
}

/** Restores a point into a folder and gives the settled state. */
export async function restoreInto(
  folder: string,
  point: RecoveryPoint,
  options: { readonly level?: WorkerRequest['level'] } = {},
): Promise<ResourceState> {
  await writeRequest(folder, point, options.level);
  return settled(folder, startWorker(folder));
}

/** What a restore that is ready has told. */
export function factsOf(state: ResourceState): RestoreFacts {
  if (state.kind !== 'ready' || !state.facts) throw new Error(JSON.stringify(state));
  return state.facts;
}

const probe = localProbe({ readSecret: () => Promise.reject(new Error('no secret is asked for')) });

/** Looks at what was restored, as a drill does. */
export function observe(folder: string, request: ObservationRequest): Promise<Observation> {
  const endpoint = {
    kind: 'mysql' as const,
    socket: join(folder, 'socket/mysql.sock'),
    credentialsFile: join(folder, 'credentials.json'),
  };
  return probe.observe(endpoint, request, AbortSignal.timeout(60_000));
}

/** The value of a query on what was restored. */
export async function ask(folder: string, query: string): Promise<unknown> {
  const seen = await observe(folder, { kind: 'sql', database: 'mysql', query });
  return seen.kind === 'sql' ? seen.value : seen;
}

/** Ends what is left of the workers of a test file. */
export async function endAllWorkers(): Promise<void> {
  for (const child of started.splice(0)) await end(child);
}

/** Tells a worker to end; gives its exit code. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return exited;
}
