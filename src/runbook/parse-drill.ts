import { dirname, resolve } from 'node:path';

import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type WrittenDocument, readDocument } from './document.ts';
import type { Drill } from './drill.ts';
import { normaliseObjectives } from './normalise.ts';
import type { RunbookText } from './parse-runbook.ts';
import { shapeOf } from './shape.ts';
import { toDiagnostics } from './to-diagnostics.ts';
import { type WrittenDrill, writtenDrill } from './written-drill.ts';

export type ParsedDrill =
  | { readonly kind: 'valid'; readonly drill: Drill; readonly document: WrittenDocument }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[] };

export type DrillText = Omit<RunbookText, 'sandboxFolder'>;

const drillShape = shapeOf(writtenDrill);

/** A drill, or everything that is wrong with its text. Its runbooks are not looked at. Never throws. */
export function parseDrill({ text, file, shownAs }: DrillText): ParsedDrill {
  const document = readDocument(text);
  const findings = [...document.findings, ...(document.value === undefined ? [] : drillShape.findings(document.value))];
  if (findings.length > 0) {
    return {
      kind: 'invalid',
      diagnostics: toDiagnostics({ kind: 'drill', file: shownAs ?? file, document, findings }),
    };
  }
  const written = document.value as WrittenDrill;
  const path = resolve(file);
  return {
    kind: 'valid',
    document,
    drill: {
      name: written.drill,
      file: path,
      runbooks: (written.runbooks ?? [written.runbook ?? '']).map((runbook) => resolve(dirname(path), runbook)),
      objectives: normaliseObjectives(written.objectives),
      concurrency: 1,
      notify: [],
    },
  };
}
