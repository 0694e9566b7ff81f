import type { LoginCheck } from '../runbook/check-spec.ts';
import type { CheckKind } from './check.ts';
import { notAsked } from './judgements.ts';

/** The restored server accepts a login. A refused one has failed; a server out of reach is no refusal. */
export const loginCheck: CheckKind<LoginCheck> = {
  prepare({ database, user, password }) {
    return { kind: 'login', database, ...(user !== undefined && { user }), ...(password && { password }) };
  },
  judge({ database, user }, observation) {
    const expected = `a login${user === undefined ? '' : ` of '${user}'`} to database '${database}'`;
    if (observation.kind !== 'login') return notAsked(observation, expected);
    if (observation.accepted) return { outcome: 'passed', observed: 'accepted', expected };
    const refusal = observation.refusal ?? 'no reason given';
    return { outcome: 'failed', observed: 'refused', expected, because: `the server refused the login: ${refusal}` };
  },
};
