import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { RecoveryTarget } from '../../../runbook/restore-spec.ts';
import type { FolderLayout } from '../worker/folder-layout.ts';

/** Files of a copy that would tie it to the server it was taken from. */
const REMOVED: readonly string[] = [
  'postmaster.pid',
  'postmaster.opts',
  'standby.signal',
  'recovery.signal',
  'recovery.conf',
  'recovery.done',
  // Would lay the tablespaces' links to where the source has them; they are laid already, into the sandbox.
  'tablespace_map',
];

/**
 * Takes out of a restored copy, before its first start, what belongs to its source: signals, process files, its own
 * additions to the configuration, and replication slots, which would hold back WAL and want the source's WAL level.
 */
export async function neutralise({ data }: FolderLayout): Promise<void> {
  for (const name of REMOVED) await rm(join(data, name), { force: true });
  await writeFile(join(data, 'postgresql.auto.conf'), '', { mode: 0o600 });
  const slots = await readdir(join(data, 'pg_replslot')).catch(() => []);
  for (const slot of slots) await rm(join(data, 'pg_replslot', slot), { recursive: true, force: true });
}

/** Whether recovery needs the archive's rules; a copy without a label and with nothing to go on to just recovers. */
export function needsArchiveRecovery(of: { hasLabel: boolean; hasArchive: boolean; target: RecoveryTarget }): boolean {
  if (of.hasLabel || of.target.kind === 'time') return true;
  return of.target.kind === 'latest' && of.hasArchive;
}

/** Compression that the backup's own configuration asks for and the embedded server was built without. */
export async function compressionWarnings({ data }: FolderLayout): Promise<Problem[]> {
  const texts = await Promise.all(
    ['postgresql.conf', 'postgresql.auto.conf'].map((name) => readFile(join(data, name), 'utf8').catch(() => '')),
  );
  const settings = texts
    .join('\n')
    .matchAll(/^\s*(wal_compression|default_toast_compression)\s*=?\s*'?(lz4|zstd)\b/gim);
  const named = new Set([...settings].map((found) => `${found[1]} = ${found[2]}`.toLowerCase()));
  return [...named].map((setting) => ({
    code: 'restore/engine-may-lack-compression',
    message: `the source has '${setting}', and the embedded PostgreSQL is built without it`,
    hint: 'Install a system PostgreSQL of the same major, which is then used instead.',
    blames: 'environment',
  }));
}
