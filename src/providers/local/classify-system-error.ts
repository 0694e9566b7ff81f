import type { Problem } from '../../diagnostics/problem.ts';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import type { Failure } from '../provider.ts';

type Explanation = readonly [failure: Failure['class'], code: string, hint: string];

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ENOSPC: ['permanent', 'local/disk-full', 'Free space on the disk that holds the sandboxes.'],
  EDQUOT: ['permanent', 'local/disk-full', 'Free space in your quota on the disk that holds the sandboxes.'],
  EROFS: ['permanent', 'local/read-only', 'Choose a folder on a disk that can be written.'],
  EACCES: ['denied', 'local/not-permitted', 'Give the user that runs drillbook access to it.'],
  EPERM: ['denied', 'local/not-permitted', 'Give the user that runs drillbook access to it.'],
  ENOENT: ['not-found', 'local/not-found', 'Look whether the path is right, and whether something else removes it.'],
  ENOTDIR: ['invalid', 'local/not-a-folder', 'Name a folder.'],
  EMFILE: ['transient', 'local/too-many-files', 'Raise the limit of open files (ulimit -n).'],
  EAGAIN: ['transient', 'local/busy', 'Raise the limit of processes (ulimit -u), or end others.'],
  EBUSY: ['transient', 'local/busy', 'Look at what holds the path.'],
  ENOTEMPTY: ['transient', 'local/busy', 'Look at what writes there.'],
};

/** What an error of the local provider means: of the system's calls by their code, of our own by the problem it carries. */
export function classifySystemError(error: unknown): Failure {
  if (error instanceof ProblemError) return { class: 'permanent', problem: error.problem };
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') throw error;
  const [failure, code, hint] = EXPLANATIONS[error.code] ?? ['permanent', 'local/system-error', 'Look at the message.'];
  const path = 'path' in error && typeof error.path === 'string' ? ` '${error.path}'` : '';
  const call = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : 'a call';
  const problem: Problem = { code, message: `${call} of${path} failed: ${error.code}`, hint, blames: 'environment' };
  return { class: failure, problem };
}
