import { judgePattern } from './check-findings.ts';
import { type Finding, atValue } from './finding.ts';
import type { WrittenProgramCheck } from './written-program-checks.ts';

/** What is said of a check that runs a program: there is one to run, and what is expected of it makes sense. */
export function judgeProgram(index: number, check: WrittenProgramCheck): readonly Finding[] {
  const key = check.kind === 'http' ? 'start' : 'run';
  const [program] = check.kind === 'http' ? check.start : check.run;
  const matches = check.expect?.matches;
  const nothing: Finding = {
    code: 'empty',
    at: atValue('checks', index, key, 0),
    message: `'checks[${index}].${key}' names no program`,
    hint: 'Write the program first, then its arguments, for example [./verify.sh, --all].',
  };
  return [...(program?.trim() === '' ? [nothing] : []), ...(matches === undefined ? [] : judgePattern(index, matches))];
}
