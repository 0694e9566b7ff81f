import { expect, test } from 'vitest';
import { exitCodeOf, worstExitCode } from '../../src/report/exit-code.ts';

test.each([
  [0, { verdict: 'passed', teardown: 'clean', interrupted: false }],
  [1, { verdict: 'failed', teardown: 'clean', interrupted: false }],
  [1, { verdict: 'failed', teardown: 'kept', interrupted: false }],
  [3, { verdict: 'inconclusive', teardown: 'clean', interrupted: false }],
  [130, { verdict: 'failed', teardown: 'clean', interrupted: true }],
  [70, { verdict: 'passed', teardown: 'clean', interrupted: true, bug: true }],
  [4, { verdict: 'passed', teardown: 'leaked', interrupted: false }],
  [4, { verdict: 'failed', teardown: 'leaked', interrupted: true, bug: true }],
  [4, { verdict: 'passed', teardown: 'kept', interrupted: false }],
] as const)('the exit code is %i for %o', (code, ending) => {
  expect(exitCodeOf(ending)).toBe(code);
});

test('of several drills the worst exit code counts, and an unknown one is a bug', () => {
  expect(worstExitCode(0, 0)).toBe(0);
  expect(worstExitCode(3, 1)).toBe(1);
  expect(worstExitCode(1, 130)).toBe(130);
  expect(worstExitCode(130, 4)).toBe(4);
  expect(worstExitCode(0, 99)).toBe(70);
});
