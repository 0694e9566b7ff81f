import { describe, expect, it } from 'vitest';
import { printDiagnostics } from '../../src/diagnostics/print.ts';
import { codesOf, diagnosticsOf, written } from './written.ts';

const SECRET = 'correct-horse-9';

describe('a secret written in a runbook', () => {
  it.each([
    ['as a password', written({ restore: [`live: { host: h, user: u, password: ${SECRET} }`] })],
    ['in quotes', written({ restore: [`live: { host: h, user: u, password: "${SECRET}" }`] })],
    ['as a block', written({ restore: ['live:', '  host: h', '  user: u', '  password: |', `    ${SECRET}`] })],
    ['as a list', written({ restore: [`live: { host: h, user: u, password: [${SECRET}] }`] })],
    ['below a key of its own', written({ restore: [`live: { host: h, user: u, password: { value: ${SECRET} } }`] })],
    ['as the name of a variable', written({ restore: [`live: { host: h, user: u, password: { env: ${SECRET} } }`] })],
    ['under an unknown key', written({ top: [`dbPassword: ${SECRET}`] })],
    ['as an API key', written({ top: [`api_key: ${SECRET}`] })],
    ['as a token', written({ restore: [`token: ${SECRET}`] })],
    ['in a URL', written({ restore: [`wal: postgres://app:${SECRET}@db.example/shop`] })],
    ['in a URL in a comment', `# was postgres://app:${SECRET}@db.example/shop\n${written({})}`],
    [
      'in a URL in a query',
      written({
        checks: [
          `{ integrity: a, of: orders, kind: sql, query: "select dblink('postgres://u:${SECRET}@h/d', 'x') from y", expect: { equals: 5 } }`,
        ],
      }),
    ],
    ['twice', written({ top: [`secret: ${SECRET}`], restore: [`live: { host: h, user: u, password: ${SECRET} }`] })],
    [
      'beside a syntax error',
      written({ top: ['owner: "unclosed'], restore: [`live: { password: ${SECRET}, host: h }`] }),
    ],
    ['within a syntax error', written({ restore: [`live: { host: h, user: u, password: "${SECRET} }`] })],
  ])('%s is refused and never repeated', (_, text) => {
    const diagnostics = diagnosticsOf(text);
    expect(diagnostics.map(({ code }) => code)).toContain('runbook/secret');
    expect(printDiagnostics(diagnostics)).not.toContain(SECRET);
    expect(JSON.stringify(diagnostics)).not.toContain(SECRET);
  });

  it.each([
    ['an AWS access key', 'owner: AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
    [
      'a private key',
      'owner: |\n  -----BEGIN RSA PRIVATE KEY-----\n  MIIEpAIBAAKC\n  -----END RSA PRIVATE KEY-----',
      'MIIEpAIBAAKC',
    ],
  ])('is known by its shape: %s', (_, line, secret) => {
    const diagnostics = diagnosticsOf(written({ top: [line] }));
    expect(diagnostics.map(({ code }) => code)).toContain('runbook/secret');
    expect(JSON.stringify(diagnostics)).not.toContain(secret);
  });

  it('is told once and alone, where the form is wrong too', () => {
    expect(codesOf(written({ restore: [`live: { host: h, user: u, password: ${SECRET} }`] }))).toEqual(['secret']);
  });
});

describe('what only looks like a secret', () => {
  it.each([
    ['a place to read it', { restore: ['live: { host: h, user: u, password: { env: SHOP_PASSWORD } }'] }],
    ['a file to read it', { restore: ['live: { host: h, user: u, password: { file: ../secrets/shop } }'] }],
    [
      'a table of that name',
      { checks: ['{ smoke: a, of: orders, kind: row-counts, tables: { reset_token: 5, secret: { atLeast: 3 } } }'] },
    ],
    [
      'a column of that name',
      {
        checks: [
          '{ smoke: a, of: orders, kind: sql, query: "select 1 from users where password = \'\'", expect: { equals: 1 } }',
        ],
      },
    ],
    ['a URL without password', { restore: ['wal: file://archive/wal'] }],
    ['a time', { top: ['owner: "see http://wiki.example:8080/12:30@noon"'] }],
  ])('is let through: %s', (_, parts) => {
    expect(codesOf(written(parts))).toEqual([]);
  });

  it('is let through: a resource of that name', () => {
    expect(codesOf(written({}).replaceAll('orders', 'token'))).toEqual([]);
  });
});
