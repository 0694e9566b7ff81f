import type { Diagnostic } from './diagnostic.ts';

/** Longer lines are cut around the place. */
const WIDEST = 140;
const CONTEXT_BEFORE = 60;

/**
 * Diagnostics as people read them, in the order given, each followed by an empty line:
 *
 *     runbooks/orders.yaml:9:5 runbook/unknown-key unknown key 'retention' in 'restore.orders'
 *       9 |     retention: 3
 *         |     ^^^^^^^^^
 *     hint: …
 */
export function printDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((diagnostic) => `${printDiagnostic(diagnostic)}\n`).join('\n');
}

function printDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, code, message, hint } = diagnostic;
  return [`${file}:${line}:${column} ${code} ${message}`, ...excerpt(diagnostic), `hint: ${hint}`].join('\n');
}

function excerpt({ line, column, length, lineText }: Diagnostic): readonly string[] {
  if (lineText.trim() === '') return [];
  const from = lineText.length > WIDEST ? Math.max(0, column - 1 - CONTEXT_BEFORE) : 0;
  const shown = lineText.slice(from, from + WIDEST);
  const cutBefore = from > 0 ? '…' : '';
  const cutAfter = from + WIDEST < lineText.length ? '…' : '';
  const start = column - 1 - from;
  const underlined = Math.max(1, countOf(shown.slice(start, start + length)));
  const margin = String(line).length;
  return [
    `  ${line} | ${cutBefore}${printable(shown)}${cutAfter}`,
    `  ${' '.repeat(margin)} | ${' '.repeat(cutBefore.length + countOf(shown.slice(0, start)))}${'^'.repeat(underlined)}`,
  ];
}

/** Characters as a terminal shows them, so that the caret stands below its place. */
function countOf(text: string): number {
  return Array.from(text).length;
}

/** What would move the cursor or speak to the terminal is shown as one plain character. */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '·');
}
