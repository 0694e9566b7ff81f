import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { BackupForm } from './backup-form.ts';
import { type TarEntry, readTar } from './read-tar.ts';
import { type RestoreTarget, unsafePath } from './restore-target.ts';

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
  if (header.type === 'file' || header.type === 'contiguous-file') await target.writeFile(path, content);
  else if (header.type === 'directory') await target.makeFolder(path);
  // Where the link leads to does not matter: every tablespace is restored into the sandbox.
  else if (header.type === 'symlink' && tablespace !== undefined) await target.makeTablespace(tablespace);
  else throw new ProblemError(unsafePath(path, `is a ${header.type ?? 'nameless kind of entry'}`));
  return 'next';
}
