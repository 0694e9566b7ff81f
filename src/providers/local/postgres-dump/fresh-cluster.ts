import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { FoundServer } from '../postgres/server-binaries.ts';
import { launchInSandbox, launchProblem } from '../sandbox/launch.ts';
import { discardRestored } from '../worker/folder-layout.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { SUPERUSER } from './load-sessions.ts';

/** What making a cluster needs to know. */
export type ClusterContext = Pick<WorkerContext, 'layout' | 'level' | 'signal'> & {
  readonly server: FoundServer & { readonly kind: 'found' };
};

/** As much as explains a failure. */
const MOST_WORDS = 4_000;

/**
 * Makes an empty cluster in the restore's folder, whatever was there before: UTF-8, in the locale `C.UTF-8`, which knows
 * all letters and needs nothing of the machine from PostgreSQL 17 on. Gives the locale it came to.
 *
 * @throws ProblemError `restore/initdb-failed`
 */
export async function makeCluster(context: ClusterContext): Promise<string> {
  const { layout, server } = context;
  const major = Number.parseInt(server.version, 10);
  await mkdir(layout.scratch, { recursive: true, mode: 0o700 });
  const locales =
    major >= 17
      ? [['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']]
      : [['--locale=C.UTF-8'], ['--locale=C']];
  let words = '';
  for (const locale of locales) {
    // initdb takes an empty folder, and as root only the sandbox's own user may write into it.
    await discardRestored(layout);
    for (const folder of [layout.data, layout.tablespaces]) await mkdir(folder, { mode: 0o700 });
    const said = await runInitdb(context, locale);
    if (said === undefined) return locale.includes('--locale=C') && major < 17 ? 'C' : 'C.UTF-8';
    words = said;
  }
  await rm(layout.data, { recursive: true, force: true });
  throw new ProblemError(initdbFailed(words));
}

/** What it said when it failed. Nothing of a backup is there yet, so its words hold no data. */
async function runInitdb(
  { layout, level, server, signal }: ClusterContext,
  locale: readonly string[],
): Promise<string | undefined> {
  const initdb = join(server.binDir, 'initdb');
  const options = ['--auth=trust', `--username=${SUPERUSER}`, '--encoding=UTF8', '--no-sync'];
  const sandboxed = {
    level,
    readOnly: server.readOnlyPaths,
    writable: [layout.data],
    command: [initdb, '-D', layout.data, ...options, ...locale],
    scratch: layout.scratch,
  };
  const problem = launchProblem(sandboxed);
  if (problem) throw new ProblemError(problem);
  const child = launchInSandbox({ ...sandboxed, env: { LC_ALL: 'C', TZ: 'UTC' }, stdio: ['ignore', 'ignore', 'pipe'] });
  const giveUp = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', giveUp);
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-MOST_WORDS);
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve(null));
  });
  signal.removeEventListener('abort', giveUp);
  signal.throwIfAborted();
  return code === 0 ? undefined : words;
}

function initdbFailed(words: string): Problem {
  const said = /(?:error|FATAL): +(.*)/.exec(words)?.[1] ?? 'it left no message';
  return {
    code: 'restore/initdb-failed',
    message: `a new PostgreSQL cluster could not be made: ${said.replaceAll('"', "'")}`,
    hint: 'Look at what the message names on this machine, then run the drill again.',
    blames: 'environment',
  };
}
