import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDrill } from '../../src/runbook/parse-drill.ts';
import { printDiagnostics } from '../../src/diagnostics/print.ts';
import { parseRunbook } from '../../src/runbook/parse-runbook.ts';
import { FINDING_CODES } from '../../src/runbook/finding.ts';

const VALID = readFileSync(new URL('../../runbooks/bookshop.yaml', import.meta.url), 'utf8');
const PIECES = [
  'runbook',
  'restore',
  'checks',
  'objectives',
  'sandbox',
  'limits',
  'kind',
  'of',
  'needs',
  'expect',
  'equals',
  'smoke',
  'integrity',
  'query',
  'tables',
  'password',
  'recoveryPoint',
  'orders',
  'postgres',
  'sql',
  'login',
  'random',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '15m',
  '0',
  '-1',
  '.nan',
  '.inf',
  '1e999',
  'null',
  '~',
  'true',
  '2026-11-20T03:00:00Z',
  ': ',
  ':',
  '- ',
  ', ',
  '{',
  '}',
  '[',
  ']',
  '\n',
  '\n  ',
  '\n    ',
  '"',
  "'",
  '|',
  '>',
  '#',
  '&a',
  '*a',
  '!!str',
  '!x',
  '---',
  '...',
  '%YAML 1.1',
  '? ',
  '<<',
  '\t',
  '\r\n',
  '\0',
  '\u2028',
  '\uFEFF',
  '\uD800',
  '😀',
  'é',
  'postgres://u:p@h/',
  '/~0~1',
  ' ',
];

function expectWhole(text: string): void {
  const file = '/team/runbooks/shop.yaml';
  for (const parsed of [parseRunbook({ text, file, sandboxFolder: '/sandboxes' }), parseDrill({ text, file })]) {
    if (parsed.kind === 'valid') continue;
    expect(parsed.diagnostics.length).toBeGreaterThan(0);
    const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
    let before = 0;
    for (const { code, line, column, length, lineText } of parsed.diagnostics) {
      expect(FINDING_CODES).toContain(code.split('/')[1]);
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(lineText.length === lines[line - 1]!.length || lineText === '').toBe(true);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(column).toBeLessThanOrEqual(Math.max(1, lines[line - 1]!.length + 1));
      expect(length).toBeGreaterThanOrEqual(1);
      expect(column + length - 1).toBeLessThanOrEqual(Math.max(1, lines[line - 1]!.length + 1));
      expect(line * 1e7 + column).toBeGreaterThanOrEqual(before);
      before = line * 1e7 + column;
    }
    expect(printDiagnostics(parsed.diagnostics)).toContain('hint: ');
  }
}

const piece = fc.constantFrom(...PIECES);

describe('whatever the text, the answer is a runbook or diagnostics at places within it', () => {
  it('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), expectWhole), { numRuns: 300 });
  });

  it('for pieces of YAML in any order', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        expectWhole(pieces.join(''));
      }),
      { numRuns: 1_000 },
    );
  });

  it('for a good runbook with pieces cut out and put in', () => {
    const edit = fc.record({ at: fc.nat(VALID.length), cut: fc.nat(30), put: fc.array(piece, { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const text = edits.reduce(
          (one, { at, cut, put }) => one.slice(0, at) + put.join('') + one.slice(at + cut),
          VALID,
        );
        expectWhole(text);
      }),
      { numRuns: 700 },
    );
  });

  it('for values of every kind in every place of a good runbook', () => {
    const places = Array.from(VALID.matchAll(/(?<=: )[\w./-]+|(?<=\{ )[\w-]+/g), ({ index, 0: word }) => ({
      index,
      word,
    }));
    const value = fc.oneof(
      piece,
      fc.json({ maxDepth: 3 }),
      fc.jsonValue().map((json) => JSON.stringify(json)),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), value, ({ index, word }, put) => {
        expectWhole(VALID.slice(0, index) + put + VALID.slice(index + word.length));
      }),
      { numRuns: 700 },
    );
  });
});
