import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Instant, instantOf } from '../../support/time.ts';
import type { MarkedResource } from '../provider.ts';
import type { Resource } from '../resource.ts';
import { type MarkedFolder, isWhole, lstatOf, passingPrefix, readMarkedFolder } from './mark-file.ts';
import { type FoundProcess, findProcesses } from './sandbox/processes.ts';

/**
 * All that carries a drill's mark in a folder of sandboxes: sandboxes, what is in them, those too that are being made or
 * removed, and the processes of drills whose sandbox is gone.
 */
export async function listMarked(
  scope: { readonly folder: string; readonly drillId?: string },
  signal: AbortSignal,
): Promise<readonly MarkedResource[]> {
  const root = await realpath(scope.folder).catch(() => undefined);
  if (root === undefined) return [];
  const sandboxes = await wholeFoldersIn(root);
  const inner = await Promise.all(sandboxes.map(async ({ path }) => wholeFoldersIn(path)));
  signal.throwIfAborted();
  const marked = [...inner.flat(), ...sandboxes].map(({ resource, mark }) => ({
    resource,
    drillId: mark.drillId,
    expiresAt: mark.expiresAt,
  }));
  const all = [...marked, ...(await strayProcesses(root))];
  return all.filter(({ drillId }) => scope.drillId === undefined || drillId === scope.drillId);
}

/** A folder as it lies there, and the one under whose name it is being made or removed: never both, but for a crash. */
export async function folderAndPassing(resource: Resource): Promise<readonly MarkedFolder[]> {
  const [parent, name] = splitPath(resource.id);
  const drillId = resource.type === 'sandbox' ? name : (splitPath(parent)[1] ?? '');
  const siblings = await readdir(parent).catch(() => []);
  const paths = siblings.filter((one) => one === name || one.startsWith(passingPrefix(drillId, name)));
  const folders = await Promise.all(paths.map(async (one) => readMarkedFolder(join(parent, one))));
  return folders.filter((folder) => folder !== undefined);
}

function splitPath(path: string): readonly [parent: string, name: string] {
  const cut = path.lastIndexOf('/');
  return [path.slice(0, cut), path.slice(cut + 1)];
}

/** Whatever has been tampered with or was copied here is not listed: it is nobody's to remove. */
async function wholeFoldersIn(folder: string): Promise<readonly MarkedFolder[]> {
  const names = await readdir(folder).catch(() => []);
  const folders = await Promise.all(names.map(async (name) => readMarkedFolder(join(folder, name))));
  return folders.filter((one) => one !== undefined && isWhole(one)) as readonly MarkedFolder[];
}

/** Nothing can need a process whose sandbox is gone, so it has always expired. */
const EXPIRED: Instant = instantOf(0);

async function strayProcesses(root: string): Promise<readonly MarkedResource[]> {
  const found = await findProcesses(root);
  const stray = await Promise.all(
    found.map(async (one) => {
      const drillId = drillNamedBy(one, root);
      if (drillId === undefined || (await lstatOf(join(root, drillId)))) return [];
      return [{ resource: processResource(one, join(root, drillId)), drillId, expiresAt: EXPIRED }];
    }),
  );
  return stray.flat();
}

function drillNamedBy({ command }: FoundProcess, root: string): string | undefined {
  const [, after = ''] = command.split(`${root}/`);
  return /^[\w-][\w.-]*/.exec(after)?.[0];
}

function processResource({ pid, startTime }: FoundProcess, sandbox: string): Resource {
  const id = `${sandbox}#${pid}@${startTime}`;
  return { provider: 'local', type: 'process', id, name: `process ${pid}`, token: id };
}

/** The process that a resource of type `process` stands for, and the sandbox that it named. */
export function processOf({
  id,
}: Resource): (Pick<FoundProcess, 'pid' | 'startTime'> & { sandbox: string }) | undefined {
  const [, sandbox, pid, startTime] = /^(.*)#(\d+)@(.+)$/.exec(id) ?? [];
  if (sandbox === undefined || startTime === undefined) return undefined;
  return { sandbox, pid: Number(pid), startTime };
}
