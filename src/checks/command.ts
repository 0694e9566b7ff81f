import type { CommandCheck } from '../runbook/check-spec.ts';
import type { CheckKind } from './check.ts';
import { notAsked } from './judgements.ts';
import { badPattern, compiled } from './pattern.ts';

/** Longest part of an output that a report shows. */
const SHOWN = 200;

/** The program ends with the code that it must, and its output matches. Output stays hidden unless the check says `reveal`. */
export const commandCheck: CheckKind<CommandCheck> = {
  prepare({ run, database }) {
    return { kind: 'command', run, database };
  },
  judge({ exitCode, matches, reveal }, observation) {
    const expected = `exit code ${exitCode}${matches === undefined ? '' : ', an output that matches'}`;
    if (observation.kind !== 'command') return notAsked(observation, expected);
    const { end, stdout, discarded, complaint } = observation;
    const pattern = matches === undefined ? undefined : compiled(matches);
    if (pattern === 'bad') return badPattern(expected);
    const isMatch = pattern?.test(stdout);
    const how = end.kind === 'exited' ? `exit code ${end.code}` : `ended by ${end.signal}`;
    const match = isMatch === undefined ? '' : isMatch ? ', match' : ', no match';
    const observed = `${how}${match}${reveal ? `: ${shown(stdout)}` : ''}`;
    if (end.kind === 'killed' || end.code !== exitCode) {
      const because = `the program did not end as it must${reveal && complaint !== '' ? `: ${shown(complaint)}` : ''}`;
      return { outcome: 'failed', observed, expected, because };
    }
    if (isMatch === false) {
      const because = `the ${discarded === undefined ? '' : 'beginning of the '}output does not match`;
      return { outcome: 'failed', observed, expected, because };
    }
    return { outcome: 'passed', observed, expected };
  },
};

/** JSON's quotes keep line ends and control characters out of reports and terminals. */
function shown(text: string): string {
  return text.length > SHOWN ? `… ${JSON.stringify(text.slice(-SHOWN))}` : JSON.stringify(text);
}
