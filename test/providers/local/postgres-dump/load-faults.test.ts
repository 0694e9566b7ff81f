import { execFile as execFileOf } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../../../src/diagnostics/problem.ts';
import { ProblemError } from '../../../../src/diagnostics/problem-error.ts';
import { SUPERUSER } from '../../../../src/providers/local/postgres-dump/load-sessions.ts';
import { type TestServer, overwrite, startTestServer } from '../../../support/postgres-server.ts';
import { SYSTEM_BIN, dumpSpec, runTool } from './dump-worker.ts';
import { loadInto } from './load-into.ts';

const execFile = promisify(execFileOf);
const SECRET = 'canary-of-a-row';
let lab: string;
let source: string;
let server: TestServer;
let loads = 0;

const at = (name: string): string => join(source, name);

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  for (const name of ['drills', 'source']) await mkdir(join(lab, name), { mode: 0o755 });
  source = join(lab, 'source');
  server = await startTestServer(SYSTEM_BIN, SUPERUSER);
  await server.sql(`create table t as select a, '${SECRET}' || md5(a::text) as b from generate_series(1, 5000) as a`);
  await server.sql('create unique index on t (a); create role app; alter table t owner to app');
  for (const [option, name] of [
    ['-Fp', 'plain'],
    ['-Fc', 'custom'],
    ['-Fd', 'directory'],
    ['-Ft', 'tar'],
  ] as const)
    await runTool(server, 'pg_dump', [option, '-f', at(name), 'postgres']);
  await execFile('chmod', ['-R', 'a+rX', source]);
  await writeFile(join(server.dataFolder, 'pg_hba.conf'), 'local all all trust\n');
  await server.sql('select pg_reload_conf()');
});

afterAll(async () => {
  await server.dispose();
  await rm(lab, { recursive: true, force: true });
});

/** The problem that a load ends in; nothing of a row is in it. */
async function problemWith(id: string): Promise<Problem> {
  const spec = dumpSpec(source, { database: `load_${(loads += 1)}` });
  const error: unknown = await loadInto(server, spec, id).catch((error: unknown) => error);
  if (!(error instanceof ProblemError)) throw new Error(`it ends in ${String(error)}`);
  expect(JSON.stringify(error.problem)).not.toContain(SECRET);
  return error.problem;
}

describe('a dump that is damaged is the fault of the backup', () => {
  it.each(['within its rows', 'after its data'])('when a compressed script ends %s', async (where) => {
    const text = await readFile(at('plain'), 'utf8');
    const end = where === 'after its data' ? text.indexOf('\\.\n') + 3 : text.length / 2;
    await writeFile(at('cut.sql.gz'), gzipSync(text.slice(0, end)));
    expect(await problemWith('cut.sql.gz')).toMatchObject({ code: 'restore/dump-truncated', blames: 'backup' });
  });

  it('when a byte of its compressed form is another', async () => {
    const bytes = gzipSync(await readFile(at('plain')));
    bytes[bytes.length - 6] = (bytes.at(-6) ?? 0) ^ 0x10;
    expect(() => gunzipSync(bytes)).toThrow();
    await writeFile(at('flipped.sql.gz'), bytes);
    expect(await problemWith('flipped.sql.gz')).toMatchObject({ code: 'restore/archive-damaged', blames: 'backup' });
  });

  it('when its compressed form is cut off', async () => {
    const bytes = gzipSync(await readFile(at('plain')));
    await writeFile(at('torn.sql.gz'), bytes.subarray(0, bytes.length - 3));
    expect(await problemWith('torn.sql.gz')).toMatchObject({ code: 'restore/archive-damaged', blames: 'backup' });
  });

  it('when an archive in custom form is cut off', async () => {
    await cp(at('custom'), at('cut.dump'));
    await truncate(at('cut.dump'), (await stat(at('custom'))).size - 5_000);
    expect(await problemWith('cut.dump')).toMatchObject({ code: 'restore/archive-damaged', blames: 'backup' });
  });

  it('when a byte of its compressed rows is another', async () => {
    await cp(at('custom'), at('flipped.dump'));
    const { size } = await stat(at('custom'));
    await overwrite(at('flipped.dump'), Math.floor(size / 2), ([byte = 0]) => Buffer.from([byte ^ 0xff]), 1);
    expect(await problemWith('flipped.dump')).toMatchObject({ blames: 'backup' });
  });

  it('when a file of a directory is missing', async () => {
    await cp(at('directory'), at('partial'), { recursive: true });
    const [data = ''] = (await readdir(at('partial'))).filter((name) => name !== 'toc.dat');
    await rm(join(at('partial'), data));
    expect(await problemWith('partial')).toMatchObject({ code: 'restore/archive-damaged', blames: 'backup' });
  });

  it('when a tar is cut off', async () => {
    await cp(at('tar'), at('cut.tar'));
    await truncate(at('cut.tar'), Math.floor((await stat(at('tar'))).size / 2));
    expect(await problemWith('cut.tar')).toMatchObject({ blames: 'backup' });
  });

  it('when a row is none', async () => {
    await writeFile(at('bad-row.sql'), (await readFile(at('plain'), 'utf8')).replace('\n77\t', '\nseventy\t'));
    expect(await problemWith('bad-row.sql')).toMatchObject({ code: 'restore/statement-refused', blames: 'backup' });
  });
});

describe('a dump that does more than a dump does', () => {
  it.each(['\\! touch SIGN', "COPY public.t FROM PROGRAM 'touch SIGN';"])('is not loaded: %s', async (line) => {
    const sign = join(lab, 'sign');
    const text = await readFile(at('plain'), 'utf8');
    await writeFile(at('evil.sql'), text.replace('\nCREATE TABLE', `\n${line.replace('SIGN', sign)}\nCREATE TABLE`));
    expect(await problemWith('evil.sql')).toMatchObject({ code: 'restore/unsafe-dump', blames: 'backup' });
    await expect(stat(sign)).rejects.toThrow();
  });
});
