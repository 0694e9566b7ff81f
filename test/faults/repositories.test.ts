import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { Verdict } from '../../src/drill/verdict.ts';
import { listRepository } from '../../src/providers/local/repository/list-repository.ts';
import type { LocalRestore } from '../../src/runbook/restore-spec.ts';
import { SYSTEM_BIN } from '../providers/local/postgres-dump/dump-worker.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { PASSWORD, PASSWORD_NAME, RESTIC, hasTool, restic } from '../providers/local/repository/repository-worker.ts';
import { type BackedUpCluster, STANZA, startBackedUpCluster } from '../providers/local/repository/stanza.ts';
import { execute } from '../probe/sqlite/databases.ts';
import { overwrite } from '../support/postgres-server.ts';
import { look, observed, openLab, tryOut } from './bench.ts';
import { cutMiddle, empty, flip } from './damage.ts';
import { COLUMNS, POSTGRES_SHOP, SQLITE_SHOP, databaseChecks } from './database-checks.ts';
import { faultTable } from './fault-table.ts';

const hasRestic = await hasTool('restic');
const hasPgBackRest = existsSync(SYSTEM_BIN) && (await hasTool('pgbackrest'));
const BLOCK = 8_192;
const OF_RESTIC = 'restic';
const OF_PGBACKREST = 'pgBackRest';
const table = faultTable('repositories', COLUMNS);

let lab: string;
let shop: BackedUpCluster | undefined;
let estates = 0;
const manifests = new Map<string, Manifest>();

type Damage = (repository: string) => Promise<unknown>;
type Fault = readonly [fault: string, damage: Damage, ends: Verdict];

/** Does something to all files below a folder of a repository that are called so. */
const toFiles =
  (below: string, name: RegExp, change: (file: string) => Promise<unknown>): Damage =>
  async (repository) => {
    const folder = join(repository, below);
    const files: string[] = [];
    for (const path of await readdir(folder, { recursive: true })) {
      // pgBackRest lays a link beside its backups that leads to the newest.
      if (!path.includes('/latest/') && name.test(path) && (await stat(join(folder, path))).isFile())
        files.push(join(folder, path));
    }
    if (files.length === 0) throw new Error(`nothing in '${below}' is called ${name.source}`);
    for (const file of files) {
      await chmod(file, 0o600);
      await change(file);
    }
  };
const flipAt = (at: number) => async (file: string) => overwrite(file, at, flip, 1);
const flipHalfWay = async (file: string) => flipAt(Math.floor((await stat(file)).size / 2))(file);
const remove = async (file: string) => rm(file);

const ofRestic: readonly Fault[] = [
  ['nothing', async () => {}, 'passed'],
  ['one byte of what it keeps', toFiles('data', /./, flipAt(100)), 'failed'],
  ['what it keeps missing', toFiles('data', /./, remove), 'failed'],
  ['what it keeps, empty files', toFiles('data', /./, empty), 'failed'],
  ['one byte of its index', toFiles('index', /./, flipAt(30)), 'failed'],
  ['its index missing', toFiles('index', /./, remove), 'failed'],
  ['one byte of the snapshot', toFiles('snapshots', /./, flipAt(30)), 'failed'],
  // As after `restic forget`: what is not there any more is nobody's damage, and nothing to be drawn.
  ['the snapshot missing', toFiles('snapshots', /./, remove), 'inconclusive'],
  ['one byte of its settings', toFiles('.', /^config$/, flipAt(30)), 'failed'],
  ['its key cut off', toFiles('keys', /./, cutMiddle), 'failed'],
];

const ofPgBackRest: readonly Fault[] = [
  ['nothing', async () => {}, 'passed'],
  ['one byte of what it keeps', toFiles('backup', /pg_data\/base\/\d+\/\d+$/, flipHalfWay), 'failed'],
  ['what it keeps missing', toFiles('backup', /pg_data\/base\/\d+\/\d+$/, remove), 'failed'],
  ["one byte of the backup's list", toFiles('backup', /F\/backup\.manifest/, flipAt(100)), 'failed'],
  ["the backup's list missing", toFiles('backup', /F\/backup\.manifest/, remove), 'failed'],
  ['one byte of its index', toFiles('backup', /backup\.info/, flipAt(60)), 'failed'],
  ['its index missing', toFiles('backup', /backup\.info/, remove), 'inconclusive'],
  ['one byte of a WAL segment', toFiles('archive', /\/[0-9A-F]{24}-[0-9a-f]{40}$/, flipHalfWay), 'failed'],
  ['the WAL missing', toFiles('archive', /\/[0-9A-F]{24}-[0-9a-f]{40}$/, remove), 'failed'],
];

beforeAll(async () => {
  lab = await openLab();
  process.env[PASSWORD_NAME] = PASSWORD;
  await mkdir(join(lab, 'healthy'), { mode: 0o755 });
  if (hasRestic) {
    await keepInRestic();
    manifests.set(OF_RESTIC, await record(await resticSpec(), 'main'));
  }
  if (hasPgBackRest) {
    shop = await keepInPgBackRest();
    manifests.set(OF_PGBACKREST, await record(await pgBackRestSpec(), 'shop'));
  }
});

afterAll(async () => {
  delete process.env[PASSWORD_NAME];
  await endAllWorkers();
  await shop?.cluster.stop('SIGQUIT');
  await rm(lab, { recursive: true, force: true });
});

describe.runIf(hasRestic)('a repository of restic with a SQLite database', () => {
  it.each(ofRestic)('ends a drill as it must: %s', async (fault, damage, ends) => {
    await expectEnd({ fault, form: OF_RESTIC, ends }, await resticSpec(damage), 'main');
  });
});

describe.runIf(hasPgBackRest)('a repository of pgBackRest', () => {
  it.each(ofPgBackRest)('ends a drill as it must: %s', async (fault, damage, ends) => {
    await expectEnd({ fault, form: OF_PGBACKREST, ends }, await pgBackRestSpec(damage), 'shop');
  });

  it('keeps what was damaged before, and checks find it', async () => {
    const cluster = shop?.cluster;
    const [row] = (await cluster?.query("select pg_relation_filepath('orders') as heap", 'shop')) ?? [];
    await cluster?.stop('SIGINT');
    await overwrite(join(cluster?.data ?? '', String(row?.['heap'])), 3 * BLOCK - 100, flip, 1);
    await cluster?.start();
    await shop?.backUp('full', 1);
    const fault = 'one byte in a heap page before the backup was taken';
    await expectEnd({ fault, form: OF_PGBACKREST, ends: 'failed' }, await pgBackRestSpec(), 'shop');
  });
});

it.runIf(hasRestic && hasPgBackRest)('the page for people says what was found', () => table.compareWithPage());

interface Expected {
  readonly fault: string;
  readonly form: string;
  readonly ends: Verdict;
}

async function expectEnd({ fault, form, ends }: Expected, spec: LocalRestore, database: string): Promise<void> {
  const manifest = manifests.get(form);
  const { pick } = spec.recoveryPoint;
  if (manifest === undefined || pick.kind !== 'id') throw new Error(`no manifest for ${form}`);
  const moment = { ...manifest.moment, recoveryPointId: pick.id };
  const checks = databaseChecks(database);
  const found = await tryOut(lab, spec, { checks, manifest: { ...manifest, moment } });
  table.add(fault, form, found);
  expect(found.verdict, JSON.stringify(found)).toBe(ends);
}

async function keepInRestic(): Promise<void> {
  const [source, repository] = [join(lab, 'living'), join(lab, 'healthy', OF_RESTIC)];
  await mkdir(source);
  execute(join(source, 'shop.db'), SQLITE_SHOP);
  await restic(repository, ['init', '--quiet']);
  await restic(repository, ['backup', '--quiet', source]);
}

async function keepInPgBackRest(): Promise<BackedUpCluster> {
  const started = await startBackedUpCluster(join(lab, 'shop'));
  await started.cluster.query('create database shop');
  await started.cluster.query(POSTGRES_SHOP, 'shop');
  for (const name of ['orders', 'customers']) await started.cluster.query(`vacuum (freeze, analyze) ${name}`, 'shop');
  await started.backUp('full', 1);
  await started.archive();
  return started;
}

/** A source with a copy of the repository, damaged, and its newest recovery point by name. */
async function resticSpec(damage: Damage = async () => {}): Promise<LocalRestore> {
  const source = await copyOf(join(lab, 'healthy', OF_RESTIC));
  const spec = {
    name: 'shop',
    kind: 'sqlite',
    source,
    repository: { ...RESTIC, path: join(lab, 'living') },
    needs: [],
    database: 'main',
  } as const;
  return drawnBeforeDamage({ ...spec, recoveryPoint: LATEST }, damage);
}

async function pgBackRestSpec(damage: Damage = async () => {}): Promise<LocalRestore> {
  const source = await copyOf(shop?.plain ?? '');
  const spec = {
    name: 'shop',
    kind: 'postgres',
    source,
    repository: { tool: 'pgbackrest', stanza: STANZA },
    needs: [],
    database: 'shop',
    superuser: 'postgres',
    preload: [],
  } as const;
  return drawnBeforeDamage({ ...spec, recoveryPoint: LATEST }, damage);
}

const LATEST = { pick: { kind: 'latest' }, to: { kind: 'backup-end' } } as const;

/** Names the newest recovery point, as people do who have listed them, and damages the repository then. */
async function drawnBeforeDamage(spec: LocalRestore, damage: Damage): Promise<LocalRestore> {
  const { points } = await listRepository(spec, process.env, AbortSignal.timeout(60_000));
  const newest = points.toSorted((a, b) => (a.capturedAt < b.capturedAt ? 1 : -1))[0];
  if (newest === undefined) throw new Error('the repository holds nothing');
  await damage(spec.source);
  const recoveryPoint = { ...LATEST, pick: { kind: 'id', id: newest.id } } as const;
  return { ...spec, recoveryPoint };
}

async function copyOf(repository: string): Promise<string> {
  const source = join(lab, 'estates', String((estates += 1)));
  await mkdir(join(lab, 'estates'), { recursive: true });
  await promisify(execFile)('cp', ['-a', '--reflink=auto', repository, source]);
  return source;
}

async function record(spec: LocalRestore, database: string): Promise<Manifest> {
  return observed(lab, spec, async ({ endpoint, point }) => {
    const seen = await look(endpoint, { kind: 'contents', database, bounded: [] });
    if (seen.kind !== 'contents') throw new Error(JSON.stringify(seen));
    const moment = { at: point.capturedAt, lsn: '', recoveryPointId: point.id };
    return { manifest: 1, database, moment, contents: seen.contents };
  });
}
