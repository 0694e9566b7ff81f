import { chmod, lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '../../diagnostics/problem-error.ts';

/**
 * Removes a folder and all it holds; what is already gone is fine. Read-only folders are opened first; symbolic links
 * are removed, never followed; another file system that is mounted inside is left alone, and stops the removal.
 */
export async function removeTree(folder: string): Promise<void> {
  const stats = await lstat(folder).catch(ignoreMissing);
  if (stats) await remove(folder, stats.dev);
}

async function remove(path: string, device: number): Promise<void> {
  const stats = await lstat(path).catch(ignoreMissing);
  if (stats === undefined) return;
  if (stats.dev !== device) throw otherFileSystem(path);
  if (!stats.isDirectory()) {
    await unlink(path).catch(ignoreMissing);
    return;
  }
  if ((stats.mode & 0o700) !== 0o700) await chmod(path, 0o700);
  for (const name of await readdir(path)) await remove(join(path, name), device);
  await rmdir(path).catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

function otherFileSystem(path: string): ProblemError {
  return new ProblemError({
    code: 'sandbox/other-file-system',
    message: `refused to remove '${path}': another file system is mounted there`,
    hint: `Unmount '${path}' if a drill's data is all it holds, then run 'drillbook teardown' again.`,
    blames: 'environment',
  });
}
