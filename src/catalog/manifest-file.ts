import { mkdir, readFile } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import type { FilesManifest, ListOrigin, RecordedManifest } from '../checks/manifest-format.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { writeWholeFile } from '../support/whole-file.ts';
import { parseChecksumList } from './checksum-list.ts';
import { isRecordedManifest } from './manifest-shape.ts';

/** A list of checksums, as opposed to the JSON of a manifest. */
const LIST = /^\\?[0-9a-fA-F]{64} [ *]/;

/**
 * The manifest in a file, or why there is none to compare with. A list as `sha256sum` writes it is a manifest of files.
 *
 * @param origin what its place tells of such a list
 */
export async function readManifest(file: string, origin: ListOrigin = {}): Promise<RecordedManifest | Problem> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return {
      code: 'check/no-manifest',
      message: `unable to read the manifest '${file}': ${code}`,
      hint: 'Record it from the living source with drillbook manifest, and keep it where the runbook says.',
      blames: 'environment',
    };
  }
  if (LIST.test(text)) return ofList(file, text, origin);
  const manifest = parsed(text);
  return isRecordedManifest(manifest) ? manifest : badManifest(file, 'it is no whole manifest of version 1');
}

function ofList(file: string, text: string, { recoveryPointId, path }: ListOrigin): FilesManifest | Problem {
  const entries = parseChecksumList(text, path === undefined ? '.' : posix.dirname(path));
  if (typeof entries === 'string') return badManifest(file, entries);
  return {
    manifest: 1,
    kind: 'files',
    moment: recoveryPointId === undefined ? {} : { recoveryPointId },
    entries,
    ...(path !== undefined && { listedIn: path }),
  };
}

function badManifest(file: string, why: string): Problem {
  return {
    code: 'check/bad-manifest',
    message: `unable to read the manifest '${file}': ${why}`,
    hint: 'Manifests are not written by hand: record it again with drillbook manifest, or of files with sha256sum.',
    blames: 'environment',
  };
}

/** Writes a manifest, with the folders that lead to it; a reader sees the old one or the new one whole. */
export async function writeManifest(file: string, manifest: RecordedManifest): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeWholeFile(file, `${JSON.stringify(manifest, null, 2)}\n`, 0o644);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
