import { DatabaseError } from 'pg';
import type { Problem } from '../diagnostics/problem.ts';
import { ServerFailure } from './postgres-process.ts';

/** Carries a problem up through code that cannot go on. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The folder holds what drillbook did not make, so it is left alone. */
export function notASample(folder: string): Problem {
  return {
    code: 'sample/folder-in-use',
    message: `unable to build the sample in '${folder}': something else lies there`,
    hint: 'Name another folder with --folder, or remove this one.',
    blames: 'environment',
  };
}

/** What the disk or the server said, as a problem; anything else is a bug and thrown again. */
export function asProblem(error: unknown, folder: string): Problem {
  if (error instanceof ProblemError) return error.problem;
  const code = codeOf(error);
  // 53100: PostgreSQL's own code for a full disk.
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === '53100') {
    return {
      code: 'sample/disk-full',
      message: `unable to build the sample in '${folder}': the disk is full`,
      hint: 'Free 1 GB, or name a folder on another disk with --folder.',
      blames: 'environment',
    };
  }
  if (error instanceof ServerFailure || error instanceof DatabaseError) {
    return {
      code: 'sample/server-failed',
      message: `unable to build the sample: PostgreSQL did not run to the end: ${error.message}`,
      hint: `Run 'drillbook doctor' to see what this machine lacks.`,
      blames: 'environment',
    };
  }
  if (error instanceof Error && code?.startsWith('E') === true) {
    return {
      code: 'sample/cannot-write',
      message: `unable to build the sample in '${folder}': ${error.message}`,
      hint: 'Name a folder that you may write to with --folder.',
      blames: 'environment',
    };
  }
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
