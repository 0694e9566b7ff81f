import { open, readFile, stat } from 'node:fs/promises';
import type { BackupForm } from './backup-form.ts';
import { parseBackupManifest } from './backup-manifest.ts';
import type { TarFile } from './read-tar.ts';

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
