import { type FileHandle, open } from 'node:fs/promises';
import { constants, gunzipSync } from 'node:zlib';
import type { Problem } from '../../../diagnostics/problem.ts';
import { instantOf } from '../../../support/time.ts';
import type { Instant } from '../../../support/time.ts';
import { type Engine, engineOf } from './engine.ts';
import { parseLocalTime } from './local-time.ts';

/** What a dump of `mysqldump` or `mariadb-dump` says of itself at its beginning and its end. */
export interface DumpParticulars {
  readonly isGzip: boolean;
  readonly bytes: number;
  readonly engine: Engine;
  /** The database that was dumped, where it was one alone. */
  readonly database?: string;
  readonly captured: { readonly capturedAt: Instant; readonly capturedAtSource: string };
  /** Whether `capturedAt` was read from a time without a zone. */
  readonly isLocalTime: boolean;
  readonly writtenAt: Date;
}

const HEAD = 16 * 1024;
const TAIL = 4 * 1024;
/** Newer clients begin with a line that older ones stumble over, on purpose. */
const FIRST_LINE = /^\s*(?:\/\*M?!999999\\- enable the sandbox mode \*\/\s*)?-- (MySQL|MariaDB) dump /;
/** Last line, with a date unless `--skip-dump-date` was given. */
export const END_MARKER = /^-- Dump completed(?: on (\d{4}-\d\d-\d\d +\d?\d:\d\d:\d\d))?\s*$/;

/** Looks at the two ends of a dump, plain or compressed. Reads little, whatever its size. */
export async function lookAtDump(
  file: string,
): Promise<{ readonly dump: DumpParticulars } | { readonly problem: Problem }> {
  const isGzip = file.endsWith('.gz');
  const handle = await open(file, 'r');
  try {
    const { size, mtime } = await handle.stat();
    const start = await readAt(handle, 0, HEAD);
    const head = isGzip ? unzipped(start) : start.toString('utf8');
    if (head === undefined) return { problem: damagedGzip(file) };
    if (head.trim() === '') return { problem: emptyDump(file) };
    if (!FIRST_LINE.test(head)) return { problem: noDump(file) };
    const { engine, database } = headerOf(head);
    if (engine === undefined) return { problem: noDump(file) };
    const end = isGzip ? undefined : await lastLine(handle, size);
    if (end === null) return { problem: dumpTruncated(`'${file}' does not end in '-- Dump completed'`) };
    const captured = capturedOf({ start, isGzip, mtime, end });
    const named = database === undefined ? {} : { database };
    return { dump: { isGzip, bytes: size, engine, ...named, ...captured, writtenAt: mtime } };
  } finally {
    await handle.close();
  }
}

function headerOf(head: string): { engine: Engine | undefined; database: string | undefined } {
  const server = /^-- Server version\s+(\S+)/m.exec(head)?.[1] ?? '';
  const database = /^-- Host: .*?\s+Database: (.*)$/m.exec(head)?.[1]?.trim();
  return { engine: engineOf(server), database: database === '' ? undefined : database };
}

/** The end marker's date (`undefined`: it has none); `null` where there is no end marker. */
async function lastLine(handle: FileHandle, size: number): Promise<string | undefined | null> {
  const tail = await readAt(handle, Math.max(0, size - TAIL), TAIL);
  const line = tail.toString('latin1').trimEnd().split('\n').at(-1) ?? '';
  const marker = END_MARKER.exec(line);
  return marker ? marker[1] : null;
}

type Captured = Pick<DumpParticulars, 'captured' | 'isLocalTime'>;

/**
 * When the dump ended, by the best of what there is. When it began, which is the moment of its data where it was one
 * transaction, no dump says.
 */
function capturedOf(read: { start: Buffer; isGzip: boolean; mtime: Date; end: string | undefined }): Captured {
  const told = read.end === undefined ? undefined : parseLocalTime(read.end);
  if (told !== undefined) {
    const capturedAtSource =
      "end of the dump by its last line, in this machine's time zone; its data may be as old as its start, which it does not tell";
    return { captured: { capturedAt: told, capturedAtSource }, isLocalTime: true };
  }
  // RFC 1952: seconds since the epoch of the compressed file's last change; 0 where it came through a pipe.
  const zippedAt = read.isGzip ? read.start.readUInt32LE(4) : 0;
  const [capturedAt, name] =
    zippedAt > 0
      ? [instantOf(zippedAt * 1000), 'file time in its gzip header']
      : [read.mtime.toISOString(), 'file time'];
  const capturedAtSource = `end of the dump by its ${name}; its data may be as old as its start, which it does not tell`;
  return { captured: { capturedAt, capturedAtSource }, isLocalTime: false };
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function unzipped(start: Buffer): string | undefined {
  try {
    return gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH }).toString('utf8');
  } catch {
    return undefined;
  }
}

/** The dump's end is missing, so that nobody knows how much of the data is. */
export function dumpTruncated(how: string): Problem {
  return {
    code: 'restore/dump-truncated',
    message: `the dump is not whole: ${how}`,
    hint: 'Take the dump again, and let its job fail when mysqldump or the disk does; dumps made with --compact or --skip-comments cannot be told from cut ones.',
    blames: 'backup',
  };
}

/** The compressed dump cannot be unpacked. */
export function damagedGzip(file: string): Problem {
  return {
    code: 'restore/dump-corrupted',
    message: `'${file}' is damaged: it cannot be decompressed`,
    hint: 'Keep this recovery point for analysis and restore another one.',
    blames: 'backup',
  };
}

/** As a full disk leaves it, or a job whose mysqldump failed before it wrote a word. */
function emptyDump(file: string): Problem {
  return {
    code: 'restore/empty-dump',
    message: `'${file}' holds nothing`,
    hint: 'Look at the job that makes the dumps, and let it fail when mysqldump or the disk does.',
    blames: 'backup',
  };
}

function noDump(file: string): Problem {
  return {
    code: 'restore/not-a-dump',
    message: `'${file}' does not begin as a dump of mysqldump or mariadb-dump does`,
    hint: 'Take dumps with their comments (without --compact or --skip-comments), and keep other files elsewhere.',
    blames: 'environment',
  };
}
