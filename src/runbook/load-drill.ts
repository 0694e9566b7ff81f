import { dirname, isAbsolute, join, resolve } from 'node:path';

import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { applyDrill } from './apply-drill.ts';
import type { Drill } from './drill.ts';
import type { WrittenDocument } from './document.ts';
import { type Finding, type Place, atValue, listed, quoted } from './finding.ts';
import { type LoadOptions, loadRunbook } from './load-runbook.ts';
import { type ParsedDrill, parseDrill } from './parse-drill.ts';
import { readFileText, yamlFilesIn } from './read-file.ts';
import type { Runbook } from './runbook.ts';
import { toDiagnostics, wholeFile } from './to-diagnostics.ts';
import type { WrittenDrill } from './written-drill.ts';

export type LoadedDrill =
  | {
      readonly kind: 'valid';
      readonly drill: Drill;
      /** The runbooks in order, with the drill's objectives, selection and notifications. */
      readonly runbooks: readonly Runbook[];
    }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[] };

/** Reads a drill and its runbooks. A runbook that is missing or wrong is a diagnostic at the place that names it. */
export async function loadDrill(file: string, options: LoadOptions): Promise<LoadedDrill> {
  const path = resolve(options.cwd ?? '.', file);
  const read = readFileText(path);
  if (read.kind === 'unreadable') return { kind: 'invalid', diagnostics: [wholeFile('drill', file, read.finding)] };
  const parsed = parseDrill({ text: read.text, file: path, shownAs: file });
  if (parsed.kind === 'invalid') return parsed;
  const { document } = parsed;
  const { tagged } = document.value as WrittenDrill;
  if (tagged) return loadTagged({ parsed, tagged, file, path }, options);
  const { drill } = parsed;
  const findings: Finding[] = [];
  const runbooks: Runbook[] = [];
  for (const [index, runbook] of drill.runbooks.entries()) {
    const loaded = await loadRunbook(runbook, options);
    if (loaded.kind === 'valid') runbooks.push(applyDrill(loaded.runbook, drill));
    else findings.push(wrongRunbook({ document, index, drill: file, diagnostics: loaded.diagnostics }));
  }
  if (findings.length === 0) return { kind: 'valid', drill, runbooks };
  return { kind: 'invalid', diagnostics: toDiagnostics({ kind: 'drill', file, document, findings }) };
}

interface Tagging {
  readonly parsed: Extract<ParsedDrill, { kind: 'valid' }>;
  readonly tagged: readonly string[];
  /** As the caller named it, and absolute. */
  readonly file: string;
  readonly path: string;
}

/** A runbook that is wrong may carry the tags: a drill that left it out would say less than it seems to. */
async function loadTagged({ parsed, tagged, file, path }: Tagging, options: LoadOptions): Promise<LoadedDrill> {
  const { drill, document } = parsed;
  const folder = join('..', 'runbooks');
  const findings: Finding[] = [];
  const runbooks: Runbook[] = [];
  for (const name of await yamlFilesIn(join(dirname(path), folder))) {
    const loaded = await loadRunbook(join(dirname(path), folder, name), options);
    if (loaded.kind === 'invalid') {
      const shown = join(dirname(file), folder, name);
      findings.push(mistakesIn({ shown, at: atValue('tagged'), count: loaded.diagnostics.length }));
    } else if (tagged.every((tag) => loaded.runbook.tags.includes(tag))) {
      runbooks.push(applyDrill(loaded.runbook, drill));
    }
  }
  if (findings.length === 0 && runbooks.length === 0) findings.push(noneTagged(tagged, join(dirname(file), folder)));
  if (findings.length > 0) {
    return { kind: 'invalid', diagnostics: toDiagnostics({ kind: 'drill', file, document, findings }) };
  }
  return { kind: 'valid', drill: { ...drill, runbooks: runbooks.map((one) => one.file) }, runbooks };
}

function noneTagged(tagged: readonly string[], folder: string): Finding {
  return {
    code: 'no-runbook-tagged',
    at: atValue('tagged'),
    message: `no runbook in ${quoted(folder)} carries ${listed(tagged)}`,
    hint: "Add the tags to the 'tags' of a runbook there, or name runbooks with 'runbooks'.",
  };
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
  return mistakesIn({ shown, at, count: diagnostics.length });
}

function mistakesIn({ shown, at, count }: { shown: string; at: Place; count: number }): Finding {
  return {
    code: 'invalid-runbook',
    at,
    message: `the runbook ${quoted(shown)} has ${count === 1 ? 'a mistake' : `${count} mistakes`}`,
    hint: `See them with 'drillbook validate ${shown}'.`,
  };
}
