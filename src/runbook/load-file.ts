import { basename, dirname, resolve } from 'node:path';

import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { readDocument } from './document.ts';
import { loadDrill } from './load-drill.ts';
import { type LoadOptions, loadRunbook } from './load-runbook.ts';
import { readFileText } from './read-file.ts';
import type { Runbook } from './runbook.ts';
import type { FileKind } from './to-diagnostics.ts';

/** What a file of either kind holds. */
export type LoadedFile =
  | {
      readonly kind: 'valid';
      readonly is: FileKind;
      readonly name: string;
      /** The runbook itself, or those of the drill in their order, with its objectives. */
      readonly runbooks: readonly Runbook[];
      /** How many of them may be under way at once. */
      readonly concurrency: number;
    }
  | { readonly kind: 'invalid'; readonly is: FileKind; readonly diagnostics: readonly Diagnostic[] };

/** Reads a runbook or a drill, whichever it is. */
export async function loadFile(file: string, options: LoadOptions): Promise<LoadedFile> {
  const is = kindOfFile(resolve(options.cwd ?? '.', file));
  if (is === 'drill') {
    const loaded = await loadDrill(file, options);
    if (loaded.kind === 'invalid') return { ...loaded, is };
    const { name, concurrency } = loaded.drill;
    return { kind: 'valid', is, name, concurrency, runbooks: loaded.runbooks };
  }
  const loaded = await loadRunbook(file, options);
  if (loaded.kind === 'invalid') return { ...loaded, is };
  return { kind: 'valid', is, name: loaded.runbook.name, runbooks: [loaded.runbook], concurrency: 1 };
}

/** A file with the key 'drill' is a drill, one with 'restore' or 'checks' is none; else its folder decides. */
function kindOfFile(file: string): FileKind {
  const read = readFileText(file);
  const value = read.kind === 'text' ? readDocument(read.text).value : undefined;
  if (typeof value === 'object' && value !== null) {
    if ('drill' in value) return 'drill';
    if ('restore' in value || 'checks' in value) return 'runbook';
  }
  return basename(dirname(resolve(file))) === 'drills' ? 'drill' : 'runbook';
}
