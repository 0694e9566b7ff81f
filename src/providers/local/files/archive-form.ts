import { type FileHandle, access, constants as mode, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import type { Problem } from '../../../diagnostics/problem.ts';
import { codeOf, damagedArchive, sourceUnreadable, unsupported } from './refusals.ts';

/** How a set of files is stored. */
export interface FilesForm {
  readonly kind: 'folder' | 'tar' | 'tar.gz' | 'zip';
  readonly path: string;
}

/** `none`: a file that is no archive, and does not pretend to be one. */
export type Recognised =
  | { readonly kind: 'files'; readonly form: FilesForm }
  | { readonly kind: 'unusable'; readonly problem: Problem }
  | { readonly kind: 'none' };

const BLOCK = 512;
/** Enough that a gzip's first kilobytes of content are in it, and so little that it cannot become much. */
const HEAD = 8 * 1024;
const ARCHIVE_NAME = /\.(tar|tgz|tar\.gz|zip)$/i;
/** Forms that only other tools read, by what they begin with, where their names say that they hold files. */
const OTHER_FORMS = [
  { name: /\.(tar\.zst|tzst)$/i, magic: '28b52ffd', words: 'zstd' },
  { name: /\.(tar\.xz|txz)$/i, magic: 'fd377a585a00', words: 'xz' },
  { name: /\.(tar\.bz2|tbz2?)$/i, magic: '425a68', words: 'bzip2' },
  { name: /\.(tar\.lz4)$/i, magic: '04224d18', words: 'lz4' },
  { name: /\.7z$/i, magic: '377abcaf271c', words: '7z' },
  { name: /\.rar$/i, magic: '526172211a07', words: 'rar' },
] as const;

/**
 * Tells by its content how a file or folder stores files. A zip counts only where its name does not say otherwise, for
 * office documents and Java archives are zips too. What an archive's name promises and its content does not hold is
 * unusable.
 */
export async function recogniseFiles(path: string): Promise<Recognised> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      await access(path, mode.R_OK | mode.X_OK);
      return { kind: 'files', form: { kind: 'folder', path } };
    }
    if (!found.isFile()) return { kind: 'none' };
    const handle = await open(path, 'r');
    try {
      return recogniseArchive(path, await headOf(handle));
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { kind: 'unusable', problem: sourceUnreadable(path, codeOf(error)) };
  }
}

function recogniseArchive(path: string, head: Buffer): Recognised {
  const name = basename(path);
  const kind = archiveKind(name, head);
  if (kind !== undefined) return { kind: 'files', form: { kind, path } };
  const other = OTHER_FORMS.find((form) => form.name.test(name) && head.toString('hex').startsWith(form.magic));
  if (other) return { kind: 'unusable', problem: unsupported(path, `it is compressed with ${other.words}`) };
  if (!ARCHIVE_NAME.test(name)) return { kind: 'none' };
  const isDamaged = isGzip(head) && unzippedHead(head) === undefined;
  const problem = isDamaged
    ? damagedArchive(path, 'what gzip compressed is damaged from its first kilobytes on')
    : notAnArchive(path, head.length);
  return { kind: 'unusable', problem };
}

function archiveKind(name: string, head: Buffer): FilesForm['kind'] | undefined {
  const magic = head.subarray(0, 4).toString('hex');
  if (magic === '504b0304' || magic === '504b0506') return /\.zip$|^[^.]*$/i.test(name) ? 'zip' : undefined;
  if (isGzip(head)) return isTar(unzippedHead(head) ?? Buffer.alloc(0)) ? 'tar.gz' : undefined;
  return isTar(head) ? 'tar' : undefined;
}

/** Begins with a header whose checksum is right (POSIX ustar), or is the end that an empty archive consists of. */
function isTar(head: Buffer): boolean {
  if (head.length < BLOCK) return false;
  const block = head.subarray(0, BLOCK);
  if (block.every((byte) => byte === 0)) return head.length >= 2 * BLOCK && head.every((byte) => byte === 0);
  const stated = Number.parseInt(block.toString('latin1', 148, 156).replaceAll('\0', ' ').trim(), 8);
  const sum = block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return sum === stated;
}

function isGzip(head: Buffer): boolean {
  return head.subarray(0, 2).toString('hex') === '1f8b';
}

/** `undefined`: damaged within its head, where a small archive has its checksum too. */
function unzippedHead(head: Buffer): Buffer | undefined {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}

async function headOf(handle: FileHandle): Promise<Buffer> {
  const head = Buffer.alloc(HEAD);
  const { bytesRead } = await handle.read(head, 0, HEAD, 0);
  return head.subarray(0, bytesRead);
}

function notAnArchive(path: string, bytes: number): Problem {
  return {
    code: 'restore/not-an-archive',
    message: `'${path}' is named like an archive, but ${bytes === 0 ? 'is empty' : 'its content is none'}`,
    hint: 'Take a new backup, and look at why this one was not written: the disk may have been full.',
    blames: 'backup',
  };
}
