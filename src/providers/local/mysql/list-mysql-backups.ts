import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type { RecoveryPoint, RecoveryPointListing } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { MysqlRestore } from '../../../runbook/restore-spec.ts';
import { isPhysicalBackup, readBackupInfo } from './backup-info.ts';
import { lookAtDump } from './dump-file.ts';

/** How many folders below the source a backup may lie. */
const DEEPEST = 2;
const IS_DUMP = /\.sql(?:\.gz)?$/;

interface Found {
  readonly kind: 'dump' | 'folder';
  readonly id: string;
  readonly path: string;
}

type Described = { readonly point: RecoveryPoint } | { readonly problem: Problem };

/**
 * All dumps (`.sql`, `.sql.gz`) and physical backups of MariaDB and MySQL in a source: the source itself, or up to two
 * folders below it. A point's id is its path from the source. What cannot be restored is listed with its reason. Links
 * are not followed. Reads only.
 *
 * @throws ProblemError `restore/source-unreadable` when the source itself cannot be read
 */
export async function listMysqlBackups(spec: MysqlRestore, signal: AbortSignal): Promise<RecoveryPointListing> {
  const source = resolve(spec.source);
  const points: RecoveryPoint[] = [];
  const unusable: { id: string; problem: Problem }[] = [];
  for (const found of await findIn(source)) {
    signal.throwIfAborted();
    const described = 'problem' in found ? found : await describe(found);
    if ('problem' in described) unusable.push({ id: found.id, problem: described.problem });
    else points.push(described.point);
  }
  return { points, unusable };
}

type Finding = Found | { readonly id: string; readonly problem: Problem };

async function findIn(source: string): Promise<readonly Finding[]> {
  try {
    if ((await stat(source)).isFile()) return [{ kind: 'dump', id: basename(source), path: source }];
    // A folder that cannot be read is reported below its source, and an unreadable source is thrown.
    await readdir(source);
  } catch (error) {
    throw new ProblemError(unreadable(source, error), error);
  }
  return findBelow(source, source, DEEPEST);
}

async function findBelow(source: string, folder: string, levels: number): Promise<Finding[]> {
  const id = relative(source, folder) || basename(source);
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    return [{ id, problem: unreadable(folder, error) }];
  }
  if (isPhysicalBackup(entries.map(({ name }) => name))) return [{ kind: 'folder', id, path: folder }];
  const found: Finding[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isFile() && IS_DUMP.test(entry.name)) found.push({ kind: 'dump', id: relative(source, path), path });
    if (entry.isDirectory() && levels > 0) found.push(...(await findBelow(source, path, levels - 1)));
  }
  return found;
}

async function describe(found: Found): Promise<Described> {
  try {
    return found.kind === 'dump' ? await describeDump(found) : await describeFolder(found);
  } catch (error) {
    return { problem: unreadable(found.path, error) };
  }
}

async function describeDump({ id, path }: Found): Promise<Described> {
  const looked = await lookAtDump(path);
  if ('problem' in looked) return looked;
  const { engine, captured, bytes, isGzip } = looked.dump;
  return {
    point: {
      ...common(id, path),
      ...captured,
      availableAt: captured.capturedAt,
      format: isGzip ? 'dump (sql.gz)' : 'dump (sql)',
      engine: { name: engine.flavour, version: engine.version },
      bytes,
    },
  };
}

async function describeFolder({ id, path }: Found): Promise<Described> {
  const read = await readBackupInfo(path);
  if ('problem' in read) return read;
  const { engine, captured, isPrepared } = read.info;
  const tool = engine.flavour === 'mariadb' ? 'mariadb-backup' : 'xtrabackup';
  return {
    point: {
      ...common(id, path),
      ...captured,
      availableAt: captured.capturedAt,
      format: `${tool} folder${isPrepared ? ' (prepared)' : ''}`,
      engine: { name: engine.flavour, version: engine.version },
    },
  };
}

function common(
  id: string,
  location: string,
): Pick<RecoveryPoint, 'id' | 'provider' | 'kind' | 'location' | 'consistency' | 'tags'> {
  return { id, provider: 'local', kind: 'mysql', location, consistency: 'application', tags: [] };
}

function unreadable(path: string, error: unknown): Problem {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return {
    code: 'restore/source-unreadable',
    message: `'${path}' cannot be read: ${code}`,
    hint: "Correct 'source' in the runbook, or let the user that runs drillbook read all of it.",
    blames: 'environment',
  };
}
