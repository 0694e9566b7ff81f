import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { FileTree } from './file-tree.ts';
import { damagedArchive, unsafePath } from './refusals.ts';
import { nameOf, withZip } from './scan-zip.ts';
import type { UnpackOptions } from './unpack-tar.ts';

/** Systems that write Unix modes into the upper half of the external attributes (APPNOTE 4.4.2): Unix and macOS. */
const UNIX_HOSTS: readonly number[] = [3, 19];
const KIND = 0o170000;
const FOLDER = 0o040000;
const LINK = 0o120000;
const FILE = 0o100000;
/** Longer than any path that Linux takes. */
const LONGEST_LINK = 4096;

/**
 * Unpacks a zip that `scanZip` has found sound, in bounded memory; every content is checked by its CRC-32.
 *
 * @throws ProblemError where it is damaged, refused or cannot be read; what the disk refuses is thrown as it is
 */
export async function unpackZip(path: string, tree: FileTree, { signal, onBytes }: UnpackOptions): Promise<void> {
  await withZip(path, signal, async (zip) => {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      await place({ path, zip, entry }, tree, signal);
      onBytes(entry.compressedSize);
    }
  });
}

interface OpenEntry {
  readonly path: string;
  readonly zip: ZipFile;
  readonly entry: Entry;
}

async function place(open: OpenEntry, tree: FileTree, signal: AbortSignal): Promise<void> {
  const { entry } = open;
  const name = nameOf(entry);
  const mode = unixMode(entry);
  const kind = mode & KIND;
  if (name.endsWith('/') || kind === FOLDER) return tree.makeFolder(name, { mode: permissionsOf(mode, 0o755) });
  if (kind === LINK) return tree.makeSymlink(name, await linkTarget(open, signal));
  if (kind !== FILE && kind !== 0) throw new ProblemError(unsafePath(name, 'is neither a file, a folder nor a link'));
  const facts = { mode: permissionsOf(mode, 0o644), modifiedAt: entry.getLastModDate({ timezone: 'UTC' }) };
  return tree.writeFile(name, facts, contentOf(open, signal));
}

/** A zip from another system has no modes. */
function unixMode({ versionMadeBy, externalFileAttributes }: Entry): number {
  return UNIX_HOSTS.includes(versionMadeBy >>> 8) ? externalFileAttributes >>> 16 : 0;
}

function permissionsOf(mode: number, otherwise: number): number {
  return mode === 0 ? otherwise : mode & 0o777;
}

async function linkTarget(open: OpenEntry, signal: AbortSignal): Promise<string> {
  if (open.entry.uncompressedSize > LONGEST_LINK)
    throw new ProblemError(unsafePath(nameOf(open.entry), 'is a link whose target is longer than any path'));
  const chunks: Buffer[] = [];
  for await (const chunk of contentOf(open, signal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function* contentOf({ path, zip, entry }: OpenEntry, signal: AbortSignal): AsyncIterable<Buffer> {
  let sum = 0;
  const stream = await zip.openReadStreamPromise(entry);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      sum = crc32(chunk, sum);
      yield chunk;
    }
  } finally {
    stream.destroy();
  }
  if (sum !== entry.crc32)
    throw new ProblemError(damagedArchive(path, `the checksum of '${nameOf(entry)}' does not agree with its content`));
}
