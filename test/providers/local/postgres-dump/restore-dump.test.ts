import { execFile as execFileOf } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SUPERUSER } from '../../../../src/providers/local/postgres-dump/load-sessions.ts';
import { type TestServer, startTestServer } from '../../../support/postgres-server.ts';
import { treeHash } from '../../../support/tree-hash.ts';
import { ask, endAllWorkers, startWorker } from '../postgres/worker.ts';
import { SYSTEM_BIN, dumpPoint, dumpSpec, restoreDumpInto, runTool, writeDumpRequest } from './dump-worker.ts';
import { CONTENT, TORTURE } from './torture.ts';
import { casesFor } from '../../../support/whole.ts';

const execFile = promisify(execFileOf);

let lab: string;
let source: string;
let server: TestServer;
let content: Record<string, unknown>[];
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  for (const name of ['drills', 'source']) await mkdir(join(lab, name), { mode: 0o755 });
  source = join(lab, 'source');
  server = await startTestServer(SYSTEM_BIN);
  await server.sql("create database torture template template0 locale 'C.UTF-8'");
  await server.sql(TORTURE, 'torture');
  content = await server.sql(CONTENT, 'torture');
  await runTool(server, 'pg_dump', ['--verbose', '-f', join(source, 'plain.sql'), 'torture']);
  await runTool(server, 'pg_dump', ['--create', '-f', join(source, 'created.sql'), 'torture']);
  await runTool(server, 'pg_dump', [
    '--inserts',
    '--rows-per-insert=7',
    '-Z',
    '6',
    '-f',
    join(source, 'inserts.sql.gz'),
    'torture',
  ]);
  await runTool(server, 'pg_dumpall', ['-f', join(source, 'cluster.sql')]);
  for (const [option, name] of [
    ['-Fc', 'custom'],
    ['-Ft', 'tar'],
    ['-Fd', 'directory'],
  ] as const)
    await runTool(server, 'pg_dump', [option, '-f', join(source, name), 'torture']);
  await execFile('chmod', ['-R', 'a+rX', source]);
});

afterEach(endAllWorkers);

afterAll(async () => {
  await server.dispose();
  await rm(lab, { recursive: true, force: true });
});

describe('what a restore of a dump holds', () => {
  const dumps = [
    ['created.sql', 2],
    ['custom', 3],
    ['plain.sql', 1],
    ['inserts.sql.gz', 1],
    ['cluster.sql', 2],
    ['tar', 2],
    ['directory', 1],
  ] as const;
  it.each(casesFor(dumps, 2))('is what the source held, out of %s by %i at once', async (id, jobs) => {
    const folder = freshFolder();
    const { state } = await restoreDumpInto(folder, dumpSpec(source, { jobs }), id);
    expect(state.kind === 'failed' ? state.problem : state.kind).toBe('ready');
    expect(await ask(folder, CONTENT, 'torture')).toEqual(content);
  });
});

describe('what a restore of a dump tells', () => {
  it('is when the dump began, the server, its phases, special settings, and the roles that are not in it', async () => {
    const { state } = await restoreDumpInto(freshFolder(), dumpSpec(source), 'plain.sql');
    if (state.kind !== 'ready' || !state.facts) throw new Error(JSON.stringify(state));
    const { facts, endpoint } = state;
    expect(endpoint).toMatchObject({ kind: 'postgres', superuser: SUPERUSER });
    expect(facts.dataMoments).toMatchObject([{ source: 'recovery-point', error: 1_000 }]);
    const began = Date.parse(facts.dataMoments[0]?.at ?? '');
    expect(Date.now() - began).toBeLessThan(120_000);
    expect(facts.engineVersion).toMatch(/^PostgreSQL 15\.\d+ \(system\)$/);
    expect(facts.bytesRestored).toBe((await stat(join(source, 'plain.sql'))).size);
    expect(facts.spans.map(({ name }) => name)).toEqual(['free space', 'initdb', 'load', 'secure login']);
    for (const setting of ['fsync=off', 'maintenance_work_mem=256MB']) expect(facts.settings).toContain(setting);
    expect(facts.settings.join()).toContain('done as superuser: ');
    expect(facts.warnings.map(({ code }) => code)).toEqual(['restore/roles-not-in-dump']);
    expect(facts.warnings[0]?.message).toContain("'shop_owner'");
  });

  it('is that the dump does not hold the database that is to be checked', async () => {
    const { state } = await restoreDumpInto(freshFolder(), dumpSpec(source, { database: 'shop' }), 'created.sql');
    const warnings = state.kind === 'ready' ? state.facts?.warnings : undefined;
    expect(warnings?.map(({ code }) => code)).toContain('restore/database-not-in-dump');
  });

  it('is no password, and nobody logs in without one, not even who loaded it', async () => {
    const folder = freshFolder();
    await restoreDumpInto(folder, dumpSpec(source), 'plain.sql');
    const { password } = JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8')) as { password: string };
    for (const name of ['state.json', 'server.log', 'request.json'])
      expect(await readFile(join(folder, name), 'utf8')).not.toContain(password);
    const roles =
      "select rolcanlogin as may, (select count(*)::int from pg_auth_members where member = r.oid) as roles from pg_roles as r where rolname = 'drillbook_loader'";
    expect(await ask(folder, roles)).toEqual([{ may: false, roles: 0 }]);
    await writeFile(join(folder, 'credentials.json'), JSON.stringify({ user: SUPERUSER, password: 'guess' }));
    await expect(ask(folder, roles)).rejects.toThrow(/password authentication failed/);
  });

  it('leaves the source byte for byte as it was', async () => {
    const before = await treeHash(source);
    for (const id of ['directory', 'custom'])
      await restoreDumpInto(freshFolder(), dumpSpec(source), id, { level: 'L2' });
    expect(await treeHash(source)).toBe(before);
  });
});

describe('a restore of a dump', () => {
  const signs = [
    ['while it loads', 'loading', 'custom', 'L1'],
    ['when all is loaded', 'done-load.json', 'plain.sql', 'L0'],
    ['while it makes the cluster', 'data/base', 'plain.sql', 'L2'],
    ['when the cluster is made', 'done-initdb.json', 'directory', 'L2'],
    ['when the login is secured', 'done-secure-login.json', 'tar', 'L1'],
  ] as const;
  it.each(casesFor(signs, 2))(
    'that is killed %s is finished by another worker, with one copy',
    async (_, sign, id, level) => {
      const folder = freshFolder();
      const spec = dumpSpec(source);
      await writeDumpRequest(folder, spec, await dumpPoint(spec, id), { level });
      const killed = startWorker(folder);
      const isThere = async (): Promise<boolean> =>
        sign === 'loading' ? hasTables(folder) : (await stat(join(folder, sign)).catch(() => undefined)) !== undefined;
      while (!(await isThere())) await new Promise(setImmediate);
      killed.child.kill('SIGKILL');
      await new Promise((resolve) => killed.child.once('exit', resolve));
      await rm(join(folder, 'state.json'), { force: true });
      const state = await startWorker(folder).settled();
      expect(state.kind === 'failed' ? state.problem : state.kind).toBe('ready');
      expect(await ask(folder, CONTENT, 'torture')).toEqual(content);
      expect(JSON.parse(await readFile(join(folder, 'done-load.json'), 'utf8'))).toMatchObject({ times: 1 });
    },
  );

  it('uses the next newer server where there is none of its major, and says which', async () => {
    const folder = freshFolder();
    const env = { ...process.env, PATH: '/nowhere' };
    const { state } = await restoreDumpInto(folder, dumpSpec(source), 'plain.sql', { postgresDirs: [], env });
    const engineVersion = expect.stringMatching(/^PostgreSQL 18.* \(embedded\)$/) as string;
    expect(state).toMatchObject({ kind: 'ready', facts: { engineVersion } });
    expect(await ask(folder, 'select count(*)::int as n from shop.customers', 'torture')).toEqual([{ n: 400 }]);
  });

  it('is not begun where there is no pg_restore for an archive', async () => {
    const spec = dumpSpec(source, { major: 18 });
    const folder = freshFolder();
    await writeDumpRequest(folder, spec, await dumpPoint(spec, 'custom'), { postgresDirs: [] });
    const state = await startWorker(folder, { ...process.env, PATH: '/nowhere' }).settled();
    expect(state).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/pg-restore-missing', blames: 'environment' },
    });
  });
});

/** Whether a database of the dump is there, and with it a part of what it holds. */
async function hasTables(folder: string): Promise<boolean> {
  const databases = await readdir(join(folder, 'data/base')).catch(() => []);
  // Three are made with the cluster, by numbers below the first of a user's own (FirstNormalObjectId).
  for (const name of databases.filter((name) => Number(name) >= 16_384)) {
    const files = await readdir(join(folder, 'data/base', name)).catch(() => []);
    if (files.some((file) => Number.parseInt(file, 10) >= 16_384)) return true;
  }
  return false;
}
