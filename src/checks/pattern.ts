import type { Judgement } from './check.ts';
import { notObserved } from './judgements.ts';

/** A regular expression as runbooks write it, or `bad`. */
export function compiled(pattern: string): RegExp | 'bad' {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return 'bad';
  }
}

/** The end of a check whose pattern is no regular expression. */
export function badPattern(expected: string): Judgement {
  const problem = {
    code: 'check/bad-pattern',
    message: "unable to compare the result: 'matches' is no regular expression",
    hint: 'Write it as JavaScript does, with the u flag.',
    blames: 'environment' as const,
  };
  return notObserved(problem, expected);
}
