import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { FoundRepository, FoundResource } from '../init/found.ts';
import { safeName, untaken } from '../init/safe-name.ts';
import { databasesIn } from './init-databases.ts';
import { type FoundSource, newestOf } from './init-found.ts';

/** Where a runbook expects passwords, seen from its folder: beside the folder of runbooks, in one of their own. */
const PASSWORDS = '../secrets';

/** Folders with more files than this are not counted to their end: nine tenths of so many is proof enough. */
const MOST_COUNTED = 1_000_000;

/** Gives each source a name of its own and looks at its newest point. `folder`: of the runbook, absolute. */
export async function nameResources(
  sources: readonly FoundSource[],
  folder: string,
  signal: AbortSignal,
): Promise<readonly FoundResource[]> {
  const taken = new Set<string>();
  const found: FoundResource[] = [];
  for (const source of sources) {
    const name = untaken(wantedName(source, sources), taken);
    taken.add(name);
    found.push(await describe(source, { name, folder, signal }));
  }
  return found;
}

/** After its folder; where that holds several kinds, after both. */
function wantedName(source: FoundSource, sources: readonly FoundSource[]): string {
  const called = safeName(basename(source.folder), source.kind);
  const sharing = sources.filter(({ folder }) => folder === source.folder);
  const isShared = sharing.some(({ kind }) => kind !== source.kind);
  if (isShared) return safeName(`${called.slice(0, 26)}-${source.kind}`, source.kind);
  const { repository } = source;
  return repository?.tool === 'pgbackrest' ? safeName(repository.stanza, called) : called;
}

async function describe(
  source: FoundSource,
  { name, folder, signal }: { readonly name: string; readonly folder: string; readonly signal: AbortSignal },
): Promise<FoundResource> {
  const newest = newestOf(source);
  const isTree = source.kind === 'files' && newest?.format === 'folder';
  const tree = isTree && newest ? await countFiles(newest.location, signal) : undefined;
  const bytes = tree?.bytes ?? newest?.bytes;
  return {
    name,
    kind: source.kind,
    source: seenFrom(folder, source.folder),
    points: source.points.map(({ id, capturedAt }) => ({ id, capturedAt })),
    databases: newest ? await databasesIn(newest, signal) : [],
    hasWal: source.wal !== undefined,
    ...(source.wal && !source.wal.isDefault && { wal: seenFrom(folder, source.wal.folder) }),
    ...(source.repository && { repository: withPassword(source.repository, name) }),
    ...(tree && tree.files > 0 && { files: tree.files }),
    ...(bytes !== undefined && { bytes }),
  };
}

/** A path as a runbook in a folder writes it. */
export function seenFrom(folder: string, path: string): string {
  const way = relative(folder, path);
  return way.startsWith('.') ? way : `./${way}`;
}

function withPassword(repository: NonNullable<FoundSource['repository']>, name: string): FoundRepository {
  const passwordFile = `${PASSWORDS}/${name}`;
  if (repository.tool === 'restic') return { tool: 'restic', passwordFile };
  const { tool, stanza, isEncrypted } = repository;
  return { tool, stanza, ...(isEncrypted && { passwordFile }) };
}

interface Tree {
  readonly files: number;
  readonly bytes: number;
}

/** Links are not followed: a restore makes no files of them. */
async function countFiles(folder: string, signal: AbortSignal): Promise<Tree> {
  let [files, bytes] = [0, 0];
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined && files < MOST_COUNTED; next = waiting.pop()) {
    signal.throwIfAborted();
    for (const entry of await readdir(next, { withFileTypes: true }).catch(() => [])) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      if (!entry.isFile()) continue;
      files += 1;
      bytes += (await stat(path).catch(() => undefined))?.size ?? 0;
    }
  }
  return { files, bytes };
}
