import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRunbook } from '../../src/runbook/parse-runbook.ts';
import { codesOf, diagnosticsOf, runbookOf, written } from './written.ts';

const DESIGN_EXAMPLE = `# yaml-language-server: $schema=../schema/runbook.schema.json
runbook: bookshop
owner: platform-team
objectives: { rto: 15m, rpo: 1h }
sandbox: { provider: local, expiresAfter: 2h }
restore:
  orders:
    kind: postgres
    source: ../.drillbook/sample/bookshop
    recoveryPoint: { pick: random, within: 30d }
checks:
  - { smoke: orders accepts logins, of: orders, kind: login }
  - { integrity: every order has a customer, of: orders, kind: sql, over: orders, query: "select count(*) from orders", expect: { equals: 0 } }
  - { integrity: every index and page is sound, of: orders, kind: structure }
  - { integrity: contents match the manifest, of: orders, kind: manifest }
`;

describe('a runbook without wishes', () => {
  it('gets every default', () => {
    expect(runbookOf(written({}))).toEqual({
      name: 'shop',
      file: '/team/runbooks/shop.yaml',
      tags: [],
      objectives: {},
      sandbox: { provider: 'local', expiresAfter: 7_200_000, minimumIsolation: 'L2', folder: '/sandboxes' },
      limits: { concurrency: 2, drill: 3_600_000, restore: 1_800_000, check: 600_000, teardown: 600_000 },
      restore: [
        {
          name: 'orders',
          kind: 'postgres',
          source: '/team/backups',
          needs: [],
          recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'backup-end' } },
          database: 'postgres',
          superuser: 'postgres',
          preload: [],
        },
      ],
      checks: [
        {
          id: 'every-index-is-sound',
          name: 'every index is sound',
          purpose: 'integrity',
          severity: 'fail',
          of: 'orders',
          database: 'postgres',
          kind: 'structure',
          heapAllIndexed: false,
        },
      ],
    });
  });

  it('may bound a manifest to the parts of tables that no longer change', () => {
    const bounded = [{ table: 'orders', where: "placed_at < '2026-01-01'" }];
    const check = `{ integrity: old orders stay, of: orders, kind: manifest, bounded: ${JSON.stringify(bounded)} }`;
    expect(runbookOf(written({ checks: [check] })).checks[1]).toMatchObject({ kind: 'manifest', bounded });
    expect(codesOf(written({ checks: [check.replace(JSON.stringify(bounded), '[]')] }))).toHaveLength(1);
  });

  it('is the example that people see first', () => {
    const { restore, objectives, checks } = runbookOf(DESIGN_EXAMPLE);
    expect(objectives).toEqual({ rto: { target: 900_000, until: 'verified' }, rpo: { target: 3_600_000 } });
    expect(restore[0]?.recoveryPoint).toEqual({
      pick: { kind: 'random' },
      within: 2_592_000_000,
      to: { kind: 'backup-end' },
    });
    expect(checks.map(({ kind }) => kind)).toEqual(['login', 'sql', 'structure', 'manifest']);
  });
});

describe('what a runbook may say', () => {
  it('names who answers, what it is about, and the event', () => {
    const top = ['owner: platform-team', 'tags: [shop, weekly]', 'disasterAt: 2026-11-20T04:00:00+01:00'];
    expect(runbookOf(written({ top }))).toMatchObject({
      owner: 'platform-team',
      tags: ['shop', 'weekly'],
      disasterAt: '2026-11-20T03:00:00.000Z',
    });
  });

  it('sets limits, sandbox and the end of the RTO clock', () => {
    const top = [
      'objectives: { rto: { target: 90s, until: usable } }',
      'sandbox: { expiresAfter: 1d, isolation: { minimum: L1 } }',
      'limits: { concurrency: 4, drill: 3h, restore: 2h, check: 5m, teardown: 1m }',
    ];
    expect(runbookOf(written({ top }))).toMatchObject({
      objectives: { rto: { target: 90_000, until: 'usable' } },
      sandbox: { provider: 'local', expiresAfter: 86_400_000, minimumIsolation: 'L1' },
      limits: { concurrency: 4, drill: 10_800_000, restore: 7_200_000, check: 300_000, teardown: 60_000 },
    });
  });

  it('describes the resource and its living source', () => {
    const restore = [
      'wal: /archive/wal',
      'database: shop',
      'superuser: admin',
      'preload: [timescaledb]',
      'live: { host: db.example, user: reader, password: { file: reader.secret } }',
    ];
    expect(runbookOf(written({ restore })).restore[0]).toMatchObject({
      wal: '/archive/wal',
      database: 'shop',
      superuser: 'admin',
      preload: ['timescaledb'],
      live: {
        host: 'db.example',
        port: 5432,
        database: 'shop',
        user: 'reader',
        password: { file: '/team/runbooks/reader.secret' },
      },
    });
  });

  it.each([
    ['{ pick: latest }', { pick: { kind: 'latest' }, to: { kind: 'backup-end' } }],
    ['{ pick: least-tested, to: latest }', { pick: { kind: 'least-tested' }, to: { kind: 'latest' } }],
    [
      '{ before: 2026-11-20T03:00Z, to: 2026-11-20T02:30:00.5Z }',
      {
        pick: { kind: 'before', moment: '2026-11-20T03:00:00.000Z' },
        to: { kind: 'time', time: '2026-11-20T02:30:00.500Z' },
      },
    ],
    [
      '{ after: 2026-11-20T03:00:00Z }',
      { pick: { kind: 'after', moment: '2026-11-20T03:00:00.000Z' }, to: { kind: 'backup-end' } },
    ],
    [
      '{ tag: monthly, within: 90d }',
      { pick: { kind: 'tag', tag: 'monthly' }, within: 7_776_000_000, to: { kind: 'backup-end' } },
    ],
    ['{ id: base/03 }', { pick: { kind: 'id', id: 'base/03' }, to: { kind: 'backup-end' } }],
  ])('draws by %s', (point, expected) => {
    expect(runbookOf(written({ restore: [`recoveryPoint: ${point}`] })).restore[0]?.recoveryPoint).toEqual(expected);
  });

  it.each([
    ['{ equals: 5 }', { kind: 'equals', value: 5 }],
    ['{ equals: paid }', { kind: 'equals', value: 'paid' }],
    ['{ equals: true }', { kind: 'equals', value: true }],
    ['{ atLeast: 10 }', { kind: 'at-least', value: 10 }],
    ['{ atMost: 10 }', { kind: 'at-most', value: 10 }],
    ['{ between: [1, 10] }', { kind: 'between', low: 1, high: 10 }],
    ['{ matches: "^4\\\\." }', { kind: 'matches', pattern: '^4\\.' }],
    ['{ empty: true }', { kind: 'empty' }],
  ])('expects %s of a query', (expectation, expected) => {
    const check = `{ smoke: a, of: orders, kind: sql, query: select x from y, over: y, expect: ${expectation} }`;
    expect(runbookOf(written({ checks: [check] })).checks[1]).toMatchObject({
      over: 'y',
      expect: expected,
      reveal: false,
    });
  });

  it('counts rows exactly, or within bounds, where only an upper one still wants a row', () => {
    const check =
      '{ smoke: a, of: orders, kind: row-counts, tables: { a: 5, b: { atLeast: 2 }, c: { atMost: 9 }, d: 0 } }';
    expect(runbookOf(written({ checks: [check] })).checks[1]).toMatchObject({
      tables: [
        { table: 'a', atLeast: 5, atMost: 5 },
        { table: 'b', atLeast: 2 },
        { table: 'c', atLeast: 1, atMost: 9 },
        { table: 'd', atLeast: 0, atMost: 0 },
      ],
    });
  });

  it('checks logins, manifests and freshness', () => {
    const checks = [
      '{ smoke: app logs in, of: orders, kind: login, database: shop, user: app, password: { env: APP_PASSWORD } }',
      '{ integrity: contents, of: orders, kind: manifest, file: "manifests/{recoveryPoint}.json", severity: warn }',
      '{ integrity: more contents, of: orders, kind: manifest }',
      '{ integrity: orders are recent, of: orders, kind: freshness, query: select max(at) from orders, within: 15m }',
      '{ integrity: rows are indexed, of: orders, kind: structure, heapAllIndexed: true }',
    ];
    expect(runbookOf(written({ checks })).checks.slice(1)).toMatchObject([
      { id: 'app-logs-in', database: 'shop', user: 'app', password: { env: 'APP_PASSWORD' } },
      { severity: 'warn', file: '/team/runbooks/manifests/{recoveryPoint}.json' },
      { file: '/team/backups/manifests/{recoveryPoint}.json' },
      { within: 900_000, query: 'select max(at) from orders' },
      { heapAllIndexed: true },
    ]);
  });

  it('names checks in any script that leaves something to name them by', () => {
    const checks = ['{ smoke: "Überweisungen: Ordnung & Café!", of: orders, kind: login }'];
    expect(runbookOf(written({ checks })).checks[1]).toMatchObject({ id: 'uberweisungen-ordnung-cafe' });
    expect(codesOf(written({ checks: ['{ smoke: заказы, of: orders, kind: login }'] }))).toEqual(['bad-name']);
  });
});

describe('all mistakes at once', () => {
  it('are told by position, those of form beside those of meaning', () => {
    const text = written({
      top: ['objectivs: { rto: 15m }', 'sandbox: { expiresAfter: 10m, provider: locla }'],
      restore: ['needs: [customers]'],
      checks: ['{ smoke: a, of: orders, kind: sql, query: select 1, expect: { atLeast: 0 }, severty: warn }'],
    });
    const diagnostics = diagnosticsOf(text);
    expect(diagnostics.map(({ code, line, column }) => `${line}:${column} ${code.replace('runbook/', '')}`)).toEqual([
      '2:1 unknown-key',
      '3:26 does-not-fit',
      '3:41 unknown-value',
      '8:13 unknown-resource',
      '11:76 vacuous-check',
      '11:81 unknown-key',
    ]);
  });

  it('are not told twice: what a broken part would have said is left out', () => {
    expect(
      codesOf(
        written({
          checks: ['{ smoke: a, of: orders, kind: sql, query: select x from y, over: 5, expect: { equals: 0 } }'],
        }),
      ),
    ).toEqual(['wrong-type']);
    expect(codesOf('runbook: shop\nrestore: [orders]\nchecks: none\n')).toEqual(['wrong-type', 'wrong-type']);
  });
});

describe('the time it takes', () => {
  it('stays below 20 milliseconds of work a runbook, on a busy machine too', () => {
    const text = readFileSync(new URL('../../runbooks/bookshop.yaml', import.meta.url), 'utf8');
    const parse = (one: string) =>
      parseRunbook({ text: one, file: '/team/runbooks/shop.yaml', sandboxFolder: '/sandboxes' });
    parse(text);
    const before = process.cpuUsage();
    for (let count = 0; count < 100; count += 1) parse(text);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000 / 100).toBeLessThan(20);
  });

  it.each([
    ['brackets', '['.repeat(1_000_000)],
    ['dashes', '- '.repeat(500_000)],
    ['keys', Array.from({ length: 90_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['passwords', 'password: x\n'.repeat(80_000)],
    [
      'a word without end',
      `checks: [{ kind: freshness, integrity: a, of: b, within: 1h, query: ${'a'.repeat(900_000)} }]`,
    ],
    [
      'comments without end',
      `checks: [{ kind: freshness, integrity: a, of: b, within: 1h, query: "${'/* '.repeat(300_000)}" }]`,
    ],
  ])('a megabyte of %s is refused at once', (_, text) => {
    const before = process.cpuUsage();
    expect(codesOf(text).length).toBeGreaterThan(0);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(5_000);
  });
});
