import { open } from 'node:fs/promises';

/**
 * The permission bits that a backup has where the restored file's differ, by path.
 *
 * @param file lines of JSON `[path, mode]`; nothing differs without one
 */
export async function readTrueModes(file: string | undefined): Promise<ReadonlyMap<string, number>> {
  const modes = new Map<string, number>();
  if (file === undefined) return modes;
  const handle = await open(file);
  for await (const line of handle.readLines()) {
    const [path, mode] = JSON.parse(line) as [string, number];
    modes.set(path, mode);
  }
  return modes;
}
