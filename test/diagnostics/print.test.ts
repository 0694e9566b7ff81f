import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { printDiagnostics } from '../../src/diagnostics/print.ts';

function aDiagnostic(change: Partial<Diagnostic>): Diagnostic {
  return {
    code: 'runbook/unknown-key',
    message: "unknown key 'retention' in 'restore.orders'",
    hint: 'Leave it out.',
    file: 'runbooks/orders.yaml',
    line: 9,
    column: 5,
    length: 9,
    lineText: '    retention: 3',
    ...change,
  };
}

const caretLine = (diagnostic: Diagnostic): string => printDiagnostics([diagnostic]).split('\n')[2]!;

describe('a printed diagnostic', () => {
  it('shows place, code, message, line, caret and hint', () => {
    expect(printDiagnostics([aDiagnostic({})])).toBe(
      [
        "runbooks/orders.yaml:9:5 runbook/unknown-key unknown key 'retention' in 'restore.orders'",
        '  9 |     retention: 3',
        '    |     ^^^^^^^^^',
        'hint: Leave it out.',
        '',
      ].join('\n'),
    );
  });

  it('stands apart from the next one by an empty line', () => {
    expect(printDiagnostics([aDiagnostic({}), aDiagnostic({ line: 10 })])).toContain(
      'hint: Leave it out.\n\nrunbooks/orders.yaml:10:5',
    );
    expect(printDiagnostics([])).toBe('');
  });

  it('keeps the caret below its place, with tabs and characters of two units before it', () => {
    expect(caretLine(aDiagnostic({ lineText: '\t"😀": x', column: 7, length: 1 }))).toBe('    |      ^');
  });

  it('cuts a long line around its place', () => {
    const lineText = `${'a'.repeat(500)}BAD${'b'.repeat(500)}`;
    const [, shown, caret] = printDiagnostics([aDiagnostic({ lineText, column: 501, length: 3 })]).split('\n');
    expect(shown!.length).toBeLessThan(160);
    expect(shown!.slice(caret!.indexOf('^'), caret!.lastIndexOf('^') + 1)).toBe('BAD');
  });

  it('never speaks to the terminal', () => {
    // oxlint-disable-next-line no-control-regex
    expect(printDiagnostics([aDiagnostic({ lineText: 'a: \u001b[2Jx\u202e' })])).not.toMatch(/[\u001b\u202e]/);
  });

  it('shows no line where the whole file is meant', () => {
    expect(printDiagnostics([aDiagnostic({ lineText: '' })]).split('\n')).toHaveLength(3);
  });
});
