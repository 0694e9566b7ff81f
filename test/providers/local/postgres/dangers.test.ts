import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceState } from '../../../../src/providers/provider.ts';
import type { PostgresRestore } from '../../../../src/runbook/restore-spec.ts';
import { type Cluster, makeFolderFor, startCluster } from './cluster.ts';
import { hashTree, listTree, packBackup, packFiles } from './forms.ts';
import { type Worker, ask, endAllWorkers, restoreInto, specOf } from './worker.ts';
import { wholeTest } from '../../../support/whole.ts';

/*
 * A restored copy believes that it is production. Each of these, started naively, would reach out of its sandbox; here
 * they are tried at L0, where nothing but drillbook's own configuration stands between them and the living.
 */

let lab: string;
let cluster: Cluster;
let publisher: Cluster;
let source: string;
let outside: string;
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  await mkdir(join(lab, 'drills'), { mode: 0o755 });
  source = join(lab, 'source');
  outside = await makeFolderFor(join(lab, 'outside'));
  publisher = await startCluster(join(lab, 'publisher'), { wal_level: 'logical' });
  await publisher.query('create table news (n int)');
  await publisher.query('create publication all_news for all tables');
  await publisher.query("select pg_create_logical_replication_slot('reader', 'pgoutput')");
  await publisher.query('insert into news select generate_series(1, 5)');

  cluster = await startCluster(join(lab, 'cluster'), {
    wal_level: 'logical',
    max_prepared_transactions: '7',
    archive_command: `cp "%p" "${join(lab, 'cluster/archive')}/%f"`,
  });
  await cluster.query(`create tablespace far location '${outside}'`);
  await cluster.query('create table far_away tablespace far as select generate_series(1, 500) as n');
  await cluster.backUp(join(lab, 'estates/map/plain'));
  await cluster.archiveAll();
  await cluster.query('create table news (n int)');
  const conninfo = `host=${join(lab, 'publisher/socket')} user=postgres dbname=postgres`;
  await cluster.query(
    `create subscription readers connection '${conninfo}' publication all_news with (connect = false, slot_name = 'reader')`,
  );
  await cluster.query('alter subscription readers enable');
  await cluster.query('alter subscription readers disable');
  await cluster.query('update pg_subscription set subenabled = true');
  await cluster.query("select pg_create_logical_replication_slot('kept', 'pgoutput')");
  await cluster.query("begin; create table half_done (n int); prepare transaction 'in doubt'");
  await cluster.query(`
    create function refuse() returns event_trigger language plpgsql as $$
    begin if current_setting('cluster_name') like 'drillbook-%' then raise 'refused'; end if; end $$`);
  await cluster.query('create event trigger refuse_logins on login execute function refuse()');
  await cluster.query('alter event trigger refuse_logins enable always');
  await cluster.stop('SIGINT');
  await cp(cluster.data, join(source, 'copy'), { recursive: true, verbatimSymlinks: true });
  // As a careful person keeps a copy: with the tablespace's files in it.
  const [oid] = await readdir(join(source, 'copy/pg_tblspc'));
  await unlink(join(source, 'copy/pg_tblspc', oid ?? ''));
  await cp(outside, join(source, 'copy/pg_tblspc', oid ?? ''), { recursive: true });
});

afterEach(endAllWorkers);

afterAll(async () => {
  await cluster.stop('SIGQUIT');
  await publisher.stop('SIGQUIT');
  await rm(lab, { recursive: true, force: true });
});

/** Restores a copy of the estate that `prepare` has changed. */
async function restoreCopy(
  name: string,
  prepare?: (copy: string) => Promise<void>,
  changes: Partial<PostgresRestore> = {},
): Promise<Worker & { state: ResourceState }> {
  if (!prepare) return restoreInto(freshFolder(), specOf(source, changes), 'copy');
  const estate = join(lab, 'estates', name);
  await cp(join(source, 'copy'), join(estate, 'copy'), { recursive: true, verbatimSymlinks: true });
  await prepare(join(estate, 'copy'));
  return restoreInto(freshFolder(), specOf(estate, changes), 'copy');
}

describe('a restored copy', () => {
  it('does not read what is published for the subscription it holds', async () => {
    const slot = "select active, confirmed_flush_lsn::text from pg_replication_slots where slot_name = 'reader'";
    const before = await publisher.query(slot);
    const { folder, state } = await restoreCopy('subscription');
    expect(state).toMatchObject({ kind: 'ready' });
    expect(await ask(folder, 'select count(*)::int as n from pg_subscription where subenabled')).toEqual([{ n: 1 }]);
    const workers = "select count(*)::int as n from pg_stat_activity where backend_type like 'logical replication%'";
    expect(await ask(folder, workers)).toEqual([{ n: 0 }]);
    expect(await publisher.query(slot)).toEqual(before);
    expect(await publisher.query('select count(*)::int as n from pg_stat_replication')).toEqual([{ n: 0 }]);
  });

  it("does not archive into production's archive", async () => {
    const before = await hashTree(cluster.archive);
    const { folder } = await restoreCopy('archive');
    await ask(folder, 'create table more as select generate_series(1, 10000) n');
    await ask(folder, 'select pg_switch_wal()');
    await ask(folder, 'checkpoint');
    expect(await ask(folder, 'show archive_mode')).toEqual([{ archive_mode: 'off' }]);
    expect(await readdir(join(folder, 'data/pg_wal/archive_status'))).not.toContainEqual(
      expect.stringMatching(/\.ready$/),
    );
    expect(await hashTree(cluster.archive)).toBe(before);
  });

  it("runs no shell command and writes no file that the backup's settings name", async () => {
    const trace = await makeFolderFor(join(lab, 'trace'));
    await chmod(trace, 0o777);
    const touch = (name: string): string => `touch ${join(trace, name)}`;
    const settings = [
      `archive_cleanup_command = '${touch('cleanup')}'`,
      `recovery_end_command = '${touch('end')}'`,
      `restore_command = '${touch('restore')}; false'`,
      `archive_mode = always`,
      `archive_command = '${touch('archive')}'`,
      `logging_collector = on`,
      `log_directory = '${trace}'`,
      `external_pid_file = '${join(trace, 'pid')}'`,
      `ssl = on`,
      `ssl_passphrase_command = '${touch('passphrase')}'`,
      `listen_addresses = '127.0.0.1'`,
      `unix_socket_directories = '${trace}'`,
      `shared_preload_libraries = 'not_installed_here'`,
      `include_dir = '${trace}'`,
    ].join('\n');
    const { folder, state } = await restoreCopy('shell', async (copy) => {
      await writeFile(join(copy, 'postgresql.conf'), settings);
      await writeFile(join(copy, 'postgresql.auto.conf'), settings);
      await writeFile(join(copy, 'pg_hba.conf'), 'local all all trust\nhost all all all trust\n');
    });
    expect(state).toMatchObject({ kind: 'ready' });
    expect(await ask(folder, 'show listen_addresses')).toEqual([{ listen_addresses: '' }]);
    expect(await readdir(trace)).toEqual([]);
  });

  it('loads only the libraries that the runbook names', async () => {
    const preload = ['pg_stat_statements'];
    const { folder, state } = await restoreCopy('preload', undefined, { preload });
    expect(state).toMatchObject({ kind: 'ready' });
    expect(await ask(folder, 'show shared_preload_libraries')).toEqual([
      { shared_preload_libraries: 'pg_stat_statements' },
    ]);
    const missing = await restoreCopy('library', undefined, { preload: ['not_installed_here'] });
    expect(missing.state).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/library-missing', blames: 'environment' },
    });
  });

  wholeTest('warns where its source compresses in ways the embedded server was built without', async () => {
    const { state } = await restoreCopy('compression', async (copy) => {
      await writeFile(
        join(copy, 'postgresql.auto.conf'),
        "wal_compression = 'lz4'\n#default_toast_compression = zstd\n",
      );
    });
    const warnings = state.kind === 'ready' ? state.facts?.warnings : [];
    expect(warnings?.map(({ code }) => code)).toContain('restore/engine-may-lack-compression');
    expect(warnings?.[0]?.message).toContain("'wal_compression = lz4'");
  });

  it('starts in spite of a process file whose process lives', async () => {
    const { state } = await restoreCopy('stale', async (copy) => {
      await writeFile(join(copy, 'postmaster.pid'), `${process.pid}\n${copy}\n1\n5432\n/tmp\n\n\nready\n`);
      await writeFile(join(copy, 'postmaster.opts'), 'postgres\n');
    });
    expect(state).toMatchObject({ kind: 'ready' });
  });

  it('follows no primary, whatever signals it carries', async () => {
    const { folder } = await restoreCopy('standby', async (copy) => {
      await writeFile(join(copy, 'standby.signal'), '');
      await writeFile(join(copy, 'recovery.signal'), '');
      await writeFile(
        join(copy, 'postgresql.auto.conf'),
        `primary_conninfo = 'host=${join(lab, 'publisher/socket')}'\n`,
      );
    });
    expect(await ask(folder, 'select pg_is_in_recovery() as standby')).toEqual([{ standby: false }]);
    expect(await publisher.query('select count(*)::int as n from pg_stat_replication')).toEqual([{ n: 0 }]);
  });

  it('starts with the replication slots and prepared transactions of its source, and tells of the latter', async () => {
    const { folder, state } = await restoreCopy('slots');
    expect(state).toMatchObject({ kind: 'ready', facts: { warnings: [{ code: 'restore/prepared-transactions' }] } });
    expect(await ask(folder, 'select count(*)::int as n from pg_replication_slots')).toEqual([{ n: 0 }]);
    expect(await ask(folder, 'select gid from pg_prepared_xacts')).toEqual([{ gid: 'in doubt' }]);
  });
});

describe('a tablespace', () => {
  it('is restored into the sandbox, and what is written there stays there', async () => {
    const before = await hashTree(outside);
    const { folder } = await restoreCopy('tablespace');
    expect(await ask(folder, 'select count(*)::int as n from far_away')).toEqual([{ n: 500 }]);
    await ask(folder, 'insert into far_away select generate_series(1, 50000)');
    await ask(folder, 'checkpoint');
    const [oid] = await readdir(join(folder, 'tablespaces'));
    const [row] = await ask(folder, `select pg_tablespace_location(${oid}) as place`);
    expect(row).toEqual({ place: join(folder, 'tablespaces', oid ?? '') });
    expect(await hashTree(outside)).toBe(before);
  });

  wholeTest('is restored into the sandbox out of a tar backup, whatever its map says', async () => {
    const estate = join(lab, 'estates/map');
    const [oid] = await readdir(join(estate, 'plain/pg_tblspc'));
    expect(await readFile(join(estate, 'plain/tablespace_map'), 'utf8')).toContain(outside);
    await packBackup(join(estate, 'plain'), join(estate, 'tar'), false);
    await packFiles(outside, await listTree(outside), join(estate, `tar/${oid}.tar`));
    const before = await hashTree(outside);

    const { folder, state } = await restoreInto(freshFolder(), specOf(estate, { wal: cluster.archive }), 'tar');
    expect(state).toMatchObject({ kind: 'ready' });
    expect(await ask(folder, 'select count(*)::int as n from far_away')).toEqual([{ n: 500 }]);
    await ask(folder, 'insert into far_away select generate_series(1, 50000)');
    await ask(folder, 'checkpoint');
    expect(await hashTree(outside)).toBe(before);
  });

  it('that leads out of the backup is refused', async () => {
    const { state } = await restoreCopy('link', async (copy) => {
      const [oid] = await readdir(join(copy, 'pg_tblspc'));
      await rm(join(copy, 'pg_tblspc', oid ?? ''), { recursive: true });
      await symlink(outside, join(copy, 'pg_tblspc', oid ?? ''));
    });
    expect(state).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/link-leaves-backup', blames: 'environment' },
    });
  });

  it('that lies elsewhere in the source is followed', async () => {
    const { folder, state } = await restoreCopy('inside', async (copy) => {
      const [oid] = await readdir(join(copy, 'pg_tblspc'));
      await cp(join(copy, 'pg_tblspc', oid ?? ''), join(copy, '../spaces/far'), { recursive: true });
      await rm(join(copy, 'pg_tblspc', oid ?? ''), { recursive: true });
      await symlink(join(copy, '../spaces/far'), join(copy, 'pg_tblspc', oid ?? ''));
    });
    expect(state).toMatchObject({ kind: 'ready' });
    expect(await ask(folder, 'select count(*)::int as n from far_away')).toEqual([{ n: 500 }]);
  });
});

describe('any other link', () => {
  it('is refused, for it could lead to a living server', async () => {
    const { folder, state } = await restoreCopy('wal-link', async (copy) => {
      await rm(join(copy, 'pg_wal'), { recursive: true });
      await symlink(join(cluster.data, 'pg_wal'), join(copy, 'pg_wal'));
    });
    expect(state).toMatchObject({ kind: 'failed', problem: { code: 'restore/link-leaves-backup' } });
    await expect(stat(join(folder, 'data/pg_wal'))).rejects.toThrow();
  });
});
