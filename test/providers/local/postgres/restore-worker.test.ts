import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chmod } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from './cluster.ts';
import { ask, endAllWorkers, restoreInto, specOf } from './worker.ts';

let lab: string;
let cluster: Cluster;
let moment: string;
let source: string;

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  cluster = await startCluster(join(lab, 'cluster'));
  source = join(lab, 'source');
  await cluster.query("create table orders as select n, repeat('x', 100) as note from generate_series(1, 1000) n");
  await cluster.backUp(join(source, 'monday'));
  await cluster.query("insert into orders select n, repeat('x', 100) from generate_series(1001, 2000) n");
  moment = String(
    (
      await cluster.query(`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`)
    )[0]?.['at'],
  );
  await cluster.query("insert into orders select n, repeat('x', 100) from generate_series(2001, 3000) n");
  await cluster.archiveAll();
});

afterEach(endAllWorkers);

afterAll(async () => {
  await cluster.stop('SIGINT');
  await rm(lab, { recursive: true, force: true });
});

describe('a restored base backup', () => {
  it.each([
    ['the end of the backup', { kind: 'backup-end' }, 1000],
    ['the latest moment of the archive', { kind: 'latest' }, 3000],
    ['a chosen time', { kind: 'time' }, 2000],
  ] as const)('holds what the source held at %s', async (_, target, rows) => {
    const folder = join(lab, target.kind);
    const to = target.kind === 'time' ? { kind: 'time' as const, time: moment } : target;
    const { state } = await restoreInto(folder, specOf(source, { wal: cluster.archive }, to), 'monday');
    expect(state.kind).toBe('ready');
    expect(await ask(folder, 'select count(*)::int as rows from orders')).toEqual([{ rows }]);
  });
});
