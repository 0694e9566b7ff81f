import { chmod, chown, mkdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RecoveryPointListing } from '../../catalog/recovery-point.ts';
import { isAtLeast } from '../../drill/isolation.ts';
import type { LocalRestore } from '../../runbook/restore-spec.ts';
import type { IsolationLevel, LocalLevel, LocalPlace, SandboxPlace } from '../../runbook/runbook.ts';
import { builtFile } from '../../support/built-file.ts';
import type { Clock } from '../../support/clock.ts';
import type { Millis } from '../../support/time.ts';
import type { Provider, ResourceState, StartRequest } from '../provider.ts';
import type { Endpoint, IsolationEvidence, IsolationProof, Resource } from '../resource.ts';
import { classifyLocal } from './classify-local.ts';
import { localDamager } from './damage/local-damager.ts';
import { isWhole, lstatOf, makeMarkedFolder, readMarkedFolder } from './mark-file.ts';
import { folderAndPassing, listMarked, processOf } from './marked-folders.ts';
import { removeResource } from './removal.ts';
import { proveClosed } from './sandbox/closed-to-others.ts';
import { proveIsolation } from './sandbox/isolation.ts';
import { SANDBOX_UID, dropsRoot } from './sandbox/launch.ts';
import type { AvailableLevel } from './sandbox/levels.ts';
import { findProcesses } from './sandbox/processes.ts';
import type { LocalRequest } from './worker/worker-context.ts';
import { serverPid, startWorker, workerState } from './worker/worker-process.ts';

/** What the provider is given, since it reads no environment. */
export interface LocalProviderDeps {
  readonly clock: Clock;
  readonly listRecoveryPoints: (spec: LocalRestore, signal: AbortSignal) => Promise<RecoveryPointListing>;
  /** The best level of isolation that this machine offers. */
  readonly availableLevel: () => Promise<AvailableLevel>;
  /** `PATH`, for the tools that isolation is proven with. */
  readonly path?: string | undefined;
  /** Built file of the process that restores; drillbook's own, unless a test has another. */
  readonly workerFile?: string;
  /** Folders to look for PostgreSQL in, instead of the well-known ones. */
  readonly postgresDirs?: readonly string[];
}

/** In ms. A look costs four small files, on a machine that has a restore to do. */
const POLLING = { shortest: 25, longest: 500, partOfElapsed: 0.02 };

/** What ends is noticed within a fiftieth of what it took. */
function pollInterval(elapsed: Millis): Millis {
  return Math.min(POLLING.longest, Math.max(POLLING.shortest, elapsed * POLLING.partOfElapsed));
}

type Deps = LocalProviderDeps & { readonly workerFile: string };

/** Restores on this machine: a marked folder a sandbox, in it a marked folder and a worker process a restore. */
export function localProvider(given: LocalProviderDeps): Provider {
  const deps: Deps = { workerFile: builtFile(import.meta.url, './worker/restore-worker.js'), ...given };
  return {
    kind: 'local',
    properties: { absenceGrace: 0, pollInterval },
    async listRecoveryPoints(spec, signal) {
      if (spec.kind === 'rds') throw new Error(`nothing of kind '${spec.kind}' is restored on this machine`);
      return given.listRecoveryPoints(spec, signal);
    },
    async start(request, signal) {
      signal.throwIfAborted();
      return request.kind === 'sandbox' ? startSandbox(request, deps) : startRestore(localRequest(request), deps);
    },
    async look(resources, signal) {
      signal.throwIfAborted();
      return Promise.all(resources.map(async (resource) => stateOf(resource, deps)));
    },
    async proveIsolation(sandbox, restored, signal) {
      signal.throwIfAborted();
      return prove(sandbox, restored, deps);
    },
    async startRemoval(resource, permit, signal) {
      signal.throwIfAborted();
      await removeResource(resource, permit, deps.clock, signal);
    },
    async listMarked(scope, signal) {
      signal.throwIfAborted();
      return listMarked({ ...scope, folder: localPlace(scope.place).folder }, signal);
    },
    damager: localDamager(deps.workerFile),
    classify: classifyLocal,
  };
}

function localRequest(request: StartRequest): LocalRequest {
  if (request.kind === 'restore' && request.spec.kind !== 'rds') return { ...request, spec: request.spec };
  throw new Error(`this machine cannot start a '${request.kind}' of that kind`);
}

function localPlace(place: SandboxPlace): LocalPlace {
  if (place.provider === 'aws') throw new Error('a sandbox on AWS was asked of the local provider');
  return place;
}

/** The text of `sandbox.json`: decided once, so that a drill that is resumed under other circumstances mixes no levels. */
interface SandboxText {
  readonly level: LocalLevel;
  readonly because: string;
  readonly minimum: IsolationLevel;
}

const SANDBOX_FILE = 'sandbox.json';
const REQUEST_FILE = 'request.json';

async function startSandbox({ drill, token }: StartRequest, deps: Deps): Promise<Resource> {
  // Others may pass through the folder of all sandboxes, but not list it: root's servers at L0 run as another user.
  const { folder } = localPlace(drill.sandbox);
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const id = join(await realpath(folder), drill.drillId);
  const resource: Resource = { provider: 'local', type: 'sandbox', id, name: 'sandbox', token };
  if (!(await isThere(resource))) {
    const { level, because } = await deps.availableLevel();
    const text: SandboxText = { level, because, minimum: drill.sandbox.minimumIsolation };
    await makeFolder(resource, drill, { [SANDBOX_FILE]: JSON.stringify(text) });
  }
  await letSandboxPass(id, (await readSandbox(id)).level);
  return resource;
}

async function startRestore(request: LocalRequest, deps: Deps): Promise<Resource> {
  const { drill, token, spec } = request;
  const sandbox = join(await realpath(localPlace(drill.sandbox).folder), drill.drillId);
  const id = join(sandbox, spec.name);
  const resource: Resource = { provider: 'local', type: spec.kind, id, name: spec.name, token };
  const { level } = await readSandbox(sandbox);
  if (!(await isThere(resource))) {
    const { postgresDirs } = deps;
    const text = JSON.stringify({ request, level, ...(postgresDirs && { postgresDirs }) });
    await makeFolder(resource, drill, { [REQUEST_FILE]: text });
  }
  await letSandboxPass(id, level);
  const state = await workerState(id, deps.workerFile);
  if (state.kind === 'lost') await startWorker(id, deps.workerFile);
  return resource;
}

async function makeFolder(
  resource: Resource,
  { drillId, sandbox: { expiresAt } }: StartRequest['drill'],
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await makeMarkedFolder({ drillId, expiresAt, resource, files });
}

/** Whether the very resource is there already; what else may lie at its place is found when it is made. */
async function isThere(resource: Resource): Promise<boolean> {
  const folder = await readMarkedFolder(resource.id);
  return folder !== undefined && isWhole(folder) && folder.resource.token === resource.token;
}

/** A server that root started as another user has to get to its data. */
async function letSandboxPass(folder: string, level: LocalLevel): Promise<void> {
  if (!dropsRoot(level)) return;
  await chown(folder, 0, SANDBOX_UID);
  await chmod(folder, 0o710);
}

async function stateOf(resource: Resource, { workerFile }: Deps): Promise<ResourceState> {
  const wanted = processOf(resource);
  if (resource.type === 'process' && wanted) {
    const isAlive = (await findProcesses(wanted.sandbox)).some(
      ({ pid, startTime }) => pid === wanted.pid && startTime === wanted.startTime,
    );
    return isAlive ? { kind: 'ready' } : { kind: 'gone' };
  }
  if (await lstatOf(resource.id)) {
    return resource.type === 'sandbox' ? { kind: 'ready' } : workerState(resource.id, workerFile);
  }
  const isPassing = (await folderAndPassing(resource)).length > 0 || (await findProcesses(resource.id)).length > 0;
  return isPassing ? { kind: 'pending', detail: 'being removed' } : { kind: 'gone' };
}

async function prove(sandbox: Resource, restored: Resource | undefined, deps: Deps): Promise<IsolationEvidence> {
  const { level, because, minimum } = await readSandbox(sandbox.id);
  const trial = { level, folder: sandbox.id, path: deps.path };
  const evidence = restored ? await proveRestored(trial, restored, deps) : await proveIsolation(trial);
  if (isAtLeast(level, minimum)) return evidence;
  return { level, proofs: [...evidence.proofs, levelTooLow(level, minimum, because)] };
}

async function proveRestored(
  trial: { level: LocalLevel; folder: string; path: string | undefined },
  restored: Resource,
  { workerFile }: Deps,
): Promise<IsolationEvidence> {
  const state = await workerState(restored.id, workerFile);
  const endpoint = state.kind === 'ready' ? state.endpoint : undefined;
  if (endpoint?.kind === 'sqlite' || endpoint?.kind === 'files') {
    const { level, proofs } = await proveIsolation(trial);
    return { level, proofs: [...proofs, await proveClosed(restored.id, "the restored resource's folder")] };
  }
  const socketFolder = socketFolderOf(endpoint);
  const pid = await serverPid(restored.id);
  if (socketFolder === undefined || pid === undefined) return { level: trial.level, proofs: [noServer(restored)] };
  return proveIsolation({ ...trial, restored: { pid, folder: restored.id, socketFolder } });
}

function socketFolderOf(endpoint: Endpoint | undefined): string | undefined {
  if (endpoint?.kind === 'postgres') return endpoint.host;
  return endpoint?.kind === 'mysql' ? dirname(endpoint.socket) : undefined;
}

function noServer({ name }: Resource): IsolationProof {
  return {
    claim: `the restored server of '${name}' is isolated`,
    method: 'looked for the server that its worker started',
    expected: 'a server that runs',
    observed: 'no server runs',
    holds: false,
  };
}

function levelTooLow(level: LocalLevel, minimum: IsolationLevel, because: string): IsolationProof {
  return {
    claim: `the sandbox is isolated at level ${minimum} or better`,
    method: 'tried which levels this machine offers',
    expected: minimum,
    observed: `${level}, since ${because}`,
    holds: false,
  };
}

async function readSandbox(sandbox: string): Promise<SandboxText> {
  return JSON.parse(await readFile(join(sandbox, SANDBOX_FILE), 'utf8')) as SandboxText;
}
