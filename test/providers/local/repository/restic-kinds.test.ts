import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LocalRestore } from '../../../../src/runbook/restore-spec.ts';
import { SHOP, ask as askDatabase, copyWithHotWal, execute } from '../../../probe/sqlite/databases.ts';
import { type Cluster, startCluster } from '../postgres/cluster.ts';
import { type Worker, ask, endAllWorkers, startWorker } from '../postgres/worker.ts';
import { COMMON, RESTIC, hasTool, list, only, restic, restoreInto } from './repository-worker.ts';
import { wholeTest } from '../../../support/whole.ts';

const isThere = await hasTool('restic');
const LOCAL = { ...COMMON, name: 'shop' } as const;
const SERVER = { ...LOCAL, database: 'postgres' } as const;

let lab: string;
let repository: string;
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

/** A dump as pg_dump writes it, as far as it matters. */
function dump(rows: number): string {
  const copy = Array.from({ length: rows }, (_, index) => `${index}\n`).join('');
  return [
    '--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n-- Dumped by pg_dump version 15.18\n',
    `CREATE TABLE public.orders (n integer);\n\nCOPY public.orders (n) FROM stdin;\n${copy}\\.\n`,
    '\n--\n-- PostgreSQL database dump complete\n--\n',
  ].join('\n');
}

/** The only snapshot of a tag, restored. */
async function restored(given: LocalRestore, tag: string): ReturnType<typeof restoreInto> {
  const spec = { ...given, repository: { ...RESTIC, ...given.repository, tags: [tag] } } as LocalRestore;
  return restoreInto(freshFolder(), spec, only((await list(spec)).points));
}

/** A worker that is started again, without repository and password, after one that was killed. */
async function startedAgain(worker: Worker): ReturnType<Worker['settled']> {
  worker.child.kill('SIGKILL');
  await worker.end();
  await rm(join(worker.folder, 'state.json'));
  expect(await readdir(worker.folder)).not.toContain('fetched');
  return startWorker(worker.folder, { PATH: process.env['PATH'] }).settled();
}

describe.runIf(isThere)('out of a snapshot of restic', () => {
  beforeAll(async () => {
    lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
    await chmod(lab, 0o755);
    await mkdir(join(lab, 'drills'), { mode: 0o755 });
    repository = join(lab, 'repository');
    await restic(repository, ['init', '--quiet']);
  });

  afterEach(endAllWorkers);

  afterAll(async () => {
    await rm(lab, { recursive: true, force: true });
  });

  it('a SQLite database comes with the WAL beside it, though only the database is named', async () => {
    const source = join(lab, 'sqlite');
    await mkdir(source);
    execute(join(source, 'plain.db'), SHOP);
    await copyWithHotWal(join(source, 'plain.db'), join(source, 'live.db'), 'delete from orders where id > 7');
    await restic(repository, ['backup', '--quiet', '--tag', 'sqlite', source]);
    const repositorySpec = { ...RESTIC, path: join(source, 'live.db') };
    const spec = { ...LOCAL, kind: 'sqlite', source: repository, repository: repositorySpec } as const;
    const worker = await restored(spec, 'sqlite');
    const state = await startedAgain(worker);
    expect(state).toEqual(worker.state);
    if (state.kind !== 'ready' || state.endpoint?.kind !== 'sqlite') throw new Error(JSON.stringify(state));
    expect(askDatabase(state.endpoint.file, 'select count(*) as rows from orders')).toEqual([7]);
  });

  it('the newest of several dumps is taken, by its own moment, and the report says so', async () => {
    const source = join(lab, 'dumps');
    await mkdir(source);
    for (const [name, rows, day] of [
      ['old.sql', 1, 1],
      ['new.sql', 3, 2],
    ] as const) {
      await writeFile(join(source, name), dump(rows));
      await utimes(join(source, name), new Date(`2026-01-0${day}T00:00:00Z`), new Date(`2026-01-0${day}T00:00:00Z`));
    }
    await restic(repository, ['backup', '--quiet', '--tag', 'dumps', source]);
    const spec = { ...SERVER, kind: 'postgres-dump', jobs: 1, source: repository, repository: RESTIC } as const;
    const worker = await restored(spec, 'dumps');
    const { state, folder } = worker;
    if (state.kind !== 'ready') throw new Error(JSON.stringify(state));
    expect(await startedAgain(worker)).toEqual(state);
    expect(await ask(folder, 'select count(*)::int as rows from orders')).toEqual([{ rows: 3 }]);
    const { warnings = [], dataMoments = [] } = state.facts ?? {};
    expect(warnings.map(({ code }) => code)).toContain('restore/several-backups');
    for (const { at } of dataMoments) expect(at.slice(0, 10) <= '2026-01-02').toBe(true);
  });

  wholeTest('a base backup is described by its own label, and replayed', async () => {
    const cluster: Cluster = await startCluster(join(lab, 'cluster'));
    try {
      await cluster.query('create table orders as select generate_series(1, 500) as n');
      await cluster.backUp(join(lab, 'base'));
      await cluster.archiveAll();
    } finally {
      await cluster.stop('SIGQUIT');
    }
    await restic(repository, ['backup', '--quiet', '--tag', 'base', join(lab, 'base')]);
    const server = { superuser: 'postgres', preload: [], wal: cluster.archive } as const;
    const spec = { ...SERVER, ...server, kind: 'postgres', source: repository, repository: RESTIC } as const;
    const worker = await restored(spec, 'base');
    const { state, folder } = worker;
    expect(state.kind === 'failed' ? state.problem : state.kind).toBe('ready');
    expect(await startedAgain(worker)).toEqual(state);
    expect(await ask(folder, 'select count(*)::int as rows from orders')).toEqual([{ rows: 500 }]);
  });
});
