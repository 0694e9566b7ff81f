import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { Contents } from '../../src/probe/observation.ts';
import { sampleCommand } from '../../src/commands/sample.ts';
import { findServer } from '../../src/providers/local/postgres/server-binaries.ts';
import { buildSample, type BuildSampleOptions } from '../../src/sample/build-sample.ts';
import type { Sample } from '../../src/sample/sample-file.ts';
import { contentsOf, unpackBackup, withRestored } from './restored-copy.ts';
import { casesFor, wholeTest } from '../support/whole.ts';

const DAMAGED = 'base/04-afternoon';

let root: string;
/** Deeper than the path of a unix socket can be. */
let parent: string;
let folder: string;
let binDir: string;
let sample: Sample;
const stderr: string[] = [];
const stdout: string[] = [];

const io = {
  stdout: (text: string) => void stdout.push(text),
  stderr: (text: string) => void stderr.push(text),
  env: {},
  get cwd() {
    return parent;
  },
  isTerminal: false,
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'drillbook-sample-'));
  parent = join(root, 'a folder with spaces and "quotes"', 'x'.repeat(90));
  folder = join(parent, 'bookshop');
  await mkdir(parent, { recursive: true });
  const found = await findServer({ major: 18, dirs: [] });
  if (found.kind !== 'found') throw new Error(found.problem.message);
  binDir = found.binDir;
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('a build that does not come to its end', () => {
  wholeTest('leaves neither a server nor anything that looks like a sample when it is killed', async () => {
    const build = startBuild();
    await firstProgress(build);
    const ended = once(build, 'exit');
    build.kill('SIGKILL');
    await ended;

    expect(await readdir(parent)).toEqual([expect.stringMatching(/^bookshop\.building-\d+-[0-9a-f]{12}$/)]);
    await expect.poll(() => processesUsing(parent), { timeout: 5_000 }).toEqual([]);
  });

  it('leaves nothing at all when it is interrupted, and removes what a killed one left', async () => {
    const build = startBuild();
    await firstProgress(build);
    const ended = once(build, 'exit');
    build.kill('SIGINT');

    expect((await ended)[0]).toBe(130);
    expect(await readdir(parent)).toEqual([]);
    expect(await processesUsing(parent)).toEqual([]);
  });

  wholeTest('leaves nothing when the manifest cannot be recorded', async () => {
    const problem = { code: 'x/y', message: 'no', hint: 'No.', blames: 'environment' } as const;
    const outcome = await buildSample(options({ recordManifest: () => Promise.resolve(problem) }));

    expect(outcome).toEqual({ kind: 'failed', problem });
    expect(await readdir(parent)).toEqual([]);
    expect(await processesUsing(parent)).toEqual([]);
  });

  wholeTest('keeps away from the folder of a build that still lives', async () => {
    const build = startBuild();
    await firstProgress(build);
    await buildSample(options({ findServer: () => Promise.resolve({ binDir: '/nowhere' }) }));

    expect(await readdir(parent)).toHaveLength(1);
    const ended = once(build, 'exit');
    build.kill('SIGINT');
    await ended;
    expect(await readdir(parent)).toEqual([]);
  });

  it('touches no folder that drillbook did not make', async () => {
    const other = join(root, 'other');
    await mkdir(other);
    await writeFile(join(other, 'precious'), 'mine');
    const outcome = await buildSample(options({ folder: other, force: true }));

    expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'sample/folder-in-use' } });
    expect(await readdir(other)).toEqual(['precious']);
  });
});

describe('the sample', () => {
  beforeAll(async () => {
    const points = [{ id: 'base/01-opening', bytes: 1, manifest: 'manifests/base/01-opening.json' }];
    await mkdir(folder);
    await writeFile(join(folder, 'sample.json'), JSON.stringify({ sample: 1, recoveryPoints: points }));
    const code = await sampleCommand({ folder: 'bookshop' }, io);
    expect(stderr.join('')).not.toContain('unable');
    expect(code).toBe(0);
    sample = JSON.parse(await readFile(join(folder, 'sample.json'), 'utf8')) as Sample;
  }, 120_000);

  it('has the same recovery points on every machine, in order of time', () => {
    const points = sample.recoveryPoints;
    expect(points.map(({ id, form }) => `${id} ${form}`)).toEqual([
      'base/01-opening plain',
      'base/02-morning tar',
      'base/03-noon tar.gz',
      'base/04-afternoon tar.gz',
      'base/05-evening plain',
      'base/06-closing tar.gz',
    ]);
    expect(points.map(({ takenAt }) => takenAt)).toEqual(points.map(({ takenAt }) => takenAt).sort());
    expect(sample.rows).toBeGreaterThanOrEqual(200_000);
    expect(sample.damaged.id).toBe(DAMAGED);
  });

  it('lies alone in its folder, belongs to who ran it, and takes less than 350 MB', async () => {
    expect(await readdir(parent)).toEqual(['bookshop']);
    expect((await readdir(folder)).sort()).toEqual(['base', 'manifests', 'sample.json', 'wal']);
    const bytes = sample.wal.bytes + sample.recoveryPoints.reduce((sum, point) => sum + point.bytes, 0);
    expect(bytes).toBeLessThan(350e6);
    for (const file of await filesBelow(folder)) expect((await stat(file)).uid).toBe(process.getuid?.());
  });

  it('archives the history of every backup and no WAL from before the first', async () => {
    const wal = (await readdir(join(folder, 'wal'))).sort();
    expect(wal.filter((name) => name.endsWith('.backup'))).toHaveLength(sample.recoveryPoints.length);
    expect(wal[1]).toBe(`${wal[0]}.00000028.backup`);
  });

  it('has no word about the damage in what a draw reads', async () => {
    for (const id of casesFor([DAMAGED, ...sample.recoveryPoints.map((point) => point.id)])) {
      const label = await readFile(join(await unpacked(id), 'backup_label'), 'latin1');
      expect(label).not.toMatch(/damage|lost|zero/i);
    }
  });

  it.each(casesFor(['04-afternoon', '01-opening', '02-morning', '03-noon', '05-evening', '06-closing']))(
    'has a backup %s that agrees with its own backup_manifest',
    async (name) => {
      const copy = await unpacked(`base/${name}`);
      const text = await readFile(join(copy, 'backup_manifest'), 'utf8');
      const manifest = JSON.parse(text) as BackupManifest;
      const unsigned = text.slice(0, text.lastIndexOf('"Manifest-Checksum"'));
      expect(sha256(unsigned)).toBe(manifest['Manifest-Checksum']);

      const listed = manifest.Files.map((file) => file.Path).sort();
      const present = (await filesBelow(copy)).map((file) => relative(copy, file));
      // The WAL itself is not listed, the server vouches for it otherwise; of `pg_wal` only the marks of archived files are.
      expect(present.filter((path) => !/^(backup_manifest|pg_wal\/[0-9A-F]{24})$/.test(path)).sort()).toEqual(listed);
      const wrong = [];
      for (const { Path, Checksum } of manifest.Files) {
        if (sha256(await readFile(join(copy, Path))) !== Checksum) wrong.push(Path);
      }
      expect(wrong).toEqual([]);
    },
  );

  it.each(casesFor(['06-closing', '01-opening', '02-morning', '03-noon', '05-evening']))(
    'restores %s to exactly what its manifest says',
    async (name) => {
      const found = await restored(`base/${name}`, 'immediate', (_client, host) => contentsOf(host));
      expect(found).toEqual((await manifestOf(`base/${name}`)).contents);
    },
  );

  it('has manifests of the whole shop, also of the one whose source lost a page', async () => {
    const orders = [];
    for (const { id } of sample.recoveryPoints) orders.push(rowsOf((await manifestOf(id)).contents, 'orders'));
    expect(orders).toEqual([32_000, 34_000, 37_000, 40_000, 44_000, 46_000]);
  });

  it('hides the lost page of the damaged one from count, structure and dump', async () => {
    const orders = rowsOf((await manifestOf(DAMAGED)).contents, 'orders');
    await restored(DAMAGED, 'immediate', async (client) => {
      const counted = await client.query<{ count: string }>('select count(*) from orders');
      expect(Number(counted.rows[0]?.count)).toBe(orders);

      await client.query('create extension amcheck');
      await client.query(`
        select bt_index_check(indexrelid, true) from pg_index join pg_class on oid = indexrelid
        where relam = 403 and relpersistence = 'p'`);
      const faults = await client.query(`select * from verify_heapam('orders')`);
      expect(faults.rows).toEqual([]);
      await expect(client.query(`copy orders to program 'cat > /dev/null'`)).resolves.toMatchObject({
        command: 'COPY',
      });
    });
  });

  it('shows the lost page of the damaged one to a scan of the whole table, and nothing else amiss', async () => {
    const { contents } = await manifestOf(DAMAGED);
    const found = await restored(DAMAGED, 'immediate', (_client, host) => contentsOf(host));
    const lost = (rowsOf(contents, 'orders') ?? 0) - (rowsOf(found, 'orders') ?? 0);

    expect(lost).toBeGreaterThan(5);
    expect(lost).toBeLessThan(30);
    const others = (all: Contents) => ({ ...all, tables: all.tables.filter(({ table }) => table !== 'public.orders') });
    expect(others(found)).toEqual(others(contents));
  });

  wholeTest('replays its archive to the last trade, which no backup holds', async () => {
    await restored('base/02-morning', 'latest', async (client, host) => {
      const { tables } = await contentsOf(host);
      expect(tables.reduce((sum, { rows = 0 }) => sum + rows, 0)).toBe(sample.rows);
      const newest = await client.query<{ newest: Date }>('select max(placed_at) as newest from orders');
      const age = Date.parse(sample.builtAt) - (newest.rows[0]?.newest.getTime() ?? 0);
      expect(age).toBeGreaterThanOrEqual(0);
      expect(age).toBeLessThan(20_000);
    });
  });

  it('replaces one of which a part was missing', () => {
    expect(stderr[0]).toContain('are missing or changed: building it anew');
  });

  it('is kept, and says so in one line, when it is there already', async () => {
    const before = await stat(join(folder, 'sample.json'));
    stdout.length = 0;
    expect(await sampleCommand({ folder: 'bookshop' }, io)).toBe(0);
    expect(stdout.join('')).toMatch(/^sample already there, kept: .*\n$/);
    expect((await stat(join(folder, 'sample.json'))).ino).toBe(before.ino);
  });
});

interface BackupManifest {
  readonly Files: readonly { readonly Path: string; readonly Checksum: string }[];
  readonly 'Manifest-Checksum': string;
}

function options(changed: Partial<BuildSampleOptions>): BuildSampleOptions {
  return {
    folder,
    findServer: () => Promise.resolve({ binDir }),
    recordManifest: (source, recoveryPointId) =>
      Promise.resolve({
        manifest: 1,
        database: source.database,
        moment: { at: '2026-01-01T00:00:00.000Z', lsn: '0/0', recoveryPointId },
        contents: { engineMajor: '18', schemaFingerprint: '', tables: [], bounded: [] },
      }),
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...changed,
  };
}

function startBuild(): ChildProcess {
  const command = fileURLToPath(new URL('../../dist/commands/sample.js', import.meta.url));
  const script = `
    import { sampleCommand } from ${JSON.stringify(command)};
    const io = { stdout() {}, stderr: (t) => process.stderr.write(t), env: {}, cwd: process.cwd(), isTerminal: false };
    process.exitCode = await sampleCommand({ folder: 'bookshop' }, io);`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: parent,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function firstProgress(build: ChildProcess): Promise<void> {
  if (build.stderr === null) throw new Error('no pipe');
  const [said] = (await once(build.stderr, 'data')) as [Buffer];
  expect(said.toString()).toMatch(/^sample: base\/01-opening/);
}

/** Processes that work in a folder, whatever they are called. */
async function processesUsing(place: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return folders.filter((path) => path.startsWith(place));
}

async function filesBelow(place: string): Promise<string[]> {
  const entries = await readdir(place, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function manifestOf(id: string): Promise<Manifest> {
  const manifest = JSON.parse(await readFile(join(folder, 'manifests', `${id}.json`), 'utf8')) as Manifest;
  expect(manifest.moment.recoveryPointId).toBe(id);
  return manifest;
}

function rowsOf(contents: Contents, table: string): number | undefined {
  return contents.tables.find((one) => one.table === `public.${table}`)?.rows;
}

const copies = new Map<string, Promise<string>>();

/** An unpacked backup that nothing has started yet. */
function unpacked(id: string): Promise<string> {
  const copy =
    copies.get(id) ?? mkdtemp(join(root, 'copy-')).then((at) => unpackBackup(join(folder, id), join(at, 'data')));
  copies.set(id, copy);
  return copy;
}

async function restored<T>(
  id: string,
  target: 'immediate' | 'latest',
  use: Parameters<typeof withRestored<T>>[2],
): Promise<T> {
  const at = await mkdtemp(join(root, 'r-'));
  try {
    const copy = await unpackBackup(join(folder, id), join(at, 'data'));
    return await withRestored(copy, { binDir, wal: join(folder, 'wal'), target }, use);
  } finally {
    await rm(at, { recursive: true, force: true });
  }
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
