import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { parseDrill } from '../../src/runbook/parse-drill.ts';
import { printDiagnostics } from '../../src/diagnostics/print.ts';
import { parseRunbook } from '../../src/runbook/parse-runbook.ts';
import { FINDING_CODES } from '../../src/runbook/finding.ts';
import { runsFor } from '../support/whole.ts';

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const VALID = [
  'runbooks/bookshop.yaml',
  'docs/examples/aws-rds.yaml',
  'docs/examples/quarterly.yaml',
  'docs/examples/dumps.yaml',
  'docs/examples/sqlite-and-files.yaml',
  'docs/examples/restic-and-pgbackrest.yaml',
].map(textOf);
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
  'rds',
  'provider: aws',
  'account',
  'random',
  'drill',
  'schedule',
  'every',
  'cron',
  'windows',
  'notify',
  'on',
  'groups',
  'files',
  'references',
  'http',
  'retry',
  'env',
  'glob',
  'run',
  'repository',
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
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  for (const parsed of [parseRunbook({ text, file, sandboxFolder: '/sandboxes' }), parseDrill({ text, file })]) {
    if (parsed.kind === 'valid') continue;
    expect(parsed.diagnostics.length).toBeGreaterThan(0);
    expect(parsed.diagnostics.filter((diagnostic) => !isWithin(lines, diagnostic))).toEqual([]);
    const places = parsed.diagnostics.map(({ line, column }) => line * 1e7 + column);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(printDiagnostics(parsed.diagnostics)).toContain('hint: ');
  }
}

function isWithin(lines: readonly string[], { code, line, column, length, lineText }: Diagnostic): boolean {
  const width = lines[line - 1]?.length;
  return (
    (FINDING_CODES as readonly string[]).includes(code.split('/')[1] ?? '') &&
    width !== undefined &&
    (lineText.length === width || lineText === '') &&
    column >= 1 &&
    length >= 1 &&
    column + length - 1 <= Math.max(1, width + 1)
  );
}

const piece = fc.constantFrom(...PIECES);

describe('whatever the text, the answer is a runbook or diagnostics at places within it', () => {
  it('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), expectWhole), { numRuns: runsFor(300) });
  });

  it('for an error between the two characters of a line end', () => {
    expectWhole('[[}\r\nrunbook');
  });

  it('for pieces of YAML in any order', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        expectWhole(pieces.join(''));
      }),
      { numRuns: runsFor(1_000) },
    );
  });

  it.each(VALID)('for a good file with pieces cut out and put in', (valid) => {
    const edit = fc.record({ at: fc.nat(valid.length), cut: fc.nat(30), put: fc.array(piece, { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const text = edits.reduce(
          (one, { at, cut, put }) => one.slice(0, at) + put.join('') + one.slice(at + cut),
          valid,
        );
        expectWhole(text);
      }),
      { numRuns: runsFor(260) },
    );
  });

  it.each(VALID)('for values of every kind in every place of a good file', (valid) => {
    const places = Array.from(valid.matchAll(/(?<=: )[\w./-]+|(?<=\{ )[\w-]+/g), ({ index, 0: word }) => ({
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
        expectWhole(valid.slice(0, index) + put + valid.slice(index + word.length));
      }),
      { numRuns: runsFor(260) },
    );
  });
});
