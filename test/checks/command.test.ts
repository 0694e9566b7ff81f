import { expect, it } from 'vitest';
import { commandCheck } from '../../src/checks/command.ts';
import type { Observation } from '../../src/probe/observation.ts';
import type { CommandCheck } from '../../src/runbook/check-spec.ts';
import { aContext, common } from '../support/check-builder.ts';

function judge(
  check: Partial<CommandCheck>,
  seen: Partial<Extract<Observation, { kind: 'command' }>> = {},
): ReturnType<typeof commandCheck.judge> {
  const run = { argv: ['verify'], reads: [], env: {} };
  const spec: CommandCheck = { ...common, kind: 'command', run, exitCode: 0, reveal: false, ...check };
  const observation = {
    kind: 'command',
    end: { kind: 'exited', code: 0 },
    stdout: 'row 7',
    complaint: 'no row 8',
  } as const;
  return commandCheck.judge(spec, { ...observation, ...seen }, aContext());
}

it('passes with the exit code and the output that it must have, and shows neither', () => {
  expect(judge({ matches: '^row \\d$' })).toEqual({
    outcome: 'passed',
    observed: 'exit code 0, match',
    expected: 'exit code 0, an output that matches',
  });
});

it.each([
  ['another exit code', {}, { end: { kind: 'exited' as const, code: 2 } }, 'exit code 2'],
  ['a signal', {}, { end: { kind: 'killed' as const, signal: 'SIGKILL' } }, 'ended by SIGKILL'],
  ['another output', { matches: 'order' }, {}, 'exit code 0, no match'],
])('fails for %s', (_title, check, seen, observed) => {
  expect(judge(check, seen)).toMatchObject({ outcome: 'failed', observed });
  expect(JSON.stringify(judge(check, seen))).not.toContain('row');
});

it('says that only the beginning of a long output was looked at', () => {
  expect(judge({ matches: 'order' }, { discarded: 5 }).because).toBe('the beginning of the output does not match');
});

it('shows the output and the complaint where the check says so', () => {
  const end = { kind: 'exited' as const, code: 1 };
  expect(judge({ reveal: true }, { end })).toMatchObject({
    observed: 'exit code 1: "row 7"',
    because: 'the program did not end as it must: "no row 8"',
  });
});
