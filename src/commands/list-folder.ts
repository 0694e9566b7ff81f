import { join } from 'node:path';
import type { RecoveryPointListing } from '../catalog/recovery-point.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { ProblemError } from '../diagnostics/problem-error.ts';
import type { LocalRestore } from '../runbook/restore-spec.ts';
import { discover } from './init-discover.ts';
import type { FoundInFolder, FoundSource } from './init-found.ts';
import type { CommandIo } from './io.ts';
import { listSource } from './list-source.ts';
import { sandboxFolder } from './read-runbook.ts';

/** What a folder holds by the way of one kind, or what cannot be used of it; as a runbook would name the source. */
export interface FolderListing {
  /** Absent where nothing usable says what it is. */
  readonly kind?: LocalRestore['kind'];
  readonly source: string;
  readonly listing: RecoveryPointListing;
}

/**
 * Lists whatever backups a folder holds, as `init` finds them, source by source: base backups, dumps, databases, sets of
 * files, what pgBackRest keeps. Reads only.
 *
 * @returns beside the listings what could not be asked, e.g. a repository that opens by a password alone
 */
export async function listFolder(
  folder: string,
  io: CommandIo,
): Promise<readonly (FolderListing | { readonly problem: Problem })[]> {
  let found: FoundInFolder;
  try {
    found = await discover(folder, new AbortController().signal);
  } catch (error) {
    if (error instanceof ProblemError) return [{ problem: error.problem }];
    throw error;
  }
  const listed: (FolderListing | { readonly problem: Problem })[] = [];
  const told = new Set<string>();
  for (const source of found.sources) {
    if (source.repository) {
      listed.push(await ofRepository(source, io));
      continue;
    }
    // The folder's kinds share what none of them can use: it is told once.
    const unusable = told.has(source.folder) ? [] : found.unusable.filter((one) => one.folder === source.folder);
    told.add(source.folder);
    listed.push({ kind: source.kind, source: source.folder, listing: { points: source.points, unusable } });
  }
  if (found.leftOver.length > 0) {
    listed.push({ kind: 'files', source: folder, listing: { points: found.leftOver, unusable: [] } });
  }
  const apart = found.unusable.filter((one) => !told.has(one.folder));
  if (apart.length > 0 || listed.length === 0) {
    const unusable = apart.map(({ folder: of, id, problem }) => ({ id: idIn(folder, join(of, id)), problem }));
    listed.push({ source: folder, listing: { points: [], unusable } });
  }
  return listed;
}

/** A path as the folder above calls it. */
function idIn(folder: string, path: string): string {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

async function ofRepository(
  { folder, kind, repository }: FoundSource,
  io: CommandIo,
): Promise<FolderListing | { readonly problem: Problem }> {
  if (repository?.tool !== 'pgbackrest' || repository.isEncrypted) {
    return { problem: closed(folder, repository?.tool ?? '') };
  }
  const { stanza } = repository;
  const spec: LocalRestore = {
    name: 'source',
    kind: 'postgres',
    source: folder,
    repository: { tool: 'pgbackrest', stanza },
    needs: [],
    recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'backup-end' } },
    database: '',
    superuser: 'postgres',
    preload: [],
  };
  const listing = await listSource(spec, { provider: 'local', folder: sandboxFolder(io) }, io);
  return 'problem' in listing ? listing : { kind, source: folder, listing };
}

function closed(folder: string, tool: string): Problem {
  return {
    code: 'restore/repository-closed',
    message: `'${folder}' is a repository of ${tool}, which opens with its password alone`,
    hint: `Write a runbook for it with 'drillbook init', put the password where that says, and call 'recovery-points' on the runbook.`,
    blames: 'environment',
  };
}
