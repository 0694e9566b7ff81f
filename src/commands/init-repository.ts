import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { UnnamedRepository } from './init-found.ts';

/** Restic's own layout: https://restic.readthedocs.io, "Repository Layout". */
const OF_RESTIC = ['config', 'data', 'index', 'keys', 'snapshots'];
/** What OpenSSL puts before what it encrypts with a passphrase, as pgBackRest does. */
const ENCRYPTED = 'Salted__';

/** The repositories that a folder is, by its look: one of restic, or one of pgBackRest for each stanza; else none. */
export async function repositoriesIn(folder: string, names: readonly string[]): Promise<readonly UnnamedRepository[]> {
  if (OF_RESTIC.every((name) => names.includes(name))) return [{ tool: 'restic' }];
  if (!names.includes('archive') || !names.includes('backup')) return [];
  const found: UnnamedRepository[] = [];
  const stanzas = await readdir(join(folder, 'backup'), { withFileTypes: true }).catch(() => []);
  for (const { name } of stanzas.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const head = await firstBytes(join(folder, 'backup', name, 'backup.info'));
    // Other names no runbook takes.
    if (head === undefined || !/^[A-Za-z0-9][\w.-]*$/.test(name)) continue;
    found.push({ tool: 'pgbackrest', stanza: name, isEncrypted: head === ENCRYPTED });
  }
  return found;
}

async function firstBytes(file: string): Promise<string | undefined> {
  const isFile = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return undefined;
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(ENCRYPTED.length), 0, ENCRYPTED.length, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
