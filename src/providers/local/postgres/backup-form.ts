import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { TarFile } from './read-tar.ts';

/** How the files of a backup are stored. */
export type BackupForm =
  | { readonly kind: 'plain'; readonly folder: string; readonly hasLabel: boolean; readonly manifest?: string }
  | {
      readonly kind: 'tar';
      readonly folder: string;
      readonly base: TarFile;
      /** The WAL that was streamed with it. */
      readonly wal?: TarFile;
      readonly tablespaces: readonly (TarFile & { readonly oid: string })[];
      readonly manifest?: string;
    };

export type Recognised =
  | { readonly kind: 'backup'; readonly form: BackupForm }
  | { readonly kind: 'unusable'; readonly problem: Problem }
  | { readonly kind: 'none'; readonly folders: readonly string[] };

const MANIFEST = 'backup_manifest';
/** Found in a data folder and nowhere else. */
const DATA_FOLDER_PARTS: readonly string[] = ['global', 'pg_xact', 'pg_tblspc', 'backup_label', 'pg_multixact'];

/** Tells what a folder holds: a backup in one of the known forms, a broken one, or other folders. */
export async function recogniseBackup(folder: string): Promise<Recognised> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  const manifest = names.has(MANIFEST) ? { manifest: join(folder, MANIFEST) } : {};
  if (names.has('PG_VERSION')) {
    return { kind: 'backup', form: { kind: 'plain', folder, hasLabel: names.has('backup_label'), ...manifest } };
  }
  const base = tarNamed(folder, names, 'base');
  if (base) {
    const wal = tarNamed(folder, names, 'pg_wal');
    const tablespaces = [...names].flatMap((name) => tablespaceTar(folder, name));
    return { kind: 'backup', form: { kind: 'tar', folder, base, tablespaces, ...(wal ? { wal } : {}), ...manifest } };
  }
  const compressed = [...names].find((name) => /^base\.tar\.\w+$/.test(name));
  if (compressed !== undefined) return { kind: 'unusable', problem: unsupportedCompression(join(folder, compressed)) };
  if (DATA_FOLDER_PARTS.filter((part) => names.has(part)).length > 1)
    return { kind: 'unusable', problem: noVersion(folder) };
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return { kind: 'none', folders: folders.sort() };
}

/** Compressed in a way that only other tools read. */
function unsupportedCompression(file: string): Problem {
  return {
    code: 'restore/unsupported-compression',
    message: `'${file}' is compressed in a way that is not supported`,
    hint: 'Decompress it, or take backups with gzip or without compression (pg_basebackup --compress=gzip).',
    blames: 'environment',
  };
}

function tarNamed(folder: string, names: ReadonlySet<string>, stem: string): TarFile | undefined {
  if (names.has(`${stem}.tar`)) return { file: join(folder, `${stem}.tar`), gzip: false };
  if (names.has(`${stem}.tar.gz`)) return { file: join(folder, `${stem}.tar.gz`), gzip: true };
  return undefined;
}

function tablespaceTar(folder: string, name: string): (TarFile & { oid: string })[] {
  const parts = /^(\d+)\.tar(\.gz)?$/.exec(name);
  return parts?.[1] === undefined ? [] : [{ oid: parts[1], file: join(folder, name), gzip: parts[2] !== undefined }];
}

function noVersion(folder: string): Problem {
  return {
    code: 'restore/not-a-data-folder',
    message: `'${folder}' looks like a data folder of PostgreSQL, but has no 'PG_VERSION'`,
    hint: 'Take a new backup: this one is incomplete.',
    blames: 'backup',
  };
}
