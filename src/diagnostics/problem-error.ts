import type { Problem } from './problem.ts';

/** Carries a problem through code that can only throw; whoever catches it takes the problem out again. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, cause?: unknown) {
    super(problem.message, { cause });
    this.problem = problem;
  }
}
