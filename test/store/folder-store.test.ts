import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderStore } from '../../src/store/folder-store.ts';
import { storeConformance } from './store-conformance.ts';

const run = promisify(execFile);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-store-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

storeConformance(async () => {
  const root = join(folder, 'made', 'when-written');
  return Promise.resolve({ store: folderStore(root), other: folderStore(root) });
});

test('nothing is made by reading', async () => {
  const root = join(folder, 'none');
  const store = folderStore(root);
  expect(await store.list('')).toEqual([]);
  expect(await store.read('a')).toBeUndefined();
  await store.remove('a');
  expect(await readdir(folder)).toEqual([]);
});

test('texts are for their owner only', async () => {
  await folderStore(join(folder, 'root')).create('a/b', 'text');
  expect((await stat(join(folder, 'root'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, 'root/a/b'))).mode & 0o777).toBe(0o600);
});

test('nothing unfinished is left behind, neither by who was first nor by who was not', async () => {
  const store = folderStore(folder);
  await store.create('a', '1');
  await store.create('a', '2');
  await store.write('a', '3');
  expect(await readdir(join(folder, '~unfinished'))).toEqual([]);
});

test('what a dead process left unfinished is never listed, and removed after a day', async () => {
  const left = join(folder, '~unfinished');
  await mkdir(left);
  for (const name of ['old', 'young']) await writeFile(join(left, name), 'half a te');
  const dayAgo = Date.now() / 1000 - 25 * 3600;
  await utimes(join(left, 'old'), dayAgo, dayAgo);
  const store = folderStore(folder);
  await store.create('a', '1');
  expect((await store.list('')).map(({ key }) => key)).toEqual(['a']);
  expect(await readdir(left)).toEqual(['young']);
});

test('files that no key can name are not its texts', async () => {
  const store = folderStore(folder);
  await mkdir(join(folder, 'lost+found'));
  await writeFile(join(folder, 'README.md'), '');
  await store.create('a', '1');
  expect((await store.list('')).map(({ key }) => key)).toEqual(['a']);
});

test.runIf(process.getuid?.() !== 0)('a folder that may not be written to throws', async () => {
  await chmod(folder, 0o500);
  await expect(folderStore(folder).create('a', '1')).rejects.toThrow('EACCES');
});

/** Prints what each call came to, in a file system with room for 64 KiB. */
const FULL_DISK = `
import { folderStore } from './store.mjs';
const store = folderStore('disk/store');
const seen = [];
const tried = (call) => call.then(String, (error) => error.code);
seen.push(await tried(store.create('small', 's')), await tried(store.create('big', 'x'.repeat(100_000))));
seen.push(await tried(store.write('small', 'y'.repeat(100_000))));
seen.push(await store.read('small'), (await store.list('')).map(({ key }) => key).join());
seen.push(await tried(store.create('small-too', 's')));
console.log(JSON.stringify(seen));
`;

test.runIf(process.platform === 'linux')('a full disk throws and changes nothing', async () => {
  await build({ entryPoints: ['src/store/folder-store.ts'], bundle: true, format: 'esm', platform: 'node', outfile: join(folder, 'store.mjs') }); // prettier-ignore
  await writeFile(join(folder, 'fill.mjs'), FULL_DISK);
  await mkdir(join(folder, 'disk'));
  const script = 'mount -t tmpfs -o size=64k drillbook disk && exec "$1" fill.mjs';
  const { stdout } = await run('unshare', ['-rm', 'sh', '-c', script, 'sh', process.execPath], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual(['true', 'ENOSPC', 'ENOSPC', 's', 'small', 'true']);
});
