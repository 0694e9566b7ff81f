import type { HttpCheck } from '../runbook/check-spec.ts';
import type { CheckKind } from './check.ts';
import { notAsked } from './judgements.ts';
import { badPattern, compiled } from './pattern.ts';

/** The program answers with the status that it must, and with a body that matches; the body stays hidden. */
export const httpCheck: CheckKind<HttpCheck> = {
  prepare({ start, port, path, database, retry }) {
    const patience = retry === undefined ? {} : { patience: retry.within };
    return { kind: 'http', start, port, path, database, ...patience };
  },
  judge({ status, matches }, observation) {
    const expected = `status ${status}${matches === undefined ? '' : ', a body that matches'}`;
    if (observation.kind !== 'http') return notAsked(observation, expected);
    const { answer } = observation;
    if (answer.kind === 'silent') {
      return { outcome: 'failed', observed: 'no answer', expected, because: answer.because };
    }
    const pattern = matches === undefined ? undefined : compiled(matches);
    if (pattern === 'bad') return badPattern(expected);
    const isMatch = pattern?.test(answer.body);
    const observed = `status ${answer.status}${isMatch === undefined ? '' : isMatch ? ', match' : ', no match'}`;
    if (answer.status !== status)
      return { outcome: 'failed', observed, expected, because: 'the status is another one' };
    if (isMatch === false) return { outcome: 'failed', observed, expected, because: 'the body does not match' };
    return { outcome: 'passed', observed, expected };
  },
};
