import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { BackupForm } from './backup-form.ts';
import { type TarEntry, readTar } from './read-tar.ts';
import { type RestoreTarget, unsafePath } from './restore-target.ts';

/** Of the thousands of small files of a cluster, each is written in one go. */
const LARGEST_AT_ONCE = 1024 * 1024;
const TABLESPACE_LINK = /^pg_tblspc\/(\d+)$/;

/** Unpacks a tar backup, its tablespaces and the WAL that was streamed with it, into a restore. */
export async function unpackTar(
  form: BackupForm & { kind: 'tar' },
  target: RestoreTarget,
  options: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<void> {
  await readTar(form.base, (entry) => place(entry, '', target), options);
  for (const { oid, ...tar } of form.tablespaces) {
    await target.makeTablespace(oid);
    await readTar(tar, (entry) => place(entry, `pg_tblspc/${oid}/`, target), options);
  }
  if (form.wal) await readTar(form.wal, (entry) => place(entry, 'pg_wal/', target), options);
}

async function place({ header, content }: TarEntry, prefix: string, target: RestoreTarget): Promise<'next'> {
  const name = header.name.replace(/^\.\//, '').replace(/\/$/, '');
  if (name === '' || name === '.') return 'next';
  const path = prefix + name;
  const tablespace = TABLESPACE_LINK.exec(path)?.[1];
  if (header.type === 'file' || header.type === 'contiguous-file') {
    await target.writeFile(path, (header.size ?? 0) > LARGEST_AT_ONCE ? content : await wholeOf(content));
  } else if (header.type === 'directory') await target.makeFolder(path);
  // Where the link leads to does not matter: every tablespace is restored into the sandbox.
  else if (header.type === 'symlink' && tablespace !== undefined) await target.makeTablespace(tablespace);
  else throw new ProblemError(unsafePath(path, `is a ${header.type ?? 'nameless kind of entry'}`));
  return 'next';
}

async function wholeOf(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
