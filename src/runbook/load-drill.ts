import { dirname, isAbsolute, join, resolve } from 'node:path';

import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Drill } from './drill.ts';
import type { WrittenDocument } from './document.ts';
import { type Finding, atValue, quoted } from './finding.ts';
import { type LoadOptions, loadRunbook } from './load-runbook.ts';
import { parseDrill } from './parse-drill.ts';
import { readFileText } from './read-file.ts';
import type { Runbook } from './runbook.ts';
import { toDiagnostics, wholeFile } from './to-diagnostics.ts';
import type { WrittenDrill } from './written-drill.ts';

export type LoadedDrill =
  | {
      readonly kind: 'valid';
      readonly drill: Drill;
      /** The runbooks in order, with the drill's objectives. */
      readonly runbooks: readonly Runbook[];
    }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[] };

/** Reads a drill and its runbooks. A runbook that is missing or wrong is a diagnostic at the place that names it. */
export async function loadDrill(file: string, options: LoadOptions): Promise<LoadedDrill> {
  const path = resolve(options.cwd ?? '.', file);
  const read = await readFileText(path);
  if (read.kind === 'unreadable') return { kind: 'invalid', diagnostics: [wholeFile('drill', file, read.finding)] };
  const parsed = parseDrill({ text: read.text, file: path, shownAs: file });
  if (parsed.kind === 'invalid') return parsed;
  const { drill, document } = parsed;
  const findings: Finding[] = [];
  const runbooks: Runbook[] = [];
  for (const [index, runbook] of drill.runbooks.entries()) {
    const loaded = await loadRunbook(runbook, options);
    if (loaded.kind === 'valid') runbooks.push(withObjectives(loaded.runbook, drill));
    else findings.push(wrongRunbook({ document, index, drill: file, diagnostics: loaded.diagnostics }));
  }
  if (findings.length === 0) return { kind: 'valid', drill, runbooks };
  return { kind: 'invalid', diagnostics: toDiagnostics({ kind: 'drill', file, document, findings }) };
}

function withObjectives(runbook: Runbook, { objectives }: Drill): Runbook {
  return { ...runbook, objectives: { ...runbook.objectives, ...objectives } };
}

function wrongRunbook(input: {
  /** The drill's file, as it is shown. */
  readonly drill: string;
  readonly document: WrittenDocument;
  readonly index: number;
  readonly diagnostics: readonly Diagnostic[];
}): Finding {
  const { drill, document, index, diagnostics } = input;
  const { runbook, runbooks } = document.value as WrittenDrill;
  const at = runbooks ? atValue('runbooks', index) : atValue('runbook');
  const named = runbooks?.[index] ?? runbook ?? '';
  const shown = isAbsolute(named) ? named : join(dirname(drill), named);
  const [first] = diagnostics;
  if (first?.lineText === '' && diagnostics.length === 1) {
    const message = `the runbook ${quoted(shown)} cannot be read: ${first.message}`;
    return { code: 'unknown-runbook', at, message, hint: "Write its path relative to the drill's folder." };
  }
  const count = diagnostics.length === 1 ? 'a mistake' : `${diagnostics.length} mistakes`;
  return {
    code: 'invalid-runbook',
    at,
    message: `the runbook ${quoted(shown)} has ${count}`,
    hint: `See them with 'drillbook validate ${shown}'.`,
  };
}
