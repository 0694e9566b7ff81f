import { describe, expect, it } from 'vitest';
import type { FoundResource } from '../../src/init/found.ts';
import { runbookText } from '../../src/init/runbook-text.ts';
import { parseRunbook } from '../../src/runbook/parse-runbook.ts';
import { NOW, aFoundResource, daily } from './found-builder.ts';

function textOf(...resources: readonly FoundResource[]): string {
  return runbookText({ name: 'shop', folder: '/backups', resources, now: NOW });
}

function diagnosticsOf(text: string): readonly unknown[] {
  const parsed = parseRunbook({ text, file: '/team/runbooks/shop.yaml', sandboxFolder: '/sandboxes' });
  return parsed.kind === 'valid' ? [] : parsed.diagnostics;
}

/** Every commented line that looks like YAML, without its '#'. */
function uncommented(text: string): string {
  return text.replaceAll(/^( *)# (- \{|groups:|  - \{|database:|owner:)/gm, '$1$2');
}

const FACTS = {
  tables: [
    { name: 'orders', rows: 34_999, isExact: true },
    { name: 'empty', rows: 0, isExact: true },
    { name: '"Odd, name"', rows: 1, isExact: true },
    { name: 'audit.log', rows: 2_000_000, isExact: false },
    ...['a', 'b', 'c'].map((name, index) => ({ name, rows: 10 + index, isExact: true })),
  ],
  foreignKeys: 3,
  newest: { table: 'orders', column: 'placed_at' },
};

const KINDS: readonly (readonly [string, FoundResource])[] = [
  ['base backups', aFoundResource('shop', { databases: ['shop'], hasWal: true, wal: '../archive' })],
  ['base backups of several databases', aFoundResource('shop', { databases: ['crm', 'Größe', 'grosse', 'shop'] })],
  ['base backups of no known database', aFoundResource('shop')],
  ['dumps', aFoundResource('shop', { kind: 'postgres-dump', points: daily(1) })],
  ['dumps of MySQL', aFoundResource('shop', { kind: 'mysql', databases: ['shop'] })],
  ['dumps of MySQL without a name', aFoundResource('shop', { kind: 'mysql' })],
  ['SQLite', aFoundResource('shop', { kind: 'sqlite' })],
  ['archives', aFoundResource('shop', { kind: 'files' })],
  ['folders', aFoundResource('shop', { kind: 'files', files: 1_234 })],
  ['an empty folder', aFoundResource('shop', { kind: 'files', files: 1 })],
  [
    'a repository of restic',
    aFoundResource('shop', {
      kind: 'files',
      points: [],
      repository: { tool: 'restic', passwordFile: '../secrets/shop' },
    }),
  ],
  [
    'repositories of pgBackRest',
    aFoundResource('main', { points: [], repository: { tool: 'pgbackrest', stanza: 'main' } }),
  ],
  [
    'an encrypted one',
    aFoundResource('main', {
      points: [],
      repository: { tool: 'pgbackrest', stanza: 'main', passwordFile: '../secrets/main' },
    }),
  ],
  [
    'a living server',
    aFoundResource('shop', {
      live: {
        at: { host: 'db', port: 5433, database: 'shop', user: 'reader', passwordEnv: 'PGPASSWORD' },
        facts: FACTS,
      },
    }),
  ],
  [
    'a living server without anything in it',
    aFoundResource('shop', {
      live: {
        at: { host: '/run/pg', port: 5432, database: 'shop', user: 'reader' },
        facts: { tables: [], foreignKeys: 0 },
      },
    }),
  ],
  ['a living folder', aFoundResource('shop', { kind: 'files', live: { at: { path: '/srv/media' } } })],
  ['a number as its name', aFoundResource('2026')],
  ['a truth value as its name', aFoundResource('true', { source: "../it's #1: ü\u2028" })],
  ['the longest name', aFoundResource('x'.repeat(40), { databases: ['y'.repeat(63), 'z'.repeat(63)] })],
];

describe('a first runbook', () => {
  it.each(KINDS)('of %s is valid, as it is and with what it suggests', (_name, resource) => {
    const text = textOf(resource);
    expect(diagnosticsOf(text), text).toEqual([]);
    expect(uncommented(text)).not.toBe(text);
    expect(diagnosticsOf(uncommented(text)), uncommented(text)).toEqual([]);
  });

  it('of several kinds is valid too, with a group of those that were taken together', () => {
    const names = ['orders', 'media', 'audit'];
    const text = textOf(...names.map((name) => aFoundResource(name)), aFoundResource('late', { points: [] }));
    expect(text).toContain("#   - { group: 'orders, media and audit', of: [orders, media, audit], maxSkew: 10m }");
    expect(diagnosticsOf(uncommented(text))).toEqual([]);
  });

  it('is the same for the same', async () => {
    const resources = [
      aFoundResource('orders', { databases: ['shop'], hasWal: true }),
      aFoundResource('media', { kind: 'files', files: 41, points: daily(3) }),
    ];
    const text = runbookText({ name: 'shop', folder: '/backups', resources, now: NOW, schema: '../schema/x.json' });
    await expect(text).toMatchFileSnapshot('runbook.golden.txt');
  });

  it('of a living server asks for nine tenths of the largest tables, in two digits, and for no empty one', async () => {
    const [, resource] = KINDS.find(([name]) => name === 'a living server') ?? [];
    const text = textOf(resource ?? aFoundResource('none'));
    const tables = [...text.matchAll(/^ {6}(\S.*): \{ atLeast: (\d+) \}$/gm)].map(([, name, count]) => [name, count]);
    expect(tables).toEqual([
      ['audit.log', '1800000'],
      ['orders', '31000'],
      ['c', '10'],
      ['b', '9'],
      ['a', '9'],
    ]);
    expect(text).toMatch(/kind: foreign-keys/);
    expect(text).toMatch(/^ {4}query: 'select max\(placed_at\) from orders'\n {4}within: 36h$/m);
    expect(text).toMatch(
      /live: \{ host: db, port: 5433, database: shop, user: reader, password: \{ env: PGPASSWORD \} \}/,
    );
  });

  it('of an empty living server asks for nothing that it could not hold', () => {
    const [, resource] = KINDS.find(([name]) => name === 'a living server without anything in it') ?? [];
    const parsed = parseRunbook({
      text: textOf(resource ?? aFoundResource('none')),
      file: '/team/runbooks/shop.yaml',
      sandboxFolder: '/sandboxes',
    });
    const checks = parsed.kind === 'valid' ? parsed.runbook.checks : [];
    expect(checks.map(({ kind, severity }) => [kind, severity])).toEqual([
      ['login', 'fail'],
      ['structure', 'fail'],
      ['manifest', 'warn'],
    ]);
  });

  it('lets no line of a name end its comment', () => {
    const text = runbookText({ name: 'shop', folder: 'a\nrunbook: b', resources: [aFoundResource('shop')], now: NOW });
    expect(diagnosticsOf(text)).toEqual([]);
  });
});
