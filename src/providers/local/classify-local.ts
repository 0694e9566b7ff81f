import type { Problem } from '../../diagnostics/problem.ts';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import type { Failure } from '../provider.ts';

interface Meaning {
  readonly class: Failure['class'];
  readonly code: string;
  readonly why: string;
  readonly hint: string;
}

const FULL: Meaning = {
  class: 'permanent',
  code: 'sandbox/disk-full',
  why: 'there is no space left',
  hint: "Free some space, or let 'sandbox.folder' lie on a larger disk.",
};
const DENIED: Meaning = {
  class: 'denied',
  code: 'sandbox/not-permitted',
  why: 'this user may not do that',
  hint: 'Look at the owner and the permissions of the path, or run drillbook as a user who may.',
};
const BUSY: Meaning = {
  class: 'transient',
  code: 'sandbox/busy',
  why: 'the system had too much open, or it was in use',
  hint: 'Run the drill again; if this stays, look at the limits of open files and processes.',
};
const TAKEN: Meaning = {
  class: 'invalid',
  code: 'sandbox/path-taken',
  why: 'something that this drill did not make lies there',
  hint: "Look at the path by hand, and remove or rename it, or choose another 'sandbox.folder'.",
};
const WRONG_PATH: Meaning = {
  class: 'invalid',
  code: 'sandbox/bad-path',
  why: 'the path cannot be used',
  hint: "Choose another 'sandbox.folder': a shorter path, and folders all the way.",
};

/** What an error number of the system means to a drill (errno(3)). */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOSPC: FULL,
  EDQUOT: { ...FULL, why: "this user's quota is used up" },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: {
    ...DENIED,
    code: 'sandbox/read-only',
    why: 'the file system is read-only',
    hint: "Choose another 'sandbox.folder'.",
  },
  ENOENT: {
    class: 'not-found',
    code: 'sandbox/not-found',
    why: 'it does not exist',
    hint: 'Look whether something else removed it while the drill was under way.',
  },
  EEXIST: TAKEN,
  ENOTEMPTY: TAKEN,
  ENOTDIR: WRONG_PATH,
  ELOOP: WRONG_PATH,
  ENAMETOOLONG: WRONG_PATH,
  EMFILE: BUSY,
  ENFILE: BUSY,
  EAGAIN: BUSY,
  EBUSY: BUSY,
  ENOMEM: BUSY,
  EIO: {
    class: 'permanent',
    code: 'sandbox/disk-error',
    why: 'the disk failed',
    hint: "Look at the machine's own log for the disk, and let 'sandbox.folder' lie on another one.",
  },
};

/** What an error of the local provider means. An error that is none of the system's is a bug, and is thrown again. */
export function classifyLocal(error: unknown): Failure {
  if (error instanceof ProblemError) return { class: classOf(error.problem), problem: error.problem };
  const { code, path, syscall, name } = error as NodeJS.ErrnoException;
  if (name === 'AbortError') return { class: 'transient', problem: aborted() };
  const meaning = code === undefined ? undefined : MEANINGS[code];
  if (meaning !== undefined) {
    const message = `unable to ${syscall ?? 'use'} '${path ?? 'the sandbox'}': ${meaning.why} (${code})`;
    return {
      class: meaning.class,
      problem: { code: meaning.code, message, hint: meaning.hint, blames: 'environment' },
    };
  }
  if (code === undefined || syscall === undefined) throw error;
  return { class: 'permanent', problem: unknownToUs(code, syscall, path) };
}

function classOf({ code }: Problem): Failure['class'] {
  if (code.startsWith('guard/') || code === 'sandbox/other-file-system') return 'denied';
  return code === 'sandbox/processes-left' ? 'transient' : 'invalid';
}

function aborted(): Problem {
  return {
    code: 'sandbox/aborted',
    message: 'the call was given up, since the drill was told to stop',
    hint: "Run 'drillbook resume' to finish what was begun.",
    blames: 'environment',
  };
}

function unknownToUs(code: string, syscall: string, path: string | undefined): Problem {
  return {
    code: 'sandbox/system-error',
    message: `unable to ${syscall} '${path ?? 'the sandbox'}': the system said ${code}`,
    hint: 'Look up the code in errno(3), and at what it names on this machine.',
    blames: 'environment',
  };
}
