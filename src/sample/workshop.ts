import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { bootId, processStartTime } from '../support/process-identity.ts';
import { sha256Hex } from '../support/sha256-hex.ts';

/** A folder beside the target in which one process builds. */
export interface Workshop {
  readonly folder: string;
  /** What becomes the target. */
  readonly product: string;
  /** Puts the product in the target's place; `false` when another process was first. */
  deliver(): Promise<boolean>;
  /** Removes the folder and all that is left in it. */
  close(): Promise<void>;
}

/**
 * Opens a workshop beside `target`, after removing those that dead processes left there.
 *
 * The name holds the process's identity, so that no process removes what another still builds.
 */
export async function openWorkshop(target: string): Promise<Workshop> {
  await mkdir(dirname(target), { recursive: true });
  await removeAbandoned(target);
  const folder = `${target}.building-${process.pid}-${(await identityOf(process.pid)) ?? ''}`;
  const product = join(folder, 'product');
  // A server that runs as another user has to pass through.
  await mkdir(folder, { mode: 0o711 });
  await mkdir(product);
  return {
    folder,
    product,
    async deliver() {
      await rename(target, join(folder, 'replaced')).catch(onlyCode('ENOENT'));
      const late = await rename(product, target).then(() => undefined, onlyCode('ENOTEMPTY', 'EEXIST'));
      return late === undefined;
    },
    close: () => removeFolder(folder),
  };
}

async function removeAbandoned(target: string): Promise<void> {
  const prefix = `${basename(target)}.building-`;
  for (const name of await readdir(dirname(target))) {
    const [, pid, identity] =
      /^(\d+)-([0-9a-f]{12})$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '') ?? [];
    if (pid === undefined || (await identityOf(Number(pid))) === identity) continue;
    await removeFolder(join(dirname(target), name));
  }
}

async function identityOf(pid: number): Promise<string | undefined> {
  const startedAt = await processStartTime(pid);
  return startedAt === undefined ? undefined : sha256Hex(`${await bootId()} ${pid} ${startedAt}`).slice(0, 12);
}

/** A server that was killed a moment ago may still finish a file. */
async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** Lets these codes through as a value; anything else is thrown again. */
function onlyCode(...codes: readonly string[]): (error: NodeJS.ErrnoException) => string {
  return (error) => {
    if (error.code !== undefined && codes.includes(error.code)) return error.code;
    throw error;
  };
}
