import { describe, expect, it } from 'vitest';
import { codesOf, diagnosticsOf, written } from './written.ts';

const sql = (rest: string): string => written({ checks: [`{ integrity: a, of: orders, kind: sql, ${rest} }`] });

describe('a check that could never fail', () => {
  it.each([
    ['no count lies below its bound', 'query: select count(*) from orders, expect: { atLeast: 0 }'],
    ['no count lies below its bound', 'query: select count(*) from orders, expect: { atLeast: -5 }'],
    ['its pattern is empty', 'query: select v from app, over: app, expect: { matches: "" }'],
    ['its pattern is anything', 'query: select v from app, over: app, expect: { matches: ".*" }'],
    ['its pattern is something', 'query: select v from app, expect: { matches: ".+" }'],
    ['its pattern has an empty side', 'query: select v from app, over: app, expect: { matches: "4|" }'],
    ['it asks for a constant', 'query: select 1, expect: { equals: 1 }'],
    ['it counts nothing', 'query: select count(*), expect: { equals: 1 }'],
    ['its table stands in a comment', 'query: "select 1 -- from orders", expect: { equals: 1 }'],
    ['its table stands in a string', 'query: "select \'from orders\'", expect: { equals: from orders }'],
    [
      'its population is a constant',
      'query: select count(*) from orders where bad, over: (select 1), expect: { equals: 0 }',
    ],
  ])('is refused: %s', (_, rest) => {
    expect(codesOf(sql(rest))).toEqual(['vacuous-check']);
  });

  it.each([
    ['a function may read', 'query: select verify_orders(), expect: { equals: ok }'],
    [
      'a comment holds a quote',
      `query: "-- the customer's orders\\nselect count(*) from orders", expect: { atLeast: 1 }`,
    ],
    ['a TABLE is one too', 'query: table settings, expect: { equals: 1 }'],
    ['a pattern that some text fails', 'query: select v from app, expect: { matches: "^4" }'],
  ])('is let through when in doubt: %s', (_, rest) => {
    expect(codesOf(sql(rest))).toEqual([]);
  });

  it('may be a smoke check, which asks only whether the server answers', () => {
    expect(
      codesOf(written({ checks: ['{ smoke: a, of: orders, kind: sql, query: select 1, expect: { equals: 1 } }'] })),
    ).toEqual([]);
  });

  it.each(['{ a: 0 }', '{ a: { atLeast: 0 } }', '{ a: { atLeast: 0, atMost: 9 }, b: 0 }'])(
    'is refused when every table of %s may be empty',
    (tables) => {
      expect(
        codesOf(written({ checks: [`{ integrity: a, of: orders, kind: row-counts, tables: ${tables} }`] })),
      ).toEqual(['vacuous-check']);
    },
  );

  it('is refused when its timestamp comes from no table', () => {
    for (const query of ['select now()', 'select current_timestamp']) {
      const check = `{ integrity: a, of: orders, kind: freshness, query: ${query}, within: 1h }`;
      expect(codesOf(written({ checks: [check] }))).toEqual(['vacuous-check']);
    }
  });
});

describe('a check that accepts zero or nothing', () => {
  it.each([
    '{ equals: 0 }',
    '{ equals: false }',
    '{ empty: true }',
    '{ atMost: 3 }',
    '{ between: [0, 3] }',
    '{ matches: "^$" }',
  ])('names its population: %s', (expectation) => {
    expect(codesOf(sql(`query: select x from orders, expect: ${expectation}`))).toEqual(['no-population']);
    expect(codesOf(sql(`query: select x from orders, over: orders, expect: ${expectation}`))).toEqual([]);
    expect(codesOf(sql(`query: select x from orders, over: (select 1 from orders), expect: ${expectation}`))).toEqual(
      [],
    );
  });

  it('names a table or a query in parentheses', () => {
    expect(codesOf(sql('query: select x from orders, over: select 1 from orders, expect: { equals: 0 }'))).toEqual([
      'bad-name',
    ]);
    expect(codesOf(sql(`query: select x from orders, over: 'app."Our Orders"', expect: { equals: 0 }`))).toEqual([]);
  });
});

describe('an integrity check that a resource must have', () => {
  const only = (check: string): string => written({}).replace(/ {2}- \{.*\n/, `  - ${check}\n`);

  it.each([
    '{ smoke: a, of: orders, kind: structure }',
    '{ integrity: a, of: orders, kind: structure, severity: warn }',
    '{ integrity: a, of: orders, kind: login }',
  ])('is not %s', (check) => {
    expect(codesOf(only(check))).toEqual(['no-integrity-check']);
  });

  it('may itself have a mistake, which is then the only one told', () => {
    expect(codesOf(only('{ integrity: a, of: orders, kind: structur }'))).toEqual(['unknown-value']);
  });
});

describe('needs', () => {
  it('go in circles only once each, whatever needs the circle', () => {
    const text = `runbook: shop
restore:
  a: { kind: postgres, source: x, needs: [b] }
  b: { kind: postgres, source: x, needs: [c] }
  c: { kind: postgres, source: x, needs: [b] }
  d: { kind: postgres, source: x, needs: [d] }
checks: [${['a', 'b', 'c', 'd'].map((name) => `{ integrity: ${name} is sound, of: ${name}, kind: structure }`).join(', ')}]
`;
    expect(diagnosticsOf(text).map(({ message }) => message)).toEqual([
      "'b' needs itself: b needs c needs b",
      "'d' needs itself",
    ]);
    expect(codesOf(text.replace('needs: [d]', 'needs: [b]'))).toEqual(['cyclic-needs']);
    expect(
      codesOf(text.replace('needs: [b] }\n  d', 'needs: [] }\n  d').replace('needs: [d]', 'needs: [a, b]')),
    ).toEqual([]);
  });
});

describe('names, words and figures', () => {
  it.each([
    ['a folder in a name', { top: ['tags: [../x]'] }, ['bad-name']],
    ['a name that is too long', { top: [`tags: [${'x'.repeat(41)}]`] }, ['too-long']],
    ['a word twice', { top: ['tags: [a, a]'] }, ['duplicate-name']],
    ['a need twice', { restore: ['needs: [b, b]'] }, ['duplicate-name']],
    ['no unit', { top: ['limits: { drill: 15 }'] }, ['bad-duration']],
    ['a duration of nothing', { top: ['limits: { check: 0s }'] }, ['bad-duration']],
    ['a negative duration', { top: ['limits: { check: -5m }'] }, ['bad-duration']],
    ['a fraction', { top: ['limits: { check: 1.5h }'] }, ['bad-duration']],
    ['a moment without zone', { top: ['disasterAt: 2026-11-20T03:00:00'] }, ['bad-time']],
    ['the 30th of February', { top: ['disasterAt: 2026-02-30T00:00:00Z'] }, ['bad-time']],
    ['the 25th hour', { restore: ['recoveryPoint: { before: 2026-02-03T25:00:00Z }'] }, ['bad-time']],
    ['a replay to some day', { restore: ['recoveryPoint: { to: 2026-11-20 }'] }, ['bad-time']],
    ['a replay to somewhere', { restore: ['recoveryPoint: { to: lates }'] }, ['unknown-value']],
    [
      'two ways to draw',
      { restore: ['recoveryPoint: { before: 2026-11-20T03:00Z, after: 2026-11-19T03:00Z }'] },
      ['one-of'],
    ],
    ['a library with a path', { restore: ['preload: [/tmp/evil.so]'] }, ['bad-name']],
    ['a manifest elsewhere', { checks: ['{ smoke: a, of: orders, kind: manifest, file: /etc/passwd }'] }, ['bad-path']],
    [
      'a manifest for an unknown word',
      { checks: ['{ smoke: a, of: orders, kind: manifest, file: "{point}.json" }'] },
      ['bad-path'],
    ],
    ['a control character in a path', { restore: ['wal: "a\\0b"'] }, ['bad-path']],
    [
      'a password without a user',
      { checks: ['{ smoke: a, of: orders, kind: login, password: { env: X } }'] },
      ['missing-key'],
    ],
    [
      'two places for a password',
      { checks: ['{ smoke: a, of: orders, kind: login, user: x, password: { env: X, file: y } }'] },
      ['one-of'],
    ],
    [
      'three bounds',
      { checks: ['{ smoke: a, of: orders, kind: sql, query: select x from y, expect: { between: [1, 2, 3] } }'] },
      ['wrong-type'],
    ],
    [
      'a number that no computer compares',
      { checks: ['{ smoke: a, of: orders, kind: sql, query: select x from y, expect: { equals: 9007199254740993 } }'] },
      ['out-of-range'],
    ],
    [
      'rows upside down',
      { checks: ['{ smoke: a, of: orders, kind: row-counts, tables: { t: { atMost: 0 } } }'] },
      ['reversed-range'],
    ],
    ['a merge key', { top: ['<<: { owner: me }'] }, ['unknown-key']],
    ['another YAML', { top: ['owner: !!binary aGk='] }, ['tag']],
    [
      'no zero for empty',
      { checks: ['{ smoke: a, of: orders, kind: sql, query: select x from y, expect: { empty: false } }'] },
      ['unknown-value'],
    ],
  ])('%s is refused', (_, parts, codes) => {
    expect(codesOf(written(parts))).toEqual(codes);
  });

  it('a key that is far from every known one gets the whole list', () => {
    const [diagnostic] = diagnosticsOf(written({ restore: ['colour: red'] }));
    expect(diagnostic?.hint).toMatch(/^The keys known here are 'kind', 'source', .*'live'\.$/);
  });
});
