import { open } from 'node:fs/promises';

const PAGE_BYTES = 8192;

/**
 * Overwrites one page of a stopped server's table with zeros, as a disk that lost a write would.
 *
 * To PostgreSQL a page of zeros is one that was never used: checksums and structure hold, its rows are simply gone.
 *
 * @param file the table's file
 * @param page counted from 0
 * @returns puts the page back as it was
 */
export async function losePage(file: string, page: number): Promise<() => Promise<void>> {
  const before = await replacePage(file, page, Buffer.alloc(PAGE_BYTES));
  return async () => {
    await replacePage(file, page, before);
  };
}

async function replacePage(file: string, page: number, content: Buffer): Promise<Buffer> {
  const handle = await open(file, 'r+');
  try {
    const before = Buffer.alloc(PAGE_BYTES);
    const { bytesRead } = await handle.read(before, 0, PAGE_BYTES, page * PAGE_BYTES);
    if (bytesRead !== PAGE_BYTES) throw new Error(`the table has no page ${page}`);
    await handle.write(content, 0, PAGE_BYTES, page * PAGE_BYTES);
    return before;
  } finally {
    await handle.close();
  }
}
