import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

import { LARGEST_FILE, tooLarge } from './document.ts';
import type { Finding, FindingCode } from './finding.ts';

export type FileText =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'unreadable'; readonly finding: Finding };

/**
 * The text of a file that people wrote; whatever keeps it from being read is a finding. Blocks: such a file is small, and
 * of a thousand of them most of the time went by with waiting for one call after another.
 */
export function readFileText(file: string): FileText {
  try {
    // Without a writer, a pipe would be waited for.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile()) return unreadable('not-a-file', 'it is no file', 'Name the YAML file itself.');
      if (stats.size > LARGEST_FILE) return { kind: 'unreadable', finding: tooLarge(stats.size) };
      return decode(readFileSync(descriptor));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return explainFailure(error);
  }
}

function decode(bytes: Uint8Array): FileText {
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return unreadable('not-utf8', 'the file is not UTF-8', 'Save it as UTF-8.');
  }
}

function explainFailure(error: unknown): FileText {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined || code.startsWith('ERR_')) {
    // A path with a NUL character never reaches the system.
    if (code === 'ERR_INVALID_ARG_VALUE') return unreadable('not-found', 'no such file', 'Check the path.');
    throw error;
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') return unreadable('not-found', 'no such file', 'Check the path.');
  if (code === 'EISDIR') return unreadable('not-a-file', 'it is no file', 'Name the YAML file itself.');
  return unreadable(
    'unreadable',
    `the file cannot be read: ${code}`,
    'Check that it may be read, and that its disk is well.',
  );
}

function unreadable(code: FindingCode, message: string, hint: string): FileText {
  return { kind: 'unreadable', finding: { code, at: { kind: 'text', range: [0, 0] }, message, hint } };
}

/** The names of the YAML files that lie in a folder, sorted; none where there is no such folder. */
export async function yamlFilesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
