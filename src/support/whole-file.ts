import { randomBytes } from 'node:crypto';
import { rename, unlink, writeFile } from 'node:fs/promises';

/** Writes a file so that a reader at any moment sees the old text or the new one, never a part; a failure leaves none. */
export async function writeWholeFile(file: string, text: string, mode = 0o600): Promise<void> {
  // Its own name for each call: one process may write one file twice at once, and many may share a folder.
  const unfinished = `${file}.${randomBytes(6).toString('hex')}.unfinished`;
  try {
    await writeFile(unfinished, text, { mode, flush: true });
    await rename(unfinished, file);
  } catch (error) {
    await unlink(unfinished).catch(() => {});
    throw error;
  }
}
