import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { WrittenDocument } from './document.ts';
import type { Finding, Range } from './finding.ts';
import { outermost } from './secrets.ts';

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
      const line = lastAtOrBefore(starts, range[0]) + 1;
      const lineText = document.text
        .slice(starts[line - 1], starts[line] ?? document.text.length)
        .replace(/\r?\n?$/, '');
      // An error may stand between the two characters of a line end, which are no part of the line.
      const column = Math.min(range[0] - starts[line - 1]!, lineText.length) + 1;
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
  const secrets = outermost(placed.filter(({ finding }) => finding.code === 'secret').map(({ range }) => range));
  const starts = secrets.map(([start]) => start);
  const told = new Set<Range>();
  return placed.filter(({ finding, range }) => {
    const secret = secrets[lastAtOrBefore(starts, range[0])];
    if (!secret || range[0] >= secret[1]) return true;
    if (finding.code !== 'secret' || told.has(secret)) return false;
    told.add(secret);
    return true;
  });
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The index of the last of ascending numbers that is not above a limit; -1 when all are. */
function lastAtOrBefore(ascending: readonly number[], limit: number): number {
  let low = -1;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (ascending[middle]! <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
