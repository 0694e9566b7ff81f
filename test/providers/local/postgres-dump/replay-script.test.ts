import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../../../src/diagnostics/problem.ts';
import { ProblemError } from '../../../../src/diagnostics/problem-error.ts';
import { LOADER } from '../../../../src/providers/local/postgres-dump/load-sessions.ts';
import { type LoadFacts, replayScript } from '../../../../src/providers/local/postgres-dump/replay-script.ts';
import type { TestServer } from '../../../support/postgres-server.ts';
import { startLoadServer } from './dump-worker.ts';

const SECRET = 'canary-of-a-row';
const END = '\n--\n-- PostgreSQL database dump complete\n--\n';

let server: TestServer;
let loads = 0;
let database: string;

beforeAll(async () => {
  server = await startLoadServer();
});

afterAll(async () => server.dispose());

/** Loads a script into a database of its own. */
async function load(script: string, { isSameMajor = true, jobs = 1 } = {}): Promise<LoadFacts> {
  database = `load_${(loads += 1)}`;
  const target = {
    socketFolder: server.endpoint.host,
    database,
    isSameMajor,
    jobs,
    signal: new AbortController().signal,
  };
  async function* parts(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from(script));
  }
  return replayScript(parts(), target);
}

async function refusalOf(script: string, options?: Parameters<typeof load>[1]): Promise<Problem> {
  try {
    await load(script, options);
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  throw new Error('the script was loaded');
}

const ROWS = `CREATE TABLE public.t (a int PRIMARY KEY, b text);\nCOPY public.t (a, b) FROM stdin;\n1\t${SECRET}\n2\tx\n\\.\n`;

describe('a script that is not whole', () => {
  it.each([
    ['in the rows of a COPY', ROWS.slice(0, -6)],
    ['in a statement', `${ROWS}CREATE INDEX i ON public.t (b`],
    ['after its data, before its indexes', ROWS],
    ['after the dump of one database of a cluster', `-- PostgreSQL database cluster dump\n${ROWS}${END}`],
  ])('is the fault of the backup when it ends %s', async (_, script) => {
    expect(await refusalOf(script)).toMatchObject({ code: 'restore/dump-truncated', blames: 'backup' });
  });

  it('is whole by its last line alone, and not when statements follow that', async () => {
    await load(ROWS + END);
    expect(await server.sql('select count(*)::int as n from t', database)).toEqual([{ n: 2 }]);
    expect(await refusalOf(`${ROWS}${END}DROP TABLE public.t;`)).toMatchObject({ code: 'restore/dump-truncated' });
  });
});

describe('what no dump needs', () => {
  it.each([
    ['a shell command', '\\! touch /tmp/drillbook-was-here\n'],
    ['a shell command behind a statement', 'SELECT 1 \\! touch /tmp/drillbook-was-here\n;'],
    ['a copy to a program', '\\copy t to program cat\n'],
    ['another file', '\\i /etc/passwd\n'],
    ['an expansion by a program', '\\set a `id`\n'],
    ['a COPY from a program', "COPY public.t FROM PROGRAM 'id';"],
    ['a COPY to a program', "COPY public.t TO PROGRAM 'id';"],
    ['a COPY of a query', "COPY (SELECT 1) TO '/tmp/drillbook-was-here';"],
    ['a COPY from a file of the server', "copy public.t/* FROM stdin */from '/etc/passwd';"],
    ['a library', "LOAD 'auto_explain';"],
    ['a setting of the server', "ALTER SYSTEM SET archive_command = 'id';"],
    ['a command within its own restriction', '\\restrict abc\n\\connect postgres\n'],
    ['the end of a restriction by a wrong token', '\\restrict abc\n\\unrestrict abd\n'],
    ['the end of no restriction', '\\unrestrict abc\n'],
    ['another restriction within one', '\\restrict abc\n\\restrict abc\n'],
  ])('is refused, and nothing after it is done: %s', async (_, line) => {
    const problem = await refusalOf(`${ROWS}${line}\nDROP TABLE public.t;${END}`);
    expect(problem).toMatchObject({ code: 'restore/unsafe-dump', blames: 'backup' });
    expect(await server.sql('select count(*)::int as n from t', database)).toEqual([{ n: 2 }]);
  });

  it('is refused by the server where it hides in code, since whoever loads is no superuser', async () => {
    const hidden = `DO $$ begin execute 'copy public.t from program ''id'''; end $$;`;
    expect(await refusalOf(ROWS + hidden + END)).toMatchObject({
      code: 'restore/needs-superuser',
      blames: 'environment',
    });
    const whoami =
      'CREATE TABLE public.who AS SELECT current_user::text AS name, pg_has_role(current_user, $$pg_execute_server_program$$, $$member$$) AS may;';
    await load(whoami + END);
    expect(await server.sql('select * from who', database)).toEqual([{ name: LOADER, may: false }]);
  });
});

describe('a statement that the server refuses', () => {
  it.each([
    ['an index', 'CREATE UNIQUE INDEX twice ON public.t USING btree ((1));', '23505'],
    [
      'a foreign key',
      'ALTER TABLE ONLY public.t\n    ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES public.nowhere(a);',
      '42P01',
    ],
  ])('is not lost when it is done beside others: %s', async (_, statement, state) => {
    const problem = await refusalOf(`${ROWS}${statement}\nCREATE INDEX i ON public.t USING btree (b);\n${END}`, {
      jobs: 2,
    });
    expect(problem.message).toContain(`SQLSTATE ${state}`);
  });

  it.each([
    ['a row that is no row', ROWS.replace('2\tx', `${SECRET}\tx`), 'COPY', '22P02', 'row 2'],
    ['a row twice', ROWS.replace('2\tx', `1\t${SECRET}`), 'COPY', '23505', 'row 2'],
    [
      'a key that is not there',
      `${ROWS}ALTER TABLE ONLY public.t ADD FOREIGN KEY (a) REFERENCES public.nowhere;`,
      'ALTER TABLE',
      '42P01',
      'statement 3',
    ],
    [
      'rows that break a rule',
      `${ROWS}ALTER TABLE public.t ADD CONSTRAINT c CHECK (b <> '${SECRET}');`,
      'ALTER TABLE',
      '23514',
      'byte',
    ],
  ])('tells its kind, its place and its state, and no value: %s', async (_, script, kind, state, place) => {
    const problem = await refusalOf(script + END);
    expect(problem).toMatchObject({ code: 'restore/statement-refused', blames: 'backup' });
    for (const word of [kind, state, place]) expect(problem.message).toContain(word);
    expect(JSON.stringify(problem)).not.toContain(SECRET);
  });

  it('says nothing of the backup when an extension is not installed here', async () => {
    const problem = await refusalOf(`CREATE EXTENSION IF NOT EXISTS not_here WITH SCHEMA public;${END}`);
    expect(problem).toMatchObject({ code: 'restore/extension-missing', blames: 'environment' });
    expect(problem.hint).toContain("'not_here'");
  });

  it('says nothing of the backup when a library is not installed here', async () => {
    const script = `CREATE FUNCTION public.f() RETURNS int LANGUAGE c AS '$libdir/not_here', 'f';${END}`;
    expect(await refusalOf(script)).toMatchObject({ code: 'restore/library-missing', blames: 'environment' });
  });

  it('says nothing of the backup when the server is of another major, unless it is about the data', async () => {
    const script = `CREATE TABLE public.t (a abstime);${END}`;
    expect(await refusalOf(script, { isSameMajor: false })).toMatchObject({
      code: 'restore/other-major',
      blames: 'environment',
    });
    expect(await refusalOf(script)).toMatchObject({ blames: 'backup' });
    expect(await refusalOf(ROWS.replace('2\tx', '1\tx') + END, { isSameMajor: false })).toMatchObject({
      blames: 'backup',
    });
  });

  it('may be a setting that only a newer server knows, which is left out and told', async () => {
    const facts = await load(`SET transaction_timeout = 0;\nSET client_encoding = 'UTF8';\n${ROWS}${END}`);
    expect(facts.settings).toEqual(['left out: SET transaction_timeout']);
  });
});

describe('what a dump takes for granted', () => {
  it('is made: roles that it names and does not hold, without a login', async () => {
    const facts = await load(
      `${ROWS}ALTER TABLE public.t OWNER TO "the ""owner";GRANT SELECT ON TABLE public.t TO the_reader;${END}`,
    );
    expect(facts.madeRoles).toEqual(['the "owner', 'the_reader']);
    const asked = `select tableowner, has_table_privilege('the_reader', 't', 'select') as may,
      (select bool_or(rolcanlogin) from pg_roles where rolname like 'the%') as login from pg_tables where tablename = 't'`;
    expect(await server.sql(asked, database)).toEqual([{ tableowner: 'the "owner', may: true, login: false }]);
  });

  it('is left out: tablespaces', async () => {
    const facts = await load(`SET default_tablespace = fast;\n${ROWS}${END}`);
    expect(facts.settings).toEqual(['tablespaces=default']);
  });

  it('is done by the superuser and told, where it runs no code of the dump', async () => {
    const facts = await load(
      `CREATE CAST (text AS int) WITH INOUT AS ASSIGNMENT;\nCREATE FUNCTION public.f() RETURNS int LANGUAGE internal AS 'pg_backend_pid';${END}`,
    );
    expect(facts.asSuperuser).toEqual(['CREATE CAST', 'CREATE FUNCTION']);
  });

  it('is a database that sorts by a locale which is not here: it is made in another, and told', async () => {
    const name = `sorted_${loads}`;
    const facts = await load(
      `CREATE DATABASE ${name} WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'xx_XX.UTF-8';\n\\connect ${name}\n${ROWS}${END}`,
    );
    expect(facts.databases).toEqual([name]);
    expect(facts.settings).toEqual([expect.stringContaining('locale')]);
  });

  it('is the encoding of its database, whatever bytes it holds', async () => {
    const script = Buffer.concat([
      Buffer.from("SET client_encoding = 'SQL_ASCII';\nCREATE TABLE public.t (a text);\nCOPY public.t FROM stdin;\n"),
      Buffer.from([0xe4, 10]),
      Buffer.from(`\\.\n${END}`),
    ]);
    database = `load_${(loads += 1)}`;
    async function* parts(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(script);
    }
    await replayScript(parts(), {
      socketFolder: server.endpoint.host,
      database,
      isSameMajor: true,
      jobs: 1,
      signal: new AbortController().signal,
    });
    expect(await server.sql("select encode(a::bytea, 'hex') as hex from t", database)).toEqual([{ hex: 'e4' }]);
  });

  it('is not an encoding in which a quote may be half a letter', async () => {
    expect(await refusalOf(`SET client_encoding = 'SJIS';\n${ROWS}${END}`)).toMatchObject({
      code: 'restore/unsupported-dump',
    });
  });
});
