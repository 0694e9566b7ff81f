import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RecoveryPoint, RecoveryPointListing } from '../catalog/recovery-point.ts';
import { byCapturedTimeAndId } from '../catalog/selection.ts';
import { ProblemError } from '../diagnostics/problem-error.ts';
import { DATABASE_KINDS, type Listings, belongsAround, isOwn, partsBelow, unusableOf } from '../init/sort-out.ts';
import { listLocalRecoveryPoints } from '../providers/local/list-recovery-points.ts';
import { EMPTY_DUMP } from '../providers/local/postgres-dump/dump-problems.ts';
import type { LocalRestore } from '../runbook/restore-spec.ts';
import type { FoundInFolder, FoundSource } from './init-found.ts';
import { repositoriesIn } from './init-repository.ts';

const WAL_SEGMENT = /^[0-9A-F]{24}(?:\.[a-z0-9]+)?$/;
/** Where manifests lie, as drillbook puts them beside the backups. */
const MANIFESTS = 'manifests';
/** Said of every script, in whatever tree of files it lies. */
const NO_BACKUP = 'restore/not-a-dump';

/**
 * What a folder of backups holds: backups of its own, and services, each in a folder of its own. Reads only.
 *
 * @throws ProblemError where the folder itself cannot be read
 */
export async function discover(folder: string, signal: AbortSignal): Promise<FoundInFolder> {
  const around = await look(folder, signal);
  if (around.repositories.length > 0) return { sources: around.repositories, unusable: [], leftOver: [] };
  const own = ownSources(around);
  const services: Found[] = [];
  for (const child of serviceFolders(around, own)) services.push(await lookAtService(child, signal));
  const files = await filesIn(around, own, services);
  const sources = [...own, ...files.sources, ...services.flatMap((one) => one.sources)].sort(byFolder);
  const served = services.flatMap(({ at, sources: ofService }) => (ofService.length > 0 ? [at.folder] : []));
  const unusable = [
    // What is in a service its own listing tells.
    ...unusableOf(folder, around.listings)
      .filter(({ id }) => !served.some((one) => `${folder}/${id}`.startsWith(`${one}/`)))
      .map((one) => ({ ...one, folder })),
    ...services.flatMap(({ at, sources: ofService }) =>
      ofService.length === 0 ? [] : unusableOf(at.folder, at.listings).map((one) => ({ ...one, folder: at.folder })),
    ),
  ];
  return { sources, unusable: unusable.filter((one) => !isFile(one, sources)), leftOver: files.leftOver };
}

/** What another kind says of a file that is a part of a set of files is nothing to tell. */
function isFile({ folder, id }: FoundInFolder['unusable'][number], sources: readonly FoundSource[]): boolean {
  const sets = sources.filter(({ kind }) => kind === 'files').flatMap(({ points }) => points);
  return sets.some(({ location }) => join(folder, id).startsWith(`${location}/`));
}

/** Of one folder, in the order of kinds. */
function byFolder(a: FoundSource, b: FoundSource): number {
  return a.folder === b.folder ? 0 : a.folder < b.folder ? -1 : 1;
}

/** A folder as all kinds see it. */
interface Looked {
  readonly folder: string;
  readonly children: readonly Dirent[];
  readonly wal?: FoundSource['wal'];
  readonly listings: Listings;
  readonly repositories: readonly FoundSource[];
}

interface Found {
  readonly at: Looked;
  readonly sources: readonly FoundSource[];
}

async function look(folder: string, signal: AbortSignal): Promise<Looked> {
  const children = await entriesOf(folder);
  const names = children.map(({ name }) => name);
  const repositories = (await repositoriesIn(folder, names)).map((repository): FoundSource => {
    return { folder, kind: repository.tool === 'restic' ? 'files' : 'postgres', points: [], repository };
  });
  if (repositories.length > 0) return { folder, children, listings: {}, repositories };
  const wal = await walIn(folder, children);
  const listings: Record<string, RecoveryPointListing> = {};
  for (const kind of [...DATABASE_KINDS, 'files'] as const) {
    const { points, unusable } = await listLocalRecoveryPoints(specOf(kind, folder, wal?.folder), signal);
    listings[kind] = { points: points.toSorted(byCapturedTimeAndId), unusable };
  }
  return { folder, children, ...(wal && { wal }), listings, repositories };
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const message = `'${folder}' cannot be read: ${code === 'ENOTDIR' ? 'it is no folder' : code}`;
    const hint = 'Name a folder of backups that the user who runs drillbook can read.';
    throw new ProblemError({ code: 'init/folder-unreadable', message, hint, blames: 'environment' }, error);
  }
}

async function walIn(folder: string, children: readonly Dirent[]): Promise<FoundSource['wal']> {
  for (const child of children.filter((one) => one.isDirectory())) {
    const path = join(folder, child.name);
    const names = await readdir(path).catch(() => []);
    if (names.some((name) => WAL_SEGMENT.test(name))) return { folder: path, isDefault: child.name === 'wal' };
  }
  return undefined;
}

/** What lies in the folder itself. Where its WAL lies too, all base backups below belong to that. */
function ownSources({ folder, listings, wal }: Looked): readonly FoundSource[] {
  return DATABASE_KINDS.flatMap((kind): readonly FoundSource[] => {
    const all = listings[kind]?.points ?? [];
    const hasWal = kind === 'postgres' && wal !== undefined;
    const points = hasWal ? all : all.filter((point) => isOwn(folder, point));
    return points.length === 0 ? [] : [{ folder, kind, points, ...(hasWal && { wal }) }];
  });
}

/** Folders that may be of a service: not those that are a backup, or hold the folder's own. */
function serviceFolders({ folder, children, wal, listings }: Looked, own: readonly FoundSource[]): readonly string[] {
  const unusable = DATABASE_KINDS.flatMap((kind) => (listings[kind]?.unusable ?? []).map(({ id }) => join(folder, id)));
  const backups = [...own.flatMap(({ points }) => points.map(({ location }) => location)), ...unusable];
  return children
    .filter((child) => child.isDirectory() && !child.name.startsWith('.') && child.name !== MANIFESTS)
    .filter(({ name }) => !belongsAround(name))
    .map(({ name }) => join(folder, name))
    .filter((path) => path !== wal?.folder)
    .filter((path) => !backups.some((one) => one === path || (isOwnPath(own, one) && one.startsWith(`${path}/`))));
}

function isOwnPath(own: readonly FoundSource[], path: string): boolean {
  return own.some(({ points }) => points.some(({ location }) => location === path));
}

async function lookAtService(folder: string, signal: AbortSignal): Promise<Found> {
  let at: Looked;
  try {
    at = await look(folder, signal);
  } catch (error) {
    // One that cannot be read is told of by the listing of the folder around.
    if (!(error instanceof ProblemError)) throw error;
    return { at: { folder, children: [], listings: {}, repositories: [] }, sources: [] };
  }
  if (at.repositories.length > 0) return { at, sources: at.repositories };
  const sources = DATABASE_KINDS.flatMap((kind): readonly FoundSource[] => {
    const points = at.listings[kind]?.points ?? [];
    return points.length === 0 ? [] : [{ folder, kind, points, ...(kind === 'postgres' && at.wal && { wal: at.wal }) }];
  });
  return { at, sources };
}

/**
 * Sets of files, of what no other kind claims. A source of files draws from all that is in it, so that the folder itself
 * is one only where nothing else is in it; else each free folder is one of its own, and free archives are left over.
 */
async function filesIn(
  { folder, listings }: Looked,
  own: readonly FoundSource[],
  services: readonly Found[],
): Promise<Pick<FoundInFolder, 'sources' | 'leftOver'>> {
  const sets = listings.files?.points ?? [];
  const free: RecoveryPoint[] = [];
  for (const set of sets) {
    const noClaims = (await holdsBytes(set.location)) ? [NO_BACKUP, EMPTY_DUMP] : [NO_BACKUP];
    if (isFree(set.location, { folder, own, services, listings, noClaims })) free.push(set);
  }
  const served = services.filter(({ sources }) => sources.length === 0);
  const apart = served.filter(({ at }) => free.some(({ location }) => location === at.folder) && isServiceOfFiles(at));
  if (free.length === sets.length && apart.length === 0 && free.length > 0) {
    return { sources: [{ folder, kind: 'files', points: free }], leftOver: [] };
  }
  const folders = served.filter(({ at }) => free.some(({ location }) => location === at.folder));
  const sources = folders.flatMap(({ at }): readonly FoundSource[] => {
    const points = at.listings.files?.points ?? [];
    return points.length === 0 ? [] : [{ folder: at.folder, kind: 'files', points }];
  });
  const taken = new Set(sources.map((one) => one.folder));
  return { sources, leftOver: free.filter(({ location }) => !taken.has(location)) };
}

interface Claims extends Pick<Looked, 'folder' | 'listings'> {
  readonly own: readonly FoundSource[];
  readonly services: readonly Found[];
  /** Codes of what may be said of any file: an empty one among others is a dump of nothing. */
  readonly noClaims: readonly string[];
}

/** Of a folder, whether any file below it does, as far as it can be read. */
async function holdsBytes(path: string): Promise<boolean> {
  const found = await lstat(path);
  if (!found.isDirectory()) return found.isFile() && found.size > 0;
  for (const name of await readdir(path).catch(() => [])) if (await holdsBytes(join(path, name))) return true;
  return false;
}

/** Whether no other kind claims a set of files, or anything in it, or it is what another kind cannot use. */
function isFree(path: string, { folder, own, services, listings, noClaims }: Claims): boolean {
  const claimed = DATABASE_KINDS.flatMap((kind) => [
    ...(listings[kind]?.points ?? []).map(({ location }) => location),
    ...(listings[kind]?.unusable ?? [])
      .filter(({ problem }) => !noClaims.includes(problem.code))
      .map(({ id }) => join(folder, id)),
  ]);
  if (path === folder) return claimed.length === 0;
  const [name = ''] = partsBelow(folder, path);
  if (name === MANIFESTS || own.some(({ wal }) => wal?.folder === path)) return false;
  if (services.some(({ at, sources }) => at.folder === path && sources.length > 0)) return false;
  return !claimed.some((one) => one === path || one.startsWith(`${path}/`));
}

/** Whether what is in a folder are sets of files, rather than the folder being one. */
function isServiceOfFiles({ folder, listings }: Looked): boolean {
  return (listings.files?.points ?? []).some(
    ({ location, format }) => location !== folder && (format !== 'folder' || belongsAround(basename(location))),
  );
}

function specOf(kind: LocalRestore['kind'], source: string, wal: string | undefined): LocalRestore {
  const common = { name: 'init', source, needs: [], recoveryPoint: ANY, database: '' };
  switch (kind) {
    case 'postgres':
      return { ...common, kind, superuser: 'postgres', preload: [], ...(wal !== undefined && { wal }) };
    case 'postgres-dump':
      return { ...common, kind, jobs: 1 };
    default:
      return { ...common, kind };
  }
}

const ANY = { pick: { kind: 'random' }, to: { kind: 'backup-end' } } as const;
