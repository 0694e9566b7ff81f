import { readFile, readdir, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import { type DescribedResource, type Mark, proofText, refusalToRemove } from '../../drill/guard.ts';
import type { Clock } from '../../support/clock.ts';
import { sha256Hex } from '../../support/sha256-hex.ts';
import { instantOf } from '../../support/time.ts';
import type { RemovalPermit } from '../provider.ts';
import type { Resource } from '../resource.ts';
import { type MarkedFolder, lstatOf, setAside, shortMark } from './mark-file.ts';
import { folderAndPassing, processOf } from './marked-folders.ts';
import { removeTree } from './remove-tree.ts';
import { isWithin } from './sandbox/launch.ts';
import { endProcesses, findProcesses, processStartedAt } from './sandbox/processes.ts';

/**
 * Removes a folder of a drill with all it holds, after the processes that work in it; or a process whose sandbox is gone.
 * What is already gone is fine. Killed in the middle, it is finished by the next removal.
 *
 * @throws ProblemError when the guard refuses, or processes are left
 */
export async function removeResource(
  resource: Resource,
  permit: RemovalPermit,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (resource.type === 'process') return removeProcess(resource, permit, clock, signal);
  const folders = await folderAndPassing(resource);
  if (folders.length === 0 && (await lstatOf(resource.id))) refuseUnless(withoutMark(resource), permit);
  for (const folder of folders) refuseUnless(await describe(folder, resource), permit);
  await endAll([resource.id, ...(await shortMarksOf(resource, folders))], clock, signal);
  for (const folder of folders) await removeTree(await setAside(folder));
}

function refuseUnless(described: DescribedResource, permit: RemovalPermit): void {
  const refusal = refusalToRemove(described, permit);
  if (refusal) throw new ProblemError(refusal);
}

function withoutMark(resource: Resource): DescribedResource {
  return { resource, expectedProof: '', isSource: false };
}

async function describe(folder: MarkedFolder, asked: Resource): Promise<DescribedResource> {
  return {
    // A folder that passes has lost its own name and token; its mark says whose it is.
    resource: folder.isPassing ? asked : folder.resource,
    mark: folder.mark,
    expectedProof: folder.expectedProof,
    createdAt: folder.createdAt,
    isSource: await holdsSource(folder.path),
  };
}

/** Whether a source of recovery points lies in a folder, by the requests of the restores in it. */
async function holdsSource(folder: string): Promise<boolean> {
  const own = await realpath(folder);
  const inner = await readdir(folder, { withFileTypes: true });
  const restores = [folder, ...inner.filter((one) => one.isDirectory()).map(({ name }) => join(folder, name))];
  const sources = (await Promise.all(restores.map(sourcesOf))).flat();
  const real = await Promise.all(sources.map(async (source) => realpath(source).catch(() => source)));
  return real.some((source) => isWithin(source, own));
}

async function sourcesOf(folder: string): Promise<readonly string[]> {
  try {
    const { request } = JSON.parse(await readFile(join(folder, 'request.json'), 'utf8')) as {
      request: { spec: { source: string; wal?: string }; point: { location: string } };
    };
    return [request.spec.source, request.spec.wal ?? request.spec.source, request.point.location];
  } catch {
    // No restore's folder, or one that was killed before its request was written and has read nothing.
    return [];
  }
}

/** The titles of a server's backends name its folder by a short mark only. */
async function shortMarksOf(resource: Resource, folders: readonly MarkedFolder[]): Promise<readonly string[]> {
  const inner = await Promise.all(folders.map(async ({ path }) => readdir(path)));
  return [resource.id, ...inner.flat().map((name) => join(resource.id, basename(name)))].map(shortMark);
}

async function endAll(texts: readonly string[], clock: Clock, signal: AbortSignal): Promise<void> {
  const left = await endProcesses(texts, clock, signal);
  if (left.length > 0) throw processesLeft(left.map(({ pid }) => pid));
}

async function removeProcess(
  resource: Resource,
  permit: RemovalPermit,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const wanted = processOf(resource);
  if (wanted === undefined) return refuseUnless(withoutMark(resource), permit);
  const found = await findProcesses(wanted.sandbox);
  const living = found.find(({ pid, startTime }) => pid === wanted.pid && startTime === wanted.startTime);
  if (living === undefined) return;
  const createdAt = await processStartedAt(living);
  const drillId = basename(wanted.sandbox);
  const expectedProof = sha256Hex(
    proofText({ drillId, kind: 'process', name: resource.token, account: String(living.pid), region: wanted.sandbox }),
  );
  // Its mark is the folder in its command line, which has just been read again.
  const mark: Mark = { drillId, expiresAt: instantOf(0), proof: expectedProof };
  const isGone = (await lstatOf(wanted.sandbox)) === undefined;
  refuseUnless(
    { resource, expectedProof, isSource: false, ...(isGone && { mark }), ...(createdAt && { createdAt }) },
    permit,
  );
  await endAll([wanted.sandbox], clock, signal);
}

function processesLeft(pids: readonly number[]): ProblemError {
  return new ProblemError({
    code: 'sandbox/processes-left',
    message: `unable to end all processes of the sandbox: ${pids.join(', ')} still run`,
    hint: "Look at those pids; end them by hand if they are the drill's, then run 'drillbook teardown' again.",
    blames: 'environment',
  });
}
