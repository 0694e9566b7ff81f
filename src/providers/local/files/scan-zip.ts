import { stat } from 'node:fs/promises';
import { type Entry, type ZipFile, getFileNameLowLevel, openPromise } from 'yauzl';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type UnpackLimits, exceedsRatio } from './limits.ts';
import { archiveBomb, codeOf, damagedArchive, sourceUnreadable, unsafeArchive, unsupported } from './refusals.ts';

/** What a zip will become, by its own tables, which have been found to agree. */
export interface ZipScan {
  readonly entries: number;
  readonly bytes: number;
}

const HAS_DATA_DESCRIPTOR = 0x8;
const ENCRYPTED = 0x1;
const STORED = 0;
const DEFLATED = 8;
const IN_ZIP64_FIELD = 0xffffffff;
const CENTRAL_HEADER = 0x02014b50;

/**
 * Reads all tables of a zip before anything of it is unpacked, and checks them against each other: no entry lies in
 * another's bytes, none states other sizes in front of its content than in the directory, and the directory ends where
 * it says.
 *
 * @throws ProblemError
 */
export async function scanZip(path: string, limits: UnpackLimits, signal: AbortSignal): Promise<ZipScan> {
  return withZip(path, signal, async (zip) => {
    if (zip.entryCount > limits.entries)
      throw new ProblemError(archiveBomb(path, `it has more than ${limits.entries} entries`));
    const stored = (await stat(path)).size;
    const ranges: Range[] = [];
    let bytes = 0;
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      assertReadable(path, entry);
      ranges.push(await rangeOf(path, zip, entry));
      bytes += entry.uncompressedSize;
    }
    assertDisjoint(path, ranges);
    await assertEndOfDirectory(path, zip);
    if (exceedsRatio(bytes, stored, limits))
      throw new ProblemError(archiveBomb(path, `it becomes more than ${limits.ratio} times as large as it is stored`));
    return { entries: zip.entryCount, bytes };
  });
}

/** Opens a zip, lets `use` read it, and closes it; what yauzl says of it comes as a problem. */
export async function withZip<T>(path: string, signal: AbortSignal, use: (zip: ZipFile) => Promise<T>): Promise<T> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { autoClose: false, decodeStrings: false });
    // Those of the one call under way reject it; without a listener, a second one would end the process.
    zip.on('error', () => {});
    return await use(zip);
  } catch (error) {
    signal.throwIfAborted();
    throw asProblem(path, error);
  } finally {
    zip?.close();
  }
}

/** An entry's name as its archive means it: UTF-8 where it says so, else the code page of DOS. */
export function nameOf({ generalPurposeBitFlag, fileNameRaw, extraFields }: Entry): string {
  return getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false);
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function assertReadable(path: string, entry: Entry): void {
  if (entry.generalPurposeBitFlag & ENCRYPTED) throw new ProblemError(encrypted(path));
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)
    throw new ProblemError(unsupported(path, `it is compressed by method ${entry.compressionMethod}`));
}

/** The bytes of an entry, from its own header on. */
async function rangeOf(path: string, zip: ZipFile, entry: Entry): Promise<Range> {
  const local = await zip.readLocalFileHeaderPromise(entry);
  const lie = (what: string): ProblemError =>
    new ProblemError(
      unsafeArchive(path, `an entry states another ${what} in front of its content than in the directory`),
    );
  if (!local.fileName.equals(entry.fileNameRaw)) throw lie('name');
  if (local.compressionMethod !== entry.compressionMethod) throw lie('compression');
  if (!(local.generalPurposeBitFlag & HAS_DATA_DESCRIPTOR)) {
    const differs = (stated: number, known: number): boolean => stated !== IN_ZIP64_FIELD && stated !== known;
    if (differs(local.compressedSize, entry.compressedSize)) throw lie('size');
    if (differs(local.uncompressedSize, entry.uncompressedSize)) throw lie('size');
    if (local.crc32 !== entry.crc32) throw lie('checksum');
  }
  return { from: entry.relativeOffsetOfLocalHeader, to: local.fileDataStart + entry.compressedSize };
}

function assertDisjoint(path: string, ranges: Range[]): void {
  ranges.sort((a, b) => a.from - b.from);
  for (const [index, { from }] of ranges.entries()) {
    const before = ranges[index - 1];
    if (before && before.to > from)
      throw new ProblemError(unsafeArchive(path, 'two of its entries share the same bytes'));
  }
}

/** Old writers count entries modulo 65,536: what lies beyond the count would be left out without a word. */
async function assertEndOfDirectory(path: string, zip: ZipFile): Promise<void> {
  const { readEntryCursor, reader, fileSize } = zip as unknown as CursorOf;
  if (readEntryCursor + 4 > fileSize) throw new ProblemError(damagedArchive(path, 'its directory has no end'));
  const next = Buffer.alloc(4);
  await new Promise<void>((resolve, reject) => {
    reader.read(next, 0, 4, readEntryCursor, (error) => (error ? reject(error) : resolve()));
  });
  if (next.readUInt32LE(0) === CENTRAL_HEADER)
    throw new ProblemError(unsafeArchive(path, 'its directory holds more entries than it states'));
}

/** Parts of yauzl's `ZipFile` that its types leave out or give otherwise. */
interface CursorOf {
  readonly readEntryCursor: number;
  readonly fileSize: number;
  readonly reader: {
    read(into: Buffer, at: number, length: number, from: number, done: (error: Error | null) => void): void;
  };
}

function asProblem(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ProblemError) return error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === 'read' || syscall === 'open') return new ProblemError(sourceUnreadable(path, codeOf(error)), error);
  if (code !== undefined && !/^Z_(DATA|BUF|STREAM)_ERROR$/.test(code)) return error;
  if (/strong encryption/.test(error.message)) return new ProblemError(encrypted(path), error);
  if (/multi-disk/.test(error.message)) return new ProblemError(unsupported(path, 'it is one part of several'), error);
  // yauzl throws plain errors for what it does not like in an archive; anything else is a bug and proves nothing.
  const isOfArchive = code !== undefined || error.constructor === Error;
  return isOfArchive ? new ProblemError(damagedArchive(path, error.message), error) : error;
}

function encrypted(path: string) {
  return {
    code: 'restore/encrypted-archive',
    message: `'${path}' is encrypted, so nobody can tell here whether it holds what it should`,
    hint: 'Encrypt what the archive lies on instead, or decrypt it into a folder that a source names.',
    blames: 'environment' as const,
  };
}
