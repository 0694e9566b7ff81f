import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type BackupManifest, manifestMismatch } from './backup-manifest.ts';
import { type Checksum, beginChecksum } from './checksum.ts';
import { type FolderLayout, discardRestored } from '../worker/folder-layout.ts';

/** Takes in the files of a backup, by their paths in the data folder, and verifies them while they pass. */
export interface RestoreTarget {
  makeFolder(path: string): Promise<void>;
  /** A part of the content is done with before the next is asked for. */
  writeFile(path: string, content: AsyncIterable<Buffer> | Buffer): Promise<void>;
  /** A tablespace without any file. */
  makeTablespace(oid: string): Promise<void>;
  /** Checks that nothing is missing and joins the tablespaces in. Gives what was written, in bytes. */
  finish(): Promise<number>;
}

/** Files that a manifest does not speak of, or that may rightly differ from it (as `pg_verifybackup` has it). */
const UNLISTED = /^(pg_wal(\/|$)|(backup_manifest|postgresql\.auto\.conf|standby\.signal|recovery\.signal)$)/;
const TABLESPACE = /^pg_tblspc\/(\d+)(?:\/(.*))?$/;

/**
 * Makes an empty data folder ready to be filled. Whatever a backup names as the place of a tablespace, it is restored
 * into the sandbox.
 *
 * Its methods throw ProblemError `restore/unsafe-path` for a path that would leave the folder or be written twice, and
 * `restore/backup-manifest-mismatch` for what the manifest, when there is one, says otherwise.
 */
export async function openRestoreTarget(layout: FolderLayout, manifest?: BackupManifest): Promise<RestoreTarget> {
  await discardRestored(layout);
  for (const folder of [layout.data, layout.tablespaces]) await mkdir(folder, { mode: 0o700 });
  const tablespaces = new Set<string>();
  const seen = new Set<string>();
  const made = new Set<string>([layout.data, layout.tablespaces]);
  let bytes = 0;

  const placeOf = (path: string): string => {
    if (!staysInside(path)) throw new ProblemError(unsafePath(path, 'would be written outside of the data folder'));
    const parts = TABLESPACE.exec(path);
    if (parts?.[1] === undefined) return join(layout.data, path);
    tablespaces.add(parts[1]);
    return join(layout.tablespaces, parts[1], parts[2] ?? '');
  };
  const make = async (folder: string): Promise<void> => {
    if (made.has(folder)) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    made.add(folder);
  };
  return {
    makeFolder: (path) => make(placeOf(path)),
    makeTablespace: (oid) => make(placeOf(`pg_tblspc/${oid}`)),
    async writeFile(path, content) {
      const place = placeOf(path);
      if (seen.has(path)) throw new ProblemError(unsafePath(path, 'is in the backup twice'));
      seen.add(path);
      await make(dirname(place));
      const size = await writeVerified(path, place, content, manifest);
      bytes += size;
    },
    async finish() {
      const missing = [...(manifest?.files.keys() ?? [])].find((path) => !seen.has(path) && !UNLISTED.test(path));
      if (missing !== undefined)
        throw new ProblemError(manifestMismatch(`'${missing}' is in the manifest, but not in the backup`));
      await make(join(layout.data, 'pg_tblspc'));
      for (const oid of tablespaces) {
        const place = join(layout.tablespaces, oid);
        await make(place);
        await symlink(place, join(layout.data, 'pg_tblspc', oid));
      }
      return bytes;
    },
  };
}

async function writeVerified(
  path: string,
  place: string,
  content: AsyncIterable<Buffer> | Buffer,
  manifest?: BackupManifest,
): Promise<number> {
  const listed = UNLISTED.test(path) ? undefined : manifest?.files.get(path);
  if (manifest && !listed && !UNLISTED.test(path)) {
    throw new ProblemError(manifestMismatch(`'${path}' is in the backup, but not in its manifest`));
  }
  const checksum = listed?.algorithm === undefined ? undefined : beginChecksum(listed.algorithm);
  const size = Buffer.isBuffer(content)
    ? writeAtOnce(place, content, checksum)
    : await writeInParts(place, content, checksum);
  if (listed && listed.size !== size) {
    throw new ProblemError(manifestMismatch(`'${path}' has ${size} bytes, and its manifest says ${listed.size}`));
  }
  if (checksum && checksum.digest() !== listed?.checksum) {
    throw new ProblemError(manifestMismatch(`'${path}' does not have the checksum that its manifest says`));
  }
  return size;
}

/** Blocks: for the thousands of small files of a cluster, three times as fast as waiting for each. */
function writeAtOnce(place: string, content: Buffer, checksum: Checksum | undefined): number {
  checksum?.update(content);
  writeFileSync(place, content, { flag: 'wx', mode: 0o600 });
  return content.length;
}

/** Blocks for each part: the system takes it in less time than it would take to hear of that. */
async function writeInParts(
  place: string,
  content: AsyncIterable<Buffer>,
  checksum: Checksum | undefined,
): Promise<number> {
  const file = openSync(place, 'wx', 0o600);
  let size = 0;
  try {
    for await (const part of content) {
      checksum?.update(part);
      // A single write may be short where the disk is nearly full.
      for (let from = 0; from < part.length;) from += writeSync(file, part, from);
      size += part.length;
    }
  } finally {
    closeSync(file);
  }
  return size;
}

function staysInside(path: string): boolean {
  return (
    path !== '' && !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

/** Something in a backup that has no place in a data folder. */
export function unsafePath(path: string, why: string): Problem {
  return {
    code: 'restore/unsafe-path',
    message: `'${path}' ${why}, so nothing of this backup is started`,
    hint: 'Take the backup with pg_basebackup, and look at how this one came to be.',
    blames: 'backup',
  };
}
