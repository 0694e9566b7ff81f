import { describe, expect, it } from 'vitest';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import { codesOf, diagnosticsOf, runbookOf } from './written.ts';

/** A runbook of one resource of each kind on this machine, each with an integrity check, and these checks. */
function withChecks(...checks: readonly string[]): string {
  return [
    'runbook: shop',
    'restore:',
    '  orders: { kind: postgres, source: ../base, database: shop }',
    '  dump: { kind: postgres-dump, source: ../dumps, database: shop }',
    '  legacy: { kind: mysql, source: ../mysql, database: legacy }',
    '  tickets: { kind: sqlite, source: ../tickets }',
    '  uploads: { kind: files, source: ../uploads }',
    'checks:',
    ...['orders', 'dump', 'legacy', 'tickets', 'uploads'].map(
      (of) => `  - { integrity: contents of ${of}, of: ${of}, kind: manifest }`,
    ),
    ...checks.map((check) => `  - ${check}`),
    '',
  ].join('\n');
}

const checkOf = (check: string): CheckSpec | undefined => runbookOf(withChecks(check)).checks.at(-1);
const told = (...checks: readonly string[]): readonly string[] =>
  diagnosticsOf(withChecks(...checks)).map(({ code, lineText, column, length, hint }) => {
    return `${code.replace('runbook/', '')} at ${lineText.slice(column - 1, column - 1 + length)}: ${hint}`;
  });

describe('a check may', () => {
  it('look again until what it asks for is up', () => {
    const login = (retry: string) => checkOf(`{ smoke: it comes up, of: dump, kind: login, retry: ${retry} }`);
    expect(login('{ every: 2s, within: 30s }')).toMatchObject({ retry: { every: 2_000, within: 30_000 } });
    expect(login('{ within: 30s }')).toMatchObject({ retry: { every: 1_000, within: 30_000 } });
  });

  it('let pass what the living source has too', () => {
    const accept = ['disabled-triggers', 'sequences-behind'];
    expect(
      checkOf(`{ integrity: a, of: dump, kind: structure, heapAllIndexed: true, accept: [${accept.join(', ')}] }`),
    ).toMatchObject({ heapAllIndexed: true, accept });
    expect(told('{ integrity: a, of: dump, kind: structure, accept: [disabled-trigers] }')[0]).toMatch(
      /^unknown-value at disabled-trigers: Write 'disabled-triggers'/,
    );
  });

  it('follow foreign keys, and knock at the door', () => {
    expect(checkOf('{ integrity: a, of: tickets, kind: foreign-keys }')).toEqual({
      id: 'a',
      name: 'a',
      purpose: 'integrity',
      severity: 'fail',
      of: 'tickets',
      database: 'main',
      kind: 'foreign-keys',
    });
    expect(checkOf('{ smoke: a, of: legacy, kind: tcp }')).toMatchObject({ kind: 'tcp', database: 'legacy' });
  });

  it('count files, and ask for those that must be there', () => {
    expect(checkOf('{ integrity: a, of: uploads, kind: files }')).toMatchObject({
      database: '',
      atLeast: 1,
      contains: [],
    });
    expect(
      checkOf(
        '{ integrity: a, of: uploads, kind: files, glob: "**/*.{jpg,png}", atLeast: 100, atMost: 100000, bytesAtLeast: 1000000, contains: [index.json, a/..b/c] }',
      ),
    ).toMatchObject({
      glob: '**/*.{jpg,png}',
      atLeast: 100,
      atMost: 100_000,
      bytesAtLeast: 1_000_000,
      contains: ['index.json', 'a/..b/c'],
    });
  });

  it('ask whether what a database names is a file', () => {
    expect(
      checkOf('{ integrity: a, of: orders, kind: references, in: uploads, query: select path from attachments }'),
    ).toMatchObject({ kind: 'references', in: 'uploads', query: 'select path from attachments', database: 'shop' });
  });
});

describe('a check that runs a program', () => {
  it('gets every default', () => {
    expect(checkOf('{ smoke: a, of: orders, kind: http, start: [node, server.js], port: 8080 }')).toMatchObject({
      database: 'shop',
      start: { argv: ['node', 'server.js'], reads: [], env: {} },
      port: 8080,
      path: '/',
      status: 200,
    });
    expect(checkOf('{ integrity: a, of: uploads, kind: command, run: [verify] }')).toMatchObject({
      run: { argv: ['verify'], reads: [], env: {} },
      exitCode: 0,
      reveal: false,
    });
  });

  it('says where, with what, and what must come of it', () => {
    expect(
      checkOf(
        '{ smoke: a, of: orders, kind: http, start: [node, server.js, ""], reads: [../app, /etc/ssl], env: { MODE: drill, EMPTY: "" }, port: 8080, path: "/health?deep=1", expect: { status: 503, matches: "ok" } }',
      ),
    ).toMatchObject({
      start: {
        argv: ['node', 'server.js', ''],
        reads: ['/team/app', '/etc/ssl'],
        env: { MODE: 'drill', EMPTY: '' },
      },
      path: '/health?deep=1',
      status: 503,
      matches: 'ok',
    });
    expect(
      checkOf(
        '{ integrity: a, of: orders, kind: command, database: other, run: [/usr/bin/psql, -c, "select 1"], expect: { exitCode: 3, matches: "^1" }, reveal: true }',
      ),
    ).toMatchObject({
      database: 'other',
      run: { argv: ['/usr/bin/psql', '-c', 'select 1'], reads: [] },
      exitCode: 3,
      matches: '^1',
      reveal: true,
    });
  });

  it('finds a program by its path from the runbook on, and may read it', () => {
    const run = (argv: string, reads: string) =>
      checkOf(`{ integrity: a, of: orders, kind: command, run: ${argv}, reads: ${reads} }`);
    const path = '/team/tools/verify';
    expect(run('[../tools/verify, ./x]', '[]')).toMatchObject({ run: { argv: [path, './x'], reads: [path] } });
    expect(run('[../tools/verify]', '[../tools]')).toMatchObject({ run: { argv: [path], reads: ['/team/tools'] } });
    expect(run('[../tools/verify]', '[../tool]')).toMatchObject({ run: { reads: ['/team/tool', path] } });
  });

  it.each([
    ['nothing', 'run: []', 'empty at run: Write'],
    ['no program', 'run: ["", x]', 'empty at "": Write the program first'],
    ['a number', 'run: [sleep, 5]', 'bad-argument at 5: Write a text, in quotes'],
    ['a variable that is none', 'run: [x], env: { "A-B": x }', 'bad-name at "A-B": Write the name only'],
    ['a number for a variable', 'run: [x], env: { PORT: 8080 }', 'bad-argument at 8080: Write a text, in quotes'],
    ['an exit code that no program has', 'run: [x], expect: { exitCode: 256 }', 'out-of-range at 256: '],
    ['an open pattern', 'run: [x], expect: { matches: "(" }', 'bad-pattern at "(": Close'],
    ['any output', 'run: [x], expect: { matches: ".*" }', 'vacuous-check at ".*": '],
    ['a shell', 'run: psql -c x', 'wrong-type at psql -c x: Write a list.'],
    ['a status', 'run: [x], expect: { status: 200 }', 'unknown-key at status: The keys known here are'],
    ['a wrong name', 'start: [x]', "missing-key at integrity: Add 'run'"],
  ])('is refused with %s', (_, rest, problem) => {
    expect(told(`{ integrity: a, of: orders, kind: command, ${rest} }`)[0]?.slice(0, problem.length)).toBe(problem);
  });

  it.each([
    ['path: health', 'bad-path at health'],
    ['path: "http://127.0.0.1/"', 'bad-path at "http://127.0.0.1/"'],
    ['path: "/a b"', 'bad-path at "/a b"'],
    ['path: "/a#b"', 'bad-path at "/a#b"'],
    ['path: "/é"', 'bad-path at "/é"'],
    ['port: 0', 'out-of-range at 0'],
    ['expect: { status: 99 }', 'out-of-range at 99'],
    ['expect: { matches: "[" }', 'bad-pattern at "["'],
  ])('asks nothing by %s', (rest, problem) => {
    const port = rest.startsWith('port') ? '' : ', port: 80';
    const [first, ...others] = told(`{ smoke: a, of: orders, kind: http, start: [x]${port}, ${rest} }`);
    expect(first?.split(': ')[0]).toBe(problem.split(': ')[0]);
    expect(others).toEqual([]);
  });

  it.each(['DB_PASSWORD', 'SESSION_SECRET', 'API_TOKEN', 'TOKEN', 'stripe_api_key'])(
    'is not handed a secret as %s, which is never repeated',
    (name) => {
      const check = `{ smoke: a, of: orders, kind: http, start: [x], port: 80, env: { ${name}: correct-horse } }`;
      const diagnostics = diagnosticsOf(withChecks(check));
      expect(diagnostics.map(({ code }) => code)).toEqual(['runbook/secret']);
      expect(diagnostics[0]?.hint).toMatch(/leave it out/);
      expect(JSON.stringify(diagnostics)).not.toContain('correct-horse');
    },
  );
});

describe('a check of files', () => {
  it.each([
    ['glob: /etc/*', 'bad-glob'],
    ['glob: ../*', 'bad-glob'],
    ['glob: a/../../*', 'bad-glob'],
    ['glob: photos/', 'bad-glob'],
    ['glob: "a//b"', 'bad-glob'],
    ['glob: "./a"', 'bad-glob'],
    ['glob: "a[bc"', 'bad-glob'],
    ['glob: "a{b,c"', 'bad-glob'],
    ['glob: "a{b]"', 'bad-glob'],
    ['glob: "a)"', 'bad-glob'],
    ['glob: ".hidden/..a/[ab]{c,d}(e)"', undefined],
    ['contains: [../secret]', 'bad-path'],
    ['contains: [/etc/passwd]', 'bad-path'],
    ['contains: [a/]', 'bad-path'],
    ['contains: [a, a]', 'duplicate-name'],
    ['atLeast: 0', 'vacuous-check'],
    ['bytesAtLeast: 0', 'out-of-range'],
    ['atMost: 0', 'reversed-range'],
    ['atLeast: 5, atMost: 4', 'reversed-range'],
    ['database: shop', 'unknown-key'],
  ])('with %s is told %s', (rest, code) => {
    expect(codesOf(withChecks(`{ integrity: a, of: uploads, kind: files, ${rest} }`))).toEqual(code ? [code] : []);
  });
});

describe('a check that does not fit', () => {
  const DATABASE = {
    sql: 'query: select count(*) from t, expect: { equals: 1 }',
    'row-counts': 'tables: { t: 1 }',
    structure: '',
    'foreign-keys': '',
    manifest: '',
    freshness: 'query: select max(at) from t, within: 1h',
    references: 'in: uploads, query: select path from t',
  };
  const REST: Readonly<Record<string, string>> = {
    ...DATABASE,
    login: '',
    tcp: '',
    files: '',
    http: 'start: [x], port: 80',
    command: 'run: [x]',
  };
  const server = [...Object.keys(DATABASE), 'login', 'tcp', 'http', 'command'];
  const FITTING: Readonly<Record<string, readonly string[]>> = {
    orders: server,
    dump: server,
    legacy: server,
    tickets: [...Object.keys(DATABASE), 'http', 'command'],
    uploads: ['files', 'manifest', 'http', 'command'],
  };

  it.each(Object.keys(FITTING))('is told of %s, and every other one is let through', (of) => {
    for (const [kind, rest] of Object.entries(REST)) {
      const check = `{ smoke: a, of: ${of}, kind: ${kind}${rest && ', '}${rest} }`;
      const expected = FITTING[of]?.includes(kind) ? [] : [`check-does-not-fit at ${kind}`];
      expect(
        told(check).map((one) => one.split(': ')[0]),
        check,
      ).toEqual(expected);
    }
  });

  it.each(['references', 'http', 'command', 'files'])('is told of an RDS instance: %s', (kind) => {
    const text = withChecks(`{ smoke: a, of: orders, kind: ${kind}${REST[kind] && ', '}${REST[kind]} }`)
      .replace('orders: { kind: postgres, source: ../base', 'orders: { kind: rds, source: base')
      .replace(
        'runbook: shop',
        "runbook: shop\nsandbox: { provider: aws, account: '222222222222', region: eu-west-1 }",
      );
    expect(codesOf(text).filter((code) => code !== 'wrong-provider')).toEqual(['check-does-not-fit']);
  });

  it.each([
    ['of: legacy, kind: structure, heapAllIndexed: true', 'heapAllIndexed', /PostgreSQL/],
    ['of: tickets, kind: structure, accept: [disabled-triggers]', 'accept', /PostgreSQL/],
    ['of: tickets, kind: structure, database: other', 'database', /one database/],
    ['of: uploads, kind: command, run: [x], database: other', 'database', /no database/],
    ['of: uploads, kind: manifest, bounded: [{ table: t, where: x }]', 'bounded', /tables/],
    ['of: orders, kind: references, in: legacy, query: select a from b', 'legacy', /kind 'files'/],
  ])('is told by its key: %s', (check, key, hint) => {
    const [first, ...others] = told(`{ smoke: a, ${check} }`);
    expect(first?.split(': ')[0]).toBe(`check-does-not-fit at ${key}`);
    expect(first).toMatch(hint);
    expect(others).toEqual([]);
  });
});

describe('what references lead into', () => {
  const into = (rest: string) => `{ integrity: a, of: orders, kind: references, ${rest} }`;

  it('is restored, and named as it is written', () => {
    expect(told(into('in: upload, query: select path from t'))).toEqual([
      "unknown-resource at upload: Write 'uploads' instead of 'upload'.",
    ]);
  });

  it('is asked for by a query that reads something', () => {
    expect(codesOf(withChecks(into('in: uploads, query: "select \'index.json\'"')))).toEqual(['vacuous-check']);
  });
});

describe('looking again', () => {
  const login = (retry: string) => `{ smoke: a, of: dump, kind: login, retry: ${retry} }`;

  it('is for smoke checks alone', () => {
    expect(told('{ integrity: a, of: dump, kind: structure, retry: { within: 5s } }')[0]).toMatch(
      /^retry-of-integrity at retry: /,
    );
  });

  it('ends before the check does, by the limit that is written or by default', () => {
    expect(told(login('{ within: 601s }'))[0]).toMatch(/^retry-too-long at 601s: Write 10m or less/);
    expect(told(login('{ within: 600s }'))).toEqual([]);
    const limited = (check: string) => `limits: { check: ${check} }\n${withChecks(login('{ within: 10m }'))}`;
    expect(codesOf(limited('9m'))).toEqual(['retry-too-long']);
    expect(codesOf(limited('10m'))).toEqual([]);
  });

  it('happens at least once', () => {
    expect(told(login('{ every: 31s, within: 30s }'))[0]).toMatch(/^reversed-range at 31s: /);
    expect(told(login('{ every: 1s }'))[0]).toMatch(/^missing-key at retry: Add 'within'/);
  });
});

describe('what proves data', () => {
  const only = (kind: string, check: string): string =>
    `runbook: shop\nrestore:\n  shop: { kind: ${kind}, source: ../x }\nchecks:\n  - { integrity: a, of: shop, ${check} }\n`;

  it.each(['kind: login', 'kind: tcp', 'kind: http, start: [x], port: 80'])('is not %s', (check) => {
    expect(codesOf(only('postgres-dump', check))).toEqual(['no-integrity-check']);
  });

  it.each(['kind: command, run: [verify]', 'kind: foreign-keys'])('is %s', (check) => {
    expect(codesOf(only('postgres-dump', check))).toEqual([]);
  });

  it('is, of files, named by their own kind of check', () => {
    const [diagnostic] = diagnosticsOf(only('files', 'kind: http, start: [x], port: 80'));
    expect(diagnostic?.hint).toMatch(/of kind 'files'/);
  });
});
