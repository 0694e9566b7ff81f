import { spawn } from 'node:child_process';
import { chmod, mkdir, open, readFile, readdir, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecoveryPointListing } from '../../catalog/recovery-point.ts';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import { refusalToRemove } from '../../drill/guard.ts';
import type { IsolationLevel, RestoreSpec } from '../../runbook/runbook.ts';
import type { Clock } from '../../support/clock.ts';
import { writeWholeFile } from '../../support/whole-file.ts';
import type { MarkedResource, Provider, RemovalPermit, ResourceState, StartRequest } from '../provider.ts';
import type { IsolationEvidence, Resource } from '../resource.ts';
import { classifySystemError } from './classify-system-error.ts';
import { describeFolder, makeMarkedFolder } from './mark-file.ts';
import { dropsRoot } from './sandbox/launch.ts';
import { endOwnProcesses, findOwnProcesses } from './own-processes.ts';

export interface LocalProviderDeps {
  readonly clock: Clock;
  readonly listRecoveryPoints: (spec: RestoreSpec, signal: AbortSignal) => Promise<RecoveryPointListing>;
  /** The best level of isolation that this machine offers. */
  readonly availableLevel: () => Promise<IsolationLevel>;
  readonly proveIsolation: (
    of: { level: IsolationLevel; sandboxFolder: string; serverPid?: number; restoredFolder?: string },
    signal: AbortSignal,
  ) => Promise<IsolationEvidence>;
  /** Built file of the process that restores. */
  readonly workerFile: string;
  /** Folders to look for PostgreSQL in, instead of the well-known ones. */
  readonly postgresDirs?: readonly string[];
}

/** Looking costs one small file; a tenth of a second stays far below 1 % of any restore that is worth measuring. */
const POLL_INTERVAL = 100;

/** Restores on this machine: a marked folder a sandbox, in it a marked folder and a worker process a restore. */
export function localProvider(deps: LocalProviderDeps): Provider {
  return {
    kind: 'local',
    properties: { absenceGrace: 0, pollInterval: POLL_INTERVAL },
    listRecoveryPoints: deps.listRecoveryPoints,
    start: async (request) => (request.kind === 'sandbox' ? startSandbox(request, deps) : startRestore(request, deps)),
    look: async (resources) => Promise.all(resources.map(stateOf)),
    async proveIsolation(sandbox, restored, signal) {
      const level = await levelOf(sandbox.id);
      if (restored === undefined) return deps.proveIsolation({ level, sandboxFolder: sandbox.id }, signal);
      const serverPid = await readPid(join(restored.id, 'server.json'));
      return deps.proveIsolation(
        { level, sandboxFolder: sandbox.id, restoredFolder: restored.id, ...(serverPid !== undefined && { serverPid }) },
        signal,
      );
    },
    startRemoval: async (resource, permit) => remove(resource, permit, deps.clock),
    listMarked: async ({ folder, drillId }) => listMarked(folder, drillId),
    classify: classifySystemError,
  };
}

/** Nobody may list it; who knows a name in it may go on to that. */
const ENTERED_BY_ALL = 0o711;

/** A server that root started as another user has to get to its data. */
function folderMode(level: IsolationLevel): number {
  return dropsRoot(level) ? ENTERED_BY_ALL : 0o700;
}

async function startSandbox({ drill, token }: StartRequest, deps: LocalProviderDeps): Promise<Resource> {
  await mkdir(drill.sandbox.folder, { recursive: true, mode: ENTERED_BY_ALL });
  const id = join(await realpath(drill.sandbox.folder), drill.drillId);
  const resource: Resource = { provider: 'local', type: 'sandbox', id, name: 'sandbox', token };
  // The level is decided once: a drill that is resumed under other circumstances must not mix two.
  const level = (await levelOf(id).catch(() => undefined)) ?? (await deps.availableLevel());
  await makeMarkedFolder({ folder: id, resource, drill, mode: folderMode(level) });
  await writeWholeFile(levelFile(id), JSON.stringify({ level }));
  return resource;
}

async function startRestore(
  request: StartRequest & { readonly kind: 'restore' },
  deps: LocalProviderDeps,
): Promise<Resource> {
  const { drill, token, spec } = request;
  const sandbox = join(await realpath(drill.sandbox.folder), drill.drillId);
  const id = join(sandbox, spec.name);
  const resource: Resource = { provider: 'local', type: spec.kind, id, name: spec.name, token };
  const level = await levelOf(sandbox);
  await makeMarkedFolder({ folder: id, resource, drill, mode: folderMode(level) });
  if ((await findOwnProcesses(id)).some(({ isWorker }) => isWorker)) return resource;
  const { postgresDirs } = deps;
  await writeWholeFile(join(id, 'request.json'), JSON.stringify({ request, level, ...(postgresDirs && { postgresDirs }) }));
  // A state that a dead worker has left must not be taken for the new one's.
  await rm(join(id, 'state.json'), { force: true });
  await spawnWorker(id, deps.workerFile);
  return resource;
}

/** The worker outlives its starter: a drill whose runner is killed finds it again. */
async function spawnWorker(folder: string, workerFile: string): Promise<void> {
  const log = await open(join(folder, 'worker.log'), 'a', 0o600);
  try {
    const worker = spawn(process.execPath, [workerFile, folder], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await new Promise((resolve, reject) => {
      worker.once('spawn', resolve);
      worker.once('error', reject);
    });
    worker.unref();
  } finally {
    await log.close();
  }
}

async function stateOf({ id, type }: Resource): Promise<ResourceState> {
  const isThere = await stat(id).then(
    () => true,
    () => false,
  );
  if (!isThere) return (await findOwnProcesses(id)).length === 0 ? { kind: 'gone' } : { kind: 'pending', detail: 'ending' };
  if (type === 'sandbox') return { kind: 'ready' };
  const before = await readState(id);
  if (before?.kind === 'failed') return before;
  const isAlive = (await findOwnProcesses(id)).some(({ isWorker }) => isWorker);
  // Read again, since a worker may have settled and ended between the two looks.
  const state = await readState(id);
  if (isAlive || state?.kind === 'failed') return state ?? { kind: 'pending', detail: 'starting' };
  return { kind: 'lost', because: 'its worker process is gone' };
}

async function readState(folder: string): Promise<ResourceState | undefined> {
  const text = await readFile(join(folder, 'state.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ResourceState);
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { pid: number }).pid;
}

async function remove(resource: Resource, permit: RemovalPermit, clock: Clock): Promise<void> {
  const described = await describeFolder(resource.id);
  if (described !== undefined) {
    const refusal = refusalToRemove(described, permit);
    if (refusal) throw new ProblemError(refusal);
  }
  await endOwnProcesses(resource.id, clock);
  if (described !== undefined) await removeFolder(resource.id);
}

/** Links in it are removed, never followed (rm of node:fs). A folder without write permission is given it first. */
async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    const inner = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const one of inner) if (one.isDirectory()) await chmod(join(one.parentPath, one.name), 0o700).catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
}

async function listMarked(root: string, drillId: string | undefined): Promise<readonly MarkedResource[]> {
  const place = await realpath(root).catch(() => undefined);
  if (place === undefined) return [];
  const sandboxes = await foldersIn(place);
  const restored = (await Promise.all(sandboxes.map(foldersIn))).flat();
  const listed = await Promise.all([...sandboxes, ...restored].map(marked));
  return listed.flat().filter((one) => drillId === undefined || one.drillId === drillId);
}

async function marked(folder: string): Promise<readonly MarkedResource[]> {
  const described = await describeFolder(folder);
  if (described?.mark === undefined || described.mark.proof !== described.expectedProof) {
    // One that was killed before it got its mark is still empty, and rmdir removes nothing else.
    if (folder.includes('/.unfinished-')) await rmdir(folder).catch(() => {});
    return [];
  }
  const { resource, mark } = described;
  return [{ resource, drillId: mark.drillId, expiresAt: mark.expiresAt }];
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

function levelFile(sandboxFolder: string): string {
  return join(sandboxFolder, 'sandbox.json');
}

async function levelOf(sandboxFolder: string): Promise<IsolationLevel> {
  return (JSON.parse(await readFile(levelFile(sandboxFolder), 'utf8')) as { level: IsolationLevel }).level;
}
