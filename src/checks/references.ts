import type { ReferencesCheck } from '../runbook/check-spec.ts';
import type { CheckKind } from './check.ts';
import { counted, notAsked } from './judgements.ts';

/** Every path that a query gives is a file of another resource; a query that gives none has shown nothing. */
export const referencesCheck: CheckKind<ReferencesCheck> = {
  prepare({ database, query }) {
    return { kind: 'references', database, query };
  },
  judge(spec, observation) {
    const expected = `every path that the query gives is a file of '${spec.in}'`;
    if (observation.kind !== 'references') return notAsked(observation, expected);
    const { named, missing } = observation;
    const observed = `${counted(named, 'path')}, ${missing} of them missing`;
    if (named === 0) return { outcome: 'failed', observed, expected, because: 'the query gave no path' };
    if (missing === 0) return { outcome: 'passed', observed, expected };
    const because = `${counted(missing, 'file')} that '${spec.of}' names ${missing === 1 ? 'is' : 'are'} not in '${spec.in}'`;
    return { outcome: 'failed', observed, expected, because };
  },
};
