import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asFirstRows } from '../../../../src/providers/local/postgres-dump/first-rows.ts';
import { replayScript } from '../../../../src/providers/local/postgres-dump/replay-script.ts';
import type { TestServer } from '../../../support/postgres-server.ts';
import { startLoadServer } from './dump-worker.ts';

const END = '\n--\n-- PostgreSQL database dump complete\n--\n';
const COPY = 'COPY public.t (a) FROM stdin;\n1\n2\n\\.\n';

let server: TestServer;
let loads = 0;

beforeAll(async () => {
  server = await startLoadServer();
});

afterAll(async () => server.dispose());

/** What is in table `t` after the load, and whether its rows went into a file that the load emptied. */
async function loaded(script: string): Promise<{ rows: number; emptied: boolean }> {
  const database = `load_${(loads += 1)}`;
  async function* parts(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from(script + END));
  }
  await replayScript(parts(), {
    socketFolder: server.endpoint.host,
    database,
    isSameMajor: true,
    jobs: 1,
    signal: new AbortController().signal,
  });
  const [row] = await server.sql(
    `select (select count(*)::int from t) as rows, pg_relation_filenode('t') is distinct from 't'::regclass::oid as emptied`,
    database,
  );
  return row as { rows: number; emptied: boolean };
}

describe('the rows of a table that is empty', () => {
  it('go into a file that the same transaction made, so that they need no WAL', async () => {
    expect(await loaded(`CREATE TABLE public.t (a int);\n${COPY}`)).toEqual({ rows: 2, emptied: true });
  });

  it('go there whatever the name of the table', async () => {
    const name = '"T ""x"" $1"';
    const script = `CREATE TABLE public.${name} (a int);\nCOPY public.${name} (a) FROM stdin;\n1\n\\.\nALTER TABLE public.${name} RENAME TO t;`;
    expect(await loaded(script)).toEqual({ rows: 1, emptied: true });
  });

  it.each([
    ['a trigger', 'CREATE TRIGGER seen AFTER TRUNCATE ON public.t EXECUTE FUNCTION public.seen();'],
    ['a key that refers to it', 'CREATE TABLE public.child (a int REFERENCES public.t (a));'],
  ])('do not where the table has %s', async (_, more) => {
    const script = `CREATE TABLE public.t (a int PRIMARY KEY);
CREATE FUNCTION public.seen() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end';
${more}\n${COPY}`;
    expect(await loaded(script)).toEqual({ rows: 2, emptied: false });
  });

  it('do not within a transaction of the script', async () => {
    const script = `CREATE TABLE public.t (a int);\nBEGIN;\n${COPY}COMMIT;`;
    expect(await loaded(script)).toEqual({ rows: 2, emptied: false });
  });
});

describe('no row is lost', () => {
  it('of a table that has rows already', async () => {
    expect(await loaded(`CREATE TABLE public.t (a int);\nINSERT INTO public.t VALUES (0);\n${COPY}`)).toEqual({
      rows: 3,
      emptied: false,
    });
    expect(await loaded(`CREATE TABLE public.t (a int);\n${COPY}${COPY}`)).toMatchObject({ rows: 4 });
  });

  it('of a partitioned table, which cannot be emptied by itself', async () => {
    const script = `CREATE TABLE public.t (a int) PARTITION BY RANGE (a);
CREATE TABLE public.p PARTITION OF public.t FOR VALUES FROM (1) TO (2);
CREATE TABLE public.q PARTITION OF public.t FOR VALUES FROM (2) TO (3);\n${COPY}`;
    expect(await loaded(script)).toMatchObject({ rows: 2 });
  });
});

describe('a statement is left as it is', () => {
  it.each([
    ['that names a file', 'COPY (SELECT 1) TO STDOUT;'],
    ['whose table has a quote in its name', `COPY public."it's" (a) FROM stdin;`],
    ['whose table has a backslash in its name', String.raw`COPY public."a\b" (a) FROM stdin;`],
    ['that copies nothing', 'SELECT 1;'],
  ])('%s', (_, text) => {
    expect(asFirstRows(Buffer.from(text))).toBeUndefined();
  });
});
