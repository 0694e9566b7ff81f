import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readFile, readdir, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { beginChecksum } from '../../../../src/providers/local/postgres/checksum.ts';

/** Paths of all files below a folder, in order; links are listed, never followed. */
export async function listTree(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const lists = entries.map(async (entry) => {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? [`${path}/`, ...(await listTree(folder, path))] : [path];
  });
  return (await Promise.all(lists)).flat().sort();
}

/** One hash over names, kinds, modes, times and contents of all that is in a folder. */
export async function hashTree(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const path of await listTree(folder)) {
    const at = join(folder, path);
    const { mode, mtimeMs, size } = await lstat(at);
    hash.update(`${path} ${mode} ${mtimeMs} ${size}\n`);
    if (path.endsWith('/')) continue;
    hash.update((await lstat(at)).isSymbolicLink() ? await readlink(at) : await readFile(at));
  }
  return hash.digest('hex');
}

/** Writes `backup_manifest` for a plain backup, in the form of pg_basebackup (version 1). */
export async function writeManifest(folder: string, algorithm = 'SHA256', to = folder): Promise<void> {
  const files: string[] = [];
  for (const path of await listTree(folder)) {
    if (path.endsWith('/') || path.startsWith('pg_wal/') || path === 'backup_manifest') continue;
    const bytes = await readFile(join(folder, path));
    const checksum = beginChecksum(algorithm);
    checksum?.update(bytes);
    files.push(
      `{ "Path": ${JSON.stringify(path)}, "Size": ${bytes.length}, "Last-Modified": "2026-01-01 00:00:00 GMT", "Checksum-Algorithm": "${algorithm}", "Checksum": "${checksum?.digest()}" }`,
    );
  }
  const text = `{ "PostgreSQL-Backup-Manifest-Version": 1,\n"Files": [\n${files.join(',\n')}\n],\n"WAL-Ranges": [\n],\n`;
  const own = createHash('sha256').update(text).digest('hex');
  await writeFile(join(to, 'backup_manifest'), `${text}"Manifest-Checksum": "${own}"}\n`);
}

/** Packs a plain backup as `pg_basebackup -Ft` does: the label first, then the rest. */
export async function packBackup(from: string, to: string, gzip: boolean): Promise<void> {
  await mkdir(to, { recursive: true });
  const paths = await listTree(from);
  const first = ['backup_label', 'tablespace_map'].filter((name) => paths.includes(name));
  const rest = paths.filter((path) => !first.includes(path) && path !== 'backup_manifest');
  await packFiles(from, [...first, ...rest], join(to, gzip ? 'base.tar.gz' : 'base.tar'));
}

/** Packs files of a folder into one tar file; `.gz` in its name compresses it. */
export async function packFiles(from: string, paths: readonly string[], to: string): Promise<void> {
  const tar = pack();
  const source = tar as unknown as Readable;
  const writing = to.endsWith('.gz')
    ? pipeline(source, createGzip({ level: 1 }), createWriteStream(to))
    : pipeline(source, createWriteStream(to));
  for (const path of paths) {
    const found = await lstat(join(from, path));
    if (found.isSymbolicLink()) {
      tar.entry({ name: path, type: 'symlink', linkname: await readlink(join(from, path)) });
    } else if (found.isDirectory()) {
      tar.entry({ name: path, type: 'directory' });
    } else {
      const entry = tar.entry({ name: path, size: (await stat(join(from, path))).size });
      await pipeline(createReadStream(join(from, path)), entry as unknown as NodeJS.WritableStream);
    }
  }
  tar.finalize();
  await writing;
}
