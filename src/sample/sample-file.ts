import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../support/time.ts';
import type { BackupForm } from './base-backup.ts';

/** Lies in the sample's folder and is written last: what the sample holds. Nothing that draws or checks reads it. */
export const SAMPLE_FILE = 'sample.json';

/** What `sample.json` says. */
export interface Sample {
  readonly sample: 1;
  readonly database: string;
  readonly superuser: string;
  /** e.g. `18.4`. */
  readonly engineVersion: string;
  readonly builtAt: Instant;
  /** Rows of the shop at the end, all tables together. */
  readonly rows: number;
  readonly recoveryPoints: readonly SamplePoint[];
  readonly wal: { readonly folder: string; readonly bytes: number };
  /** The recovery point whose source had lost a page of a table before the backup was taken. */
  readonly damaged: { readonly id: string; readonly table: string; readonly page: number };
}

/** One base backup of the sample. Paths are relative to the sample's folder. */
export interface SamplePoint {
  /** Also its folder. */
  readonly id: string;
  readonly form: BackupForm;
  readonly takenAt: Instant;
  /** Of all its files. */
  readonly bytes: number;
  readonly rows: number;
  readonly manifest: string;
}

/** A folder as the sample finds it. `other`: what lies there was not made by it. */
export type FoundSample =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly sample: Sample }
  | { readonly kind: 'broken' }
  | { readonly kind: 'other' };

/** Looks whether a folder holds a sample, and whether all of it is still there. */
export async function findSample(folder: string): Promise<FoundSample> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => error.code);
  if (names === 'ENOENT') return { kind: 'none' };
  if (!Array.isArray(names)) return { kind: 'other' };
  if (names.length === 0) return { kind: 'none' };
  const sample = await readSample(folder);
  if (sample === undefined) return { kind: 'other' };
  return (await isWhole(folder, sample)) ? { kind: 'whole', sample } : { kind: 'broken' };
}

/** Bytes of all files below a folder. */
export async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sizes = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? bytesBelow(path) : (await lstat(path)).size;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function readSample(folder: string): Promise<Sample | undefined> {
  try {
    const read = JSON.parse(await readFile(join(folder, SAMPLE_FILE), 'utf8')) as Partial<Sample> | null;
    return read?.sample === 1 ? (read as Sample) : undefined;
  } catch {
    return undefined;
  }
}

async function isWhole(folder: string, { recoveryPoints, wal }: Sample): Promise<boolean> {
  try {
    for (const { id, bytes, manifest } of recoveryPoints) {
      if ((await bytesBelow(join(folder, id))) !== bytes) return false;
      await lstat(join(folder, manifest));
    }
    return (await bytesBelow(join(folder, wal.folder))) === wal.bytes;
  } catch {
    return false;
  }
}
