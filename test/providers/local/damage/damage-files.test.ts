import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Damage } from '../../../../src/checks/damage.ts';
import { filesProbe } from '../../../../src/probe/files/files-probe.ts';
import { damageFiles } from '../../../../src/providers/local/damage/damage-files.ts';
import { treeHash } from '../../../support/tree-hash.ts';

let folder: string;
let from: string;
let to: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-damage-'));
  [from, to] = [join(folder, 'restored'), join(folder, 'damaged')];
  await mkdir(join(from, 'deep/empty'), { recursive: true });
  for (const [path, text] of Object.entries({ 'a.txt': 'a', 'deep/b.txt': 'longest of all', 'c.txt': 'cc' })) {
    await writeFile(join(from, path), text);
  }
  await symlink('a.txt', join(from, 'link'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function treeOf(at: string) {
  const seen = await filesProbe.observe({ kind: 'files', folder: at }, { kind: 'tree' }, new AbortController().signal);
  if (seen.kind !== 'tree') throw new Error(seen.kind);
  return new Map(seen.entries.map(({ path, sha256 }) => [path, sha256]));
}

const damaged = async (damage: Damage | 'none') => {
  const before = await treeHash(from);
  await damageFiles({ name: 'uploads', from, to }, damage);
  expect(await treeHash(from)).toEqual(before);
  return [...(await treeOf(to)).keys()].sort();
};

test('a file by its name, the last one, and all but so many are missing in the copy alone', async () => {
  expect(await damaged({ kind: 'missing-file', path: 'deep/b.txt' })).toEqual(['a.txt', 'c.txt']);
  expect(await damaged({ kind: 'missing-file' })).toEqual(['a.txt', 'c.txt']);
  expect(await damaged({ kind: 'missing-file', leave: 1 })).toEqual(['a.txt']);
  expect(await damaged({ kind: 'empty' })).toEqual([]);
  expect(await readdir(join(to, 'deep'))).toEqual(['empty']);
});

test('a copy that was not damaged holds what the original holds, as its probe sees it', async () => {
  await damaged('none');
  expect(await treeOf(to)).toEqual(await treeOf(from));
  expect(await readdir(join(to, 'deep'))).toEqual(['b.txt', 'empty']);
});

test('one byte of the largest file differs in the copy, and in nothing else', async () => {
  const whole = await treeOf(from);
  await damaged({ kind: 'flip-byte', of: 'file' });
  const copy = await treeOf(to);
  expect([...copy.keys()].sort()).toEqual([...whole.keys()].sort());
  expect([...copy].filter(([path, hash]) => whole.get(path) !== hash).map(([path]) => path)).toEqual(['deep/b.txt']);
  const [now, then] = [await readFile(join(to, 'deep/b.txt')), await readFile(join(from, 'deep/b.txt'))];
  expect([...now].filter((byte, at) => byte !== then[at]).length).toBe(1);
});

test.each<[Damage, string]>([
  [{ kind: 'missing-file', path: 'nowhere' }, 'there is no such file'],
  [{ kind: 'missing-file', leave: 3 }, 'it holds too few files'],
  [{ kind: 'orphan' }, 'it is no database'],
])('what %j cannot be done to is said', async (damage, why) => {
  await expect(damageFiles({ name: 'uploads', from, to }, damage)).rejects.toMatchObject({
    problem: { code: 'prove/nothing-to-damage', message: expect.stringContaining(why) as string },
  });
});
