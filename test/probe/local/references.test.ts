import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localProbe } from '../../../src/probe/local/local-probe.ts';
import { type TestServer, startTestServer } from '../../support/postgres-server.ts';

let server: TestServer;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-references-'));
  await mkdir(join(folder, 'data/a'), { recursive: true });
  for (const name of ['data/a/one', 'data/a/two', 'outside']) await writeFile(join(folder, name), 'x');
  await symlink('a/one', join(folder, 'data/link'));
  await symlink('../outside', join(folder, 'data/leak'));
  server = await startTestServer();
  await server.sql(`
    create table attachments (id serial primary key, path text);
    insert into attachments (path) select 'canary-missing-' || g from generate_series(1, 1200) as g;
    create table odd (path text);
    insert into odd values ('a/one'), ('./a//one'), ('a/../a/one'), ('link'), (null),
      ('a'), ('../data/a/two'), ('/etc/hostname'), ('leak'), (''), ('a/one/')`);
});

afterAll(async () => {
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function references(query: string, within = join(folder, 'data'), signal = AbortSignal.timeout(60_000)) {
  const probe = localProbe({ readSecret: async () => Promise.reject(new Error('no secret is needed')) });
  const request = {
    kind: 'references',
    database: 'postgres',
    query,
    within: { kind: 'files', folder: within },
  } as const;
  return probe.observe(server.endpoint, request, signal);
}

describe('what a database names', () => {
  it('is looked up among the files, each path once however it is spelled, and only below their folder', async () => {
    expect(await references('select path from odd where path is not null')).toEqual({
      kind: 'references',
      named: 8,
      missing: 6,
    });
    expect(await references("select 'a/two', id from attachments")).toMatchObject({ named: 1, missing: 0 });
  });

  it('is read to its end, whatever number of rows it has, and never shown', async () => {
    const seen = await references('select path from attachments union all select path from attachments');
    expect(seen).toEqual({ kind: 'references', named: 1200, missing: 1200 });
    const none = await references('select path from odd where path is null');
    expect(none).toEqual({ kind: 'references', named: 0, missing: 0 });
  });

  it.each([
    ['a query that is none', 'delete from odd', undefined],
    ['two statements', 'select path from odd; drop table odd', undefined],
    ['a query that fails on a row', "select (path::int)::text from odd where path <> ''", undefined],
    ['files that are gone', 'select path from odd', '/nowhere'],
  ])('is unobservable for %s, without a value', async (_what, query, within) => {
    const seen = await references(query, within);
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { blames: 'environment' } });
    expect(JSON.stringify(seen)).not.toMatch(/canary|a\/one/);
    expect(await server.sql('select count(*)::int as rows from odd')).toEqual([{ rows: 11 }]);
  });

  it('is not looked up any longer once the time is over', async () => {
    const seen = await references('select path, pg_sleep(60) from odd', undefined, AbortSignal.timeout(300));
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { blames: 'environment' } });
  });
});
