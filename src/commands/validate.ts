import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { printDiagnostics } from '../diagnostics/print.ts';
import { type NamedFile, loadFiles } from '../runbook/load-files.ts';
import type { CommandIo } from './io.ts';
import { sandboxFolder } from './read-runbook.ts';

type Output = Pick<CommandIo, 'stdout' | 'stderr' | 'cwd'>;

/** Where runbooks and drills lie, looked through when no file is named. */
const FOLDERS = ['runbooks', 'drills'];

/**
 * Tells everything that is wrong with runbooks and drills, each and together; all of `runbooks/` and `drills/` when none
 * is named.
 *
 * Exit code 0: all are valid; 2: something is wrong, or there is nothing to look at.
 */
export async function validateCommand(
  files: readonly string[],
  options: { readonly json?: boolean },
  io: Output,
): Promise<number> {
  const looked = files.length > 0 ? files : await everyFile(io.cwd);
  const results = await loadFiles(looked, { sandboxFolder: sandboxFolder(io), cwd: io.cwd });
  const isValid = results.length > 0 && results.every(({ loaded }) => loaded.kind === 'valid');
  if (options.json) io.stdout(`${JSON.stringify(asJson(results, isValid), null, 2)}\n`);
  else tell(results, io);
  return isValid ? 0 : 2;
}

function asJson(results: readonly NamedFile[], valid: boolean): object {
  return {
    valid,
    files: results.map(({ file, loaded }) => ({
      file,
      kind: loaded.is,
      valid: loaded.kind === 'valid',
      diagnostics: loaded.kind === 'valid' ? [] : loaded.diagnostics,
    })),
  };
}

function tell(results: readonly NamedFile[], io: Output): void {
  if (results.length === 0) {
    io.stderr(
      `nothing to validate: neither 'runbooks' nor 'drills' holds a YAML file\nhint: Name a file, or write a first runbook as the README shows.\n`,
    );
  }
  for (const { file, loaded } of results) {
    if (loaded.kind === 'valid') io.stdout(`${file}: ${loaded.is} '${loaded.name}' is valid\n`);
  }
  const diagnostics = results.flatMap(({ loaded }) => (loaded.kind === 'invalid' ? loaded.diagnostics : []));
  if (diagnostics.length > 0) io.stderr(`${printDiagnostics(diagnostics)}\n${counted(diagnostics.length)} found\n`);
}

function counted(count: number): string {
  return count === 1 ? '1 mistake' : `${count} mistakes`;
}

async function everyFile(cwd: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const folder of FOLDERS) {
    const names = (await namesIn(join(cwd, folder))).filter((name) => /\.ya?ml$/.test(name)).sort();
    files.push(...names.map((name) => join(folder, name)));
  }
  return files;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
