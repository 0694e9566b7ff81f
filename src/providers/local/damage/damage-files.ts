import { copyFile, link, lstat, mkdir, open, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Damage } from '../../../checks/damage.ts';
import { removeTree } from '../remove-tree.ts';
import { nothingToDamage } from './nothing-to-damage.ts';

interface RestoredTree {
  readonly name: string;
  /** The restored folder. */
  readonly from: string;
  /** Where its copy is to lie, on the same file system. */
  readonly to: string;
}

/**
 * Copies a restored folder, by links, and damages the copy, unless by `none`: a file that is changed is copied in earnest
 * before.
 */
export async function damageFiles({ name, from, to }: RestoredTree, damage: Damage | 'none'): Promise<void> {
  await removeTree(to);
  const files = (await linkTree(from, to)).sort((a, b) => (a.path < b.path ? -1 : 1));
  if (damage === 'none') return;
  const [first] = files;
  if (first === undefined) throw nothingToDamage(name, damage, 'it holds no file');
  switch (damage.kind) {
    case 'missing-file':
      return removeSome({ name, to, files }, damage);
    case 'empty':
      for (const { path } of files) await rm(join(to, path));
      return;
    case 'flip-byte': {
      const largest = files.reduce((most, one) => (one.bytes > most.bytes ? one : most));
      if (largest.bytes === 0) throw nothingToDamage(name, damage, 'all its files are empty');
      return flipByte(join(to, largest.path), Math.floor(largest.bytes / 2));
    }
    default:
      throw nothingToDamage(name, damage, 'it is no database');
  }
}

async function removeSome(
  { name, to, files }: { readonly name: string; readonly to: string; readonly files: readonly TreeFile[] },
  damage: Extract<Damage, { kind: 'missing-file' }>,
): Promise<void> {
  const { path, leave = files.length - 1 } = damage;
  const gone = path === undefined ? files.slice(leave).map((file) => file.path) : [path];
  if (!gone.some((one) => files.some((file) => file.path === one))) {
    throw nothingToDamage(name, damage, path === undefined ? 'it holds too few files' : 'there is no such file');
  }
  for (const one of gone) await rm(join(to, one));
}

interface TreeFile {
  readonly path: string;
  readonly bytes: number;
}

async function linkTree(from: string, to: string, below = ''): Promise<TreeFile[]> {
  await mkdir(join(to, below), { mode: 0o700 });
  const files: TreeFile[] = [];
  for (const entry of await readdir(join(from, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await linkTree(from, to, path)));
    else if (entry.isSymbolicLink()) await symlink(await readlink(join(from, path)), join(to, path));
    else {
      await link(join(from, path), join(to, path));
      files.push({ path, bytes: (await lstat(join(from, path))).size });
    }
  }
  return files;
}

async function flipByte(file: string, at: number): Promise<void> {
  const own = `${file}.drillbook-own`;
  await copyFile(file, own);
  const handle = await open(own, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, at);
    await handle.write(Buffer.of(byte.readUInt8() ^ 0x01), 0, 1, at);
  } finally {
    await handle.close();
  }
  await rename(own, file);
}
