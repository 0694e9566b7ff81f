import type { RecoveryPoint, RecoveryPointListing } from '../catalog/recovery-point.ts';
import type { LocalRestore } from '../runbook/restore-spec.ts';

type Kind = LocalRestore['kind'];
type Unusable = RecoveryPointListing['unusable'][number];

/** What a folder holds, by the way of each kind. */
export type Listings = Readonly<Partial<Record<Kind, RecoveryPointListing>>>;

/** Kinds that know their backups by what these hold, surest first. Of files everything is one, so they come last. */
export const DATABASE_KINDS = ['postgres', 'postgres-dump', 'mysql', 'sqlite'] as const satisfies readonly Kind[];

/** Folders that are named after a time, or after how backups are made: what is in them belongs to the folder around. */
const OF_THE_FOLDER_AROUND =
  /^(?:\d[\d_.:TZ+-]*|base|backups?|dumps?|full|copies|snapshots?|hourly|daily|weekly|monthly|yearly)$/i;

/** Whether a folder is no service of its own. */
export function belongsAround(name: string): boolean {
  return OF_THE_FOLDER_AROUND.test(name);
}

/** The parts of a path below a folder; none for the folder itself. Both absolute, with '/' between parts. */
export function partsBelow(folder: string, path: string): readonly string[] {
  if (path === folder) return [];
  return path.slice(folder.endsWith('/') ? folder.length : folder.length + 1).split('/');
}

/** Whether a backup lies in the folder itself, or in one that only says when or how it was made. */
export function isOwn(folder: string, { location }: Pick<RecoveryPoint, 'location'>): boolean {
  return partsBelow(folder, location).slice(0, -1).every(belongsAround);
}

/**
 * What of a folder is unusable, once each: what another kind can use is no concern of this one, and of two reasons that of
 * the surer kind counts.
 */
export function unusableOf(folder: string, listings: Listings): readonly Unusable[] {
  // Not of files: of these everything is a set, whatever it is to another kind.
  const usable = new Set(
    DATABASE_KINDS.flatMap((kind) => (listings[kind]?.points ?? []).map(({ location }) => location)),
  );
  const told = new Map<string, Unusable>();
  for (const kind of [...DATABASE_KINDS, 'files'] as const) {
    for (const one of listings[kind]?.unusable ?? []) {
      const isUsed = usable.has(`${folder}/${one.id}`);
      if (!isUsed && !told.has(one.id)) told.set(one.id, one);
    }
  }
  return [...told.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
