import { rename, writeFile } from 'node:fs/promises';

/** Writes a file so that a reader at any moment sees the old text or the new one, never a part. */
export async function writeWholeFile(file: string, text: string, mode = 0o600): Promise<void> {
  const unfinished = `${file}.${process.pid}.unfinished`;
  await writeFile(unfinished, text, { mode });
  await rename(unfinished, file);
}
