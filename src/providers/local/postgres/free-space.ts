import { open, readFile, stat, statfs } from 'node:fs/promises';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { BackupForm } from './backup-form.ts';
import { parseBackupManifest } from './backup-manifest.ts';
import type { TarFile } from './read-tar.ts';

/** What the server needs beside what is restored: new WAL, temporary files, logs. */
const RESERVE = 64 * 1024 * 1024;
export const NOT_ENOUGH_SPACE = 'restore/not-enough-space';
const GIB_4 = 2 ** 32;

/** What a backup takes when it is unpacked. `undefined` for a folder, which is listed anyway. */
export async function unpackedBytes(form: BackupForm & { kind: 'tar' }): Promise<number> {
  const listed = form.manifest === undefined ? undefined : parseBackupManifest(await readFile(form.manifest));
  if (listed && 'manifest' in listed) {
    const data = [...listed.manifest.files.values()].reduce((sum, { size }) => sum + size, 0);
    return data + (form.wal ? await contentBytes(form.wal) : 0);
  }
  const sizes = await Promise.all([form.base, ...form.tablespaces, ...(form.wal ? [form.wal] : [])].map(contentBytes));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Why a restore would not fit; `undefined` when it does. */
export async function spaceProblem(folder: string, needed: number): Promise<Problem | undefined> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  return needed + RESERVE <= free
    ? undefined
    : notEnoughSpace(`it needs ${mib(needed + RESERVE)}, and ${mib(free)} are free`);
}

/** The disk is, or would be, full. */
export function notEnoughSpace(why: string): Problem {
  return {
    code: NOT_ENOUGH_SPACE,
    message: `the sandbox's disk is too small for this restore: ${why}`,
    hint: "Free some space, or let 'sandbox.folder' lie on a larger disk.",
    blames: 'environment',
  };
}

/** A gzip file ends in the size of its content modulo 4 GiB (RFC 1952); the true one is not below the file's own. */
async function contentBytes({ file, gzip }: TarFile): Promise<number> {
  const { size } = await stat(file);
  if (!gzip || size < 18) return size;
  const handle = await open(file, 'r');
  try {
    const trailer = Buffer.alloc(4);
    await handle.read(trailer, 0, 4, size - 4);
    const remainder = trailer.readUInt32LE(0);
    return remainder + Math.max(0, Math.ceil((size - remainder) / GIB_4)) * GIB_4;
  } finally {
    await handle.close();
  }
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
