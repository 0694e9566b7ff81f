import { dirname, resolve } from 'node:path';

import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { readDocument } from './document.ts';
import { judgeMeaning } from './judge-meaning.ts';
import { normalise } from './normalise.ts';
import type { Runbook } from './runbook.ts';
import { shapeOf } from './shape.ts';
import { soundRunbook } from './sound-runbook.ts';
import { toDiagnostics } from './to-diagnostics.ts';
import { type WrittenRunbook, writtenRunbook } from './written-runbook.ts';

export type ParsedRunbook =
  | { readonly kind: 'valid'; readonly runbook: Runbook }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[] };

export interface RunbookText {
  readonly text: string;
  /** Path of the file, which is not read; paths in the runbook are relative to its folder. */
  readonly file: string;
  /** What diagnostics call the file; by default its path. */
  readonly shownAs?: string;
  /** Folder in which local sandboxes are to be made. */
  readonly sandboxFolder: string;
}

const runbookShape = shapeOf(writtenRunbook);

/** A runbook, or everything that is wrong with it at once, by position. Never throws, whatever the text. */
export function parseRunbook({ text, file, shownAs, sandboxFolder }: RunbookText): ParsedRunbook {
  const document = readDocument(text);
  const { value } = document;
  const shape = value === undefined ? [] : runbookShape.findings(value);
  const meaning =
    value === undefined ? [] : judgeMeaning(soundRunbook(value, { whole: shape.length === 0 }), dirname(resolve(file)));
  const findings = [...document.findings, ...shape, ...meaning];
  if (findings.length === 0) {
    return { kind: 'valid', runbook: normalise(value as WrittenRunbook, { file, sandboxFolder }) };
  }
  return {
    kind: 'invalid',
    diagnostics: toDiagnostics({ kind: 'runbook', file: shownAs ?? file, document, findings }),
  };
}
