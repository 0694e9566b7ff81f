import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { WrittenDocument } from './document.ts';
import type { Finding, Range } from './finding.ts';

/** What a file is meant to be; begins the codes. */
export type FileKind = 'runbook' | 'drill';

interface Placed {
  readonly finding: Finding;
  readonly range: Range;
}

/** Findings with their lines, by position; what stands within a secret is told by the secret alone. */
export function toDiagnostics(input: {
  readonly kind: FileKind;
  readonly file: string;
  readonly document: WrittenDocument;
  readonly findings: readonly Finding[];
}): readonly Diagnostic[] {
  const { kind, file, document, findings } = input;
  if (findings.length === 0) return [];
  const starts = lineStarts(document.text);
  const placed = findings.map((finding) => ({ finding, range: within(document.text, document.locate(finding.at)) }));
  return withoutShadows(placed)
    .sort((a, b) => a.range[0] - b.range[0] || compare(a.finding.code, b.finding.code))
    .map(({ finding, range }) => {
      const line = lineAt(starts, range[0]);
      const lineText = document.text
        .slice(starts[line - 1], starts[line] ?? document.text.length)
        .replace(/\r?\n$/, '');
      const column = range[0] - starts[line - 1]! + 1;
      return {
        code: `${kind}/${finding.code}`,
        message: finding.message,
        hint: finding.hint,
        file,
        line,
        column,
        length: Math.max(1, Math.min(range[1] - range[0], lineText.length - column + 1)),
        lineText,
      };
    });
}

/** A diagnostic about a file of which no line can be shown. */
export function wholeFile(kind: FileKind, file: string, finding: Finding): Diagnostic {
  const { code, message, hint } = finding;
  return { code: `${kind}/${code}`, message, hint, file, line: 1, column: 1, length: 1, lineText: '' };
}

/** A place past the last visible character is of no use to a reader: the last one stands for it. */
function within(text: string, [start, end]: Range): Range {
  const last = Math.max(0, text.trimEnd().length - 1);
  return start > last ? [last, last + 1] : [start, Math.max(start + 1, end)];
}

function withoutShadows(placed: readonly Placed[]): Placed[] {
  const secrets = placed.filter(({ finding }) => finding.code === 'secret');
  return placed.filter(
    (one) =>
      !secrets.some(
        ({ range }) =>
          range !== one.range &&
          range[0] <= one.range[0] &&
          one.range[1] <= range[1] &&
          (one.finding.code !== 'secret' || range[0] < one.range[0] || one.range[1] < range[1]),
      ),
  );
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** From 1. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
