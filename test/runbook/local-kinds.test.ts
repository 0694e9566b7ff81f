import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codesOf, diagnosticsOf, runbookOf } from './written.ts';

/** A runbook of one resource with a check that every kind has. */
function of(resource: string, more: readonly string[] = []): string {
  return ['runbook: shop', 'restore:', `  shop: { ${resource} }`, 'checks:', ...CHECK, ...more, ''].join('\n');
}

const CHECK = ['  - { integrity: contents match, of: shop, kind: manifest }'];
const specOf = (resource: string) => runbookOf(of(resource)).restore[0];
const manifestOf = (resource: string) => runbookOf(of(resource)).checks[0];
const told = (resource: string): readonly string[] =>
  diagnosticsOf(of(resource)).map(({ code, lineText, column, length, hint }) => {
    return `${code.replace('runbook/', '')} at ${lineText.slice(column - 1, column - 1 + length)}: ${hint}`;
  });

const RANDOM = { pick: { kind: 'random' }, to: { kind: 'backup-end' } };
const SECRET = 'password: { file: ../restic.key }';

describe('a resource without wishes', () => {
  it.each([
    ['kind: postgres-dump, source: ../dumps', { database: 'postgres', jobs: 1 }],
    ['kind: mysql, source: ../dumps, database: shop', { database: 'shop' }],
    ['kind: sqlite, source: ../dumps', { database: 'main' }],
    ['kind: files, source: ../dumps', { database: '' }],
  ])('%s gets every default', (resource, own) => {
    const [, kind] = /kind: ([a-z-]+)/.exec(resource)!;
    expect(specOf(resource)).toEqual({
      name: 'shop',
      kind,
      source: '/team/dumps',
      needs: [],
      recoveryPoint: RANDOM,
      ...own,
    });
  });

  it('names the database that a MySQL server holds, since none is there by default', () => {
    expect(codesOf(of('kind: mysql, source: ../dumps'))).toEqual(['missing-key']);
  });

  it.each([
    ['kind: postgres, source: ../backups', '/team/backups/manifests'],
    ['kind: postgres-dump, source: ../backups', '/team/backups/manifests'],
    ['kind: mysql, source: ../backups, database: shop', '/team/backups/manifests'],
    ['kind: sqlite, source: ../backups', '/team/runbooks/manifests/shop'],
    ['kind: files, source: ../backups', '/team/runbooks/manifests/shop'],
    [`kind: postgres, source: ../r, repository: { restic: { ${SECRET} } }`, '/team/runbooks/manifests/shop'],
  ])('%s has its manifests in %s, where no recovery point is looked for', (resource, home) => {
    expect(manifestOf(resource)).toMatchObject({ file: `${home}/{recoveryPoint}.json` });
  });
});

describe('a resource may say', () => {
  it('how a dump is loaded, and where its living source answers', () => {
    const live = 'live: { host: db.example, user: reader, password: { env: READER } }';
    expect(
      specOf(
        `kind: postgres-dump, source: /dumps, database: shop, jobs: 2, major: 16, recoveryPoint: { pick: latest, within: 7d }, ${live}`,
      ),
    ).toEqual({
      name: 'shop',
      kind: 'postgres-dump',
      source: '/dumps',
      needs: [],
      recoveryPoint: { pick: { kind: 'latest' }, within: 604_800_000, to: { kind: 'backup-end' } },
      database: 'shop',
      jobs: 2,
      major: 16,
      live: { host: 'db.example', port: 5432, database: 'shop', user: 'reader', password: { env: 'READER' } },
    });
  });

  it('that a living MySQL server answers at its own port', () => {
    const server = 'kind: mysql, source: ../mysql, database: legacy';
    const answersAt = (live: string) => specOf(`${server}, live: { host: db.example, user: reader${live} }`);
    expect(answersAt('')).toMatchObject({ live: { port: 3306, database: 'legacy' } });
    expect(answersAt(', port: 3307, database: other')).toMatchObject({ live: { port: 3307, database: 'other' } });
  });

  it.each(['sqlite', 'files'])('which path the living source of kind %s has', (kind) => {
    expect(specOf(`kind: ${kind}, source: ../backups, live: ../live/shop`)).toMatchObject({ live: '/team/live/shop' });
    expect(codesOf(of(`kind: ${kind}, source: ../backups, live: { host: h, user: u }`))).toEqual(['bad-path']);
  });

  it.each(['postgres', 'postgres-dump', 'mysql', 'sqlite', 'files'])(
    'that restic keeps its backups of kind %s',
    (kind) => {
      const database = kind === 'mysql' ? 'database: shop, ' : '';
      const restic = `{ ${SECRET}, path: /var/backups/pg, tags: [nightly, 'two words'], host: db1 }`;
      expect(specOf(`kind: ${kind}, ${database}source: ../restic, repository: { restic: ${restic} }`)).toMatchObject({
        source: '/team/restic',
        repository: {
          tool: 'restic',
          password: { file: '/team/restic.key' },
          path: '/var/backups/pg',
          tags: ['nightly', 'two words'],
          host: 'db1',
        },
      });
      expect(specOf(`kind: ${kind}, ${database}source: ../r, repository: { restic: { ${SECRET} } }`)).toMatchObject({
        repository: { tool: 'restic', password: { file: '/team/restic.key' }, tags: [] },
      });
    },
  );

  it('that pgBackRest keeps its base backups, encrypted or not', () => {
    const of = (stanza: string) =>
      specOf(`kind: postgres, source: /var/lib/pgbackrest, repository: { pgbackrest: ${stanza} }`);
    expect(of('{ stanza: main }')).toMatchObject({ repository: { tool: 'pgbackrest', stanza: 'main' } });
    expect(of('{ stanza: main, passphrase: { env: CIPHER } }')).toMatchObject({
      repository: { passphrase: { env: 'CIPHER' } },
    });
  });
});

describe('what a resource may not say', () => {
  const restic = (more: string) => `kind: files, source: ../r, repository: { restic: { ${more} } }`;

  it.each([
    ['kind: sqlite, source: x, database: shop', 'unknown-key at database', /always 'main'/],
    ['kind: files, source: x, database: shop', 'unknown-key at database', /checks of kind 'files'/],
    ['kind: postgres-dump, source: x, superuser: admin', 'unknown-key at superuser', /drillbook's own/],
    ['kind: postgres-dump, source: x, preload: [timescaledb]', 'unknown-key at preload', /loads no library/],
    ['kind: mysql, source: x, database: y, wal: ../wal', 'unknown-key at wal', /kind 'postgres'/],
    ['kind: postgres, source: x, jobs: 2', 'unknown-key at jobs', /kind 'postgres-dump'/],
    ['kind: files, source: x, instanceClass: db.t4g.medium', 'unknown-key at instanceClass', /kind 'rds'/],
    ['kind: files, source: x, recoveryPoint: { to: latest }', 'unknown-key at to', /'before' and 'after'/],
    ['kind: files, source: x, repositry: {}', 'unknown-key at repositry', /Write 'repository'/],
    ['kind: files, source: x, repository: {}', 'empty at repository', /backup tool/],
    ['kind: files, source: x, repository: { borg: {} }', 'unknown-key at borg', /'restic'/],
    [restic('tags: [x]'), 'missing-key at restic', /'password'/],
    [restic(`${SECRET}, path: backups/pg`), 'bad-path at backups/pg', /beginning with '\/'/],
    [
      'kind: mysql, source: x, database: y, repository: { pgbackrest: { stanza: main } }',
      'unknown-key at pgbackrest',
      /kind 'postgres'/,
    ],
    [
      'kind: postgres, source: x, wal: y, repository: { pgbackrest: { stanza: main } }',
      'needless-wal at wal',
      /Leave 'wal' out/,
    ],
    [
      `kind: postgres, source: x, repository: { pgbackrest: { stanza: main }, restic: { ${SECRET} } }`,
      'one-of at repository',
      /Keep one/,
    ],
    ['kind: postgres-dump, source: x, jobs: 0', 'out-of-range at 0', /bounds/],
    ['kind: postgres-dmp, source: x', 'unknown-value at postgres-dmp', /Write 'postgres-dump'/],
  ])('%s', (resource, problem, hint) => {
    const [first, ...rest] = told(resource);
    expect(first).toMatch(hint);
    expect(first?.split(': ')[0]).toBe(problem);
    expect(rest).toEqual([]);
  });

  it('a password of its repository', () => {
    const diagnostics = diagnosticsOf(of(restic('password: correct-horse-9')));
    expect(diagnostics.map(({ code }) => code)).toEqual(['runbook/secret']);
    expect(JSON.stringify(diagnostics)).not.toContain('correct-horse');
  });

  it('that a folder of WAL lies beside backups that restic keeps, since it may', () => {
    expect(codesOf(of(`kind: postgres, source: x, wal: y, repository: { restic: { ${SECRET} } }`))).toEqual([]);
  });

  it('that it is restored on AWS, where only RDS is', () => {
    const sandbox = "sandbox: { provider: aws, account: '222222222222', region: eu-west-1 }\n";
    for (const kind of ['postgres-dump', 'sqlite', 'files']) {
      const text = of(`kind: ${kind}, source: x`).replace('restore:', `${sandbox}restore:`);
      expect(codesOf(text)).toEqual(['wrong-provider']);
    }
  });
});

describe('the examples in the documentation', () => {
  it.each([
    ['dumps', ['postgres-dump']],
    ['sqlite-and-files', ['sqlite', 'files']],
    ['mysql', ['mysql']],
    ['restic-and-pgbackrest', ['postgres', 'postgres']],
  ])('%s is a runbook', (example, kinds) => {
    const text = readFileSync(new URL(`../../docs/examples/${example}.yaml`, import.meta.url), 'utf8');
    expect(runbookOf(text).restore.map(({ kind }) => kind)).toEqual(kinds);
  });
});
