import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { notEnoughSpace } from '../worker/free-space.ts';
import type { OpenRepository } from './open-repository.ts';
import { damaged, inUse, pointGone, repositoryUnreadable, toolFailed, wrongSecret } from './repository-problems.ts';
import { type ToolEnd, runTool } from './run-tool.ts';

/**
 * Runs restic on a repository that it only reads: without a lock, which would be a file in it, and without a cache.
 *
 * @param tmp a folder for what it must put down; its own choice where there is none
 */
export async function runRestic(
  { tool, source, secret, signal }: OpenRepository,
  args: readonly string[],
  { tmp, onLine }: { readonly tmp?: string; readonly onLine?: (line: string) => void } = {},
): Promise<ToolEnd> {
  const [command = '', ...rest] = args;
  const env = {
    PATH: tool.path,
    LC_ALL: 'C',
    TZ: 'UTC',
    RESTIC_PASSWORD: secret ?? '',
    ...(tmp !== undefined && { TMPDIR: tmp }),
  };
  return runTool({
    command: [tool.file, command, '--repo', `local:${source}`, '--no-lock', '--no-cache', ...rest],
    env,
    secret,
    signal,
    ...(onLine && { onLine }),
  });
}

/** What restic says at the end of a line when something it read is not what was once written. Measured on 0.14. */
const PROOF =
  /.*(?:ciphertext verification failed|invalid data returned|unexpected EOF|Unmarshal: .*)["}]*$|^EOF\nReadFull\(<.*>\)$/m;
/** What it says when something is not there: proof too, unless somebody is just removing what he has replaced. */
const GONE = /.*(?:\bid [0-9a-f]+ not found in (?:repository|index)|\/data\/.*no such file or directory)["}]*$/m;

/**
 * Why restic failed. Only what proves the repository bad blames the backup.
 *
 * @param what what it was to read, e.g. `snapshot '1a2b3c4d'`
 */
export async function resticProblem({ source }: OpenRepository, end: ToolEnd, what: string): Promise<Problem> {
  const { stderr } = end;
  if (/no space left on device|disk quota exceeded/i.test(stderr)) {
    return notEnoughSpace('it was full while the backup was fetched');
  }
  if (/wrong password or no key found/.test(stderr)) return wrongSecret(source, 'password');
  const proof = PROOF.exec(stderr)?.[0];
  if (proof !== undefined) return damaged(what, source, proof.replace('\n', ': '));
  if (/unable to open config file|repository does not exist/.test(stderr)) {
    return repositoryUnreadable(source, 'it holds no repository of restic');
  }
  if (/no matching ID found/.test(stderr)) return pointGone(what, source);
  if (/permission denied/.test(stderr)) return repositoryUnreadable(source, 'EACCES');
  const gone = GONE.exec(stderr)?.[0];
  if (gone === undefined) return toolFailed('restic', end, what);
  return (await isLocked(source)) ? inUse(source, gone) : damaged(what, source, gone);
}

async function isLocked(source: string): Promise<boolean> {
  const locks = await readdir(join(source, 'locks')).catch(() => []);
  return locks.length > 0;
}
