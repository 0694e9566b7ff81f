import { resolve } from 'node:path';

import { type ParsedRunbook, parseRunbook } from './parse-runbook.ts';
import { readFileText } from './read-file.ts';
import { wholeFile } from './to-diagnostics.ts';

export interface LoadOptions {
  /** Folder in which local sandboxes are to be made. */
  readonly sandboxFolder: string;
  /** Folder that relative paths start from; by default the process's own. */
  readonly cwd?: string;
}

/** Reads and parses a runbook; a file that cannot be read is a diagnostic too. Diagnostics name it as `file` does. */
export async function loadRunbook(file: string, { sandboxFolder, cwd }: LoadOptions): Promise<ParsedRunbook> {
  const path = resolve(cwd ?? '.', file);
  const read = readFileText(path);
  if (read.kind === 'unreadable') return { kind: 'invalid', diagnostics: [wholeFile('runbook', file, read.finding)] };
  return parseRunbook({ text: read.text, file: path, shownAs: file, sandboxFolder });
}
