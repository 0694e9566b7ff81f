import { join } from 'node:path';
import { printDiagnostics } from '../diagnostics/print.ts';
import { loadFile } from '../runbook/load-file.ts';
import { loadRunbook } from '../runbook/load-runbook.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { CommandIo } from './io.ts';

/** Where local sandboxes are made. */
export function sandboxFolder(io: Pick<CommandIo, 'cwd'>): string {
  return join(io.cwd, '.drillbook', 'sandboxes');
}

/** The runbook in a file; when it is not valid, all its problems are printed and there is none. */
export async function readRunbook(file: string, io: CommandIo): Promise<Runbook | undefined> {
  const loaded = await loadRunbook(file, { sandboxFolder: sandboxFolder(io), cwd: io.cwd });
  if (loaded.kind === 'valid') return loaded.runbook;
  io.stderr(printDiagnostics(loaded.diagnostics));
  return undefined;
}

/** The runbooks of a runbook's or a drill's file, in order; when anything is wrong it is printed and there are none. */
export async function readRunbooks(
  file: string,
  io: CommandIo,
): Promise<{ readonly runbooks: readonly Runbook[]; readonly concurrency: number } | undefined> {
  const loaded = await loadFile(file, { sandboxFolder: sandboxFolder(io), cwd: io.cwd });
  if (loaded.kind === 'valid') return loaded;
  io.stderr(printDiagnostics(loaded.diagnostics));
  return undefined;
}
