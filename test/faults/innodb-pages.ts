import { readFile, writeFile } from 'node:fs/promises';
import { crc32c } from '@node-rs/crc32';

/** Bytes of a page, unless a server is told otherwise. */
export const PAGE = 16_384;
/** `FIL_PAGE_INDEX` of fil0fil.h, and where pages keep their type, their level and their index (page0page.h). */
const INDEX_PAGE = 17_855;
const [TYPE_AT, LEVEL_AT, INDEX_AT] = [24, 64, 66] as const;

/** Leaf pages of a table's file, by index: first that of the rows themselves, then each other one. */
export async function leavesOf(file: string): Promise<readonly (readonly number[])[]> {
  const bytes = await readFile(file);
  const leaves = new Map<bigint, number[]>();
  for (let page = 0; (page + 1) * PAGE <= bytes.length; page += 1) {
    const at = page * PAGE;
    if (bytes.readUInt16BE(at + TYPE_AT) !== INDEX_PAGE || bytes.readUInt16BE(at + LEVEL_AT) !== 0) continue;
    const index = bytes.readBigUInt64BE(at + INDEX_AT);
    leaves.set(index, [...(leaves.get(index) ?? []), page]);
  }
  return [...leaves].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, pages]) => pages);
}

/** Changes the first byte of a text that lies in a page. */
export async function changeText(file: string, page: number, text: string): Promise<void> {
  await changePage(file, page, (bytes) => {
    const at = bytes.indexOf(text);
    if (at === -1) throw new Error(`'${text}' is not in page ${page}`);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x01, at);
  });
}

/** Gives a page the checksum of what it holds by now, as if it had been written so (`full_crc32`, the default from 10.5). */
export async function vouchFor(file: string, page: number): Promise<void> {
  await changePage(file, page, (bytes) => {
    bytes.writeUInt32BE(crc32c(bytes.subarray(0, PAGE - 4)), PAGE - 4);
  });
}

/** Changes bytes of one page in place. */
export async function changePage(file: string, page: number, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(file);
  change(bytes.subarray(page * PAGE, (page + 1) * PAGE));
  await writeFile(file, bytes);
}
