import { chmod, cp, mkdtemp, open, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { observeMysql } from '../../../../src/probe/mysql/observe.ts';
import type { DatabaseRequest, Observation } from '../../../../src/probe/observation.ts';
import { findProcesses } from '../../../../src/providers/local/sandbox/processes.ts';
import type { ResourceState } from '../../../../src/providers/provider.ts';
import { treeHash } from '../../../support/tree-hash.ts';
import { type Estate, backupProgram, startEstate } from './estate.ts';
import {
  ask,
  end,
  endAllWorkers,
  factsOf,
  observe,
  pointOf,
  restoreInto,
  settled,
  startWorker,
  writeRequest,
} from './worker.ts';
import { casesFor, wholeTest } from '../../../support/whole.ts';

const CONTENTS: DatabaseRequest = { kind: 'contents', database: 'shop', bounded: [] };
const STRUCTURE: DatabaseRequest = { kind: 'structure', database: 'shop', heapAllIndexed: true };

let lab: string;
let source: string;
let estate: Estate;
let living: Observation;
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

beforeAll(async () => {
  if (backupProgram === undefined) return;
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  source = join(lab, 'source');
  estate = await startEstate();
  const account = { user: 'root', password: '', database: 'shop', statementTimeout: 60_000 };
  const socketPath = join(dirname(estate.server.dataFolder), 'socket');
  living = await observeMysql({ socketPath, ...account }, CONTENTS, AbortSignal.timeout(60_000));
  // So that the pages of its tables are in their files, and not in the log alone.
  await estate.server.stop();
  await estate.server.start();
  await estate.backUp(join(source, 'full'));
});

afterEach(endAllWorkers);

afterAll(async () => {
  if (backupProgram === undefined) return;
  await estate.server.dispose();
  await rm(lab, { recursive: true, force: true });
});

/** Restores a copy of the backup that `change` has damaged. */
async function restoreChanged(
  change: (backup: string) => Promise<void>,
): Promise<{ folder: string; state: ResourceState }> {
  const folder = freshFolder();
  const location = join(lab, 'changed', String(folders));
  await cp(join(source, 'full'), location, { recursive: true });
  await change(location);
  return { folder, state: await restoreInto(folder, { ...(await pointOf(source, 'full')), location }) };
}

describe.skipIf(backupProgram === undefined)('a restored physical backup', () => {
  it.each(casesFor(['L2', 'L0', 'L1']))(
    'holds all that was backed up, row by row and definition by definition, at %s',
    async (level) => {
      const folder = freshFolder();
      const before = await treeHash(source);
      const facts = factsOf(await restoreInto(folder, await pointOf(source, 'full'), { level }));
      expect(await observe(folder, CONTENTS)).toEqual(living);
      expect(await observe(folder, STRUCTURE)).toMatchObject({ faults: [], unreadable: [] });
      expect(await ask(folder, 'select n from shop.haunted')).toBe(2000);
      expect(await ask(folder, 'select count(*) from shop.log')).toBe(3);
      expect(facts.spans.map(({ name }) => name)).toEqual(['copy', 'prepare', 'start the server']);
      expect(facts.dataMoments).toMatchObject([{ source: 'recovery-point', error: 1_000 }]);
      expect(await treeHash(source)).toBe(before);
    },
  );

  it('is refused where a link or a tablespace leads out of it', async () => {
    const linked = await restoreChanged((backup) => symlink('/etc', join(backup, 'shop/elsewhere')));
    expect(linked.state).toMatchObject({ kind: 'failed', problem: { code: 'restore/link-leaves-backup' } });
    const elsewhere = await restoreChanged((backup) => writeFile(join(backup, 'shop/orders.isl'), '/etc/orders.ibd'));
    expect(elsewhere.state).toMatchObject({ kind: 'failed', problem: { code: 'restore/link-leaves-backup' } });
  });

  it('follows no order of its own settings, and forgets whom it followed', async () => {
    const trace = join(lab, 'trace');
    const { folder, state } = await restoreChanged(async (backup) => {
      const own = join(backup, 'backup-my.cnf');
      await writeFile(own, `${await readFile(own, 'utf8')}\ninnodb_data_home_dir=${trace}\nplugin-load-add=nothing\n`);
      await writeFile(join(backup, 'auto.cnf'), '[auto]\nserver-uuid=1\n');
      await writeFile(join(backup, 'master.info'), '33\n127.0.0.1\n');
    });
    factsOf(state);
    expect(await readFile(join(folder, 'data/backup-my.cnf'), 'utf8')).not.toContain(trace);
    expect(await readdir(join(folder, 'data'))).not.toContain('auto.cnf');
    expect(await readdir(join(folder, 'data'))).not.toContain('master.info');
    await expect(stat(trace)).rejects.toThrow();
  });
});

describe.skipIf(backupProgram === undefined)('a damaged physical backup', () => {
  wholeTest('with a page zeroed is caught by the check of its structure', async () => {
    const { folder, state } = await restoreChanged(async (backup) => {
      const file = await open(join(backup, 'shop/orders.ibd'), 'r+');
      await file.write(Buffer.alloc(16 * 1024), 0, 16 * 1024, 20 * 16 * 1024);
      await file.close();
    });
    const seen = state.kind === 'ready' ? await observe(folder, STRUCTURE) : state;
    expect(seen).toMatchObject({ faults: [{ relation: 'orders' }] });
  });

  wholeTest('with a table file missing is caught by the check of its structure', async () => {
    const { folder, state } = await restoreChanged((backup) => rm(join(backup, 'shop/orders.ibd')));
    const seen = state.kind === 'ready' ? await observe(folder, STRUCTURE) : state;
    expect(seen).toMatchObject({ faults: [{ relation: 'orders' }] });
  });

  it('without its system tablespace fails, and the backup is to blame', async () => {
    const { state } = await restoreChanged((backup) => rm(join(backup, 'ibdata1')));
    expect(state).toMatchObject({ kind: 'failed', problem: { code: 'restore/backup-not-prepared', blames: 'backup' } });
  });
});

describe.skipIf(backupProgram === undefined)("the worker of a physical backup's restore", () => {
  const signs = [
    ['while it copies', 'data/ibdata1', 'needed'],
    ['when the copy is prepared', 'done-prepare.json', 'not needed'],
    ['when the copy is made', 'done-copy.json', 'not needed'],
  ] as const;
  it.each(casesFor(signs, 2))(
    'killed %s, gives the same restore with one finished copy, and leaves nothing',
    async (_, sign, backup) => {
      const folder = freshFolder();
      const location = join(lab, 'rotated', String(folders));
      await cp(join(source, 'full'), location, { recursive: true });
      await writeRequest(folder, { ...(await pointOf(source, 'full')), location });
      const killed = startWorker(folder);
      while (!(await stat(join(folder, sign)).catch(() => undefined))) await new Promise(setImmediate);
      await end(killed, 'SIGKILL');
      await rm(join(folder, 'state.json'), { force: true });
      if (backup === 'not needed') await rm(location, { recursive: true });
      const worker = startWorker(folder);
      factsOf(await settled(folder, worker));
      expect(await observe(folder, CONTENTS)).toEqual(living);
      expect(JSON.parse(await readFile(join(folder, 'done-copy.json'), 'utf8'))).toMatchObject({ times: 1 });
      expect(await end(worker)).toBe(0);
      expect(await findProcesses(folder)).toEqual([]);
    },
  );
});
