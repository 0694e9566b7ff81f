import type { TcpCheck } from '../runbook/check-spec.ts';
import type { CheckKind } from './check.ts';
import { notAsked } from './judgements.ts';

/** The restored server accepts a connection; that proves no data, and no login. */
export const tcpCheck: CheckKind<TcpCheck> = {
  prepare() {
    return { kind: 'tcp' };
  },
  judge(_spec, observation) {
    const expected = 'a connection';
    if (observation.kind !== 'tcp') return notAsked(observation, expected);
    if (observation.accepted) return { outcome: 'passed', observed: 'accepted', expected };
    const because = `the server accepted no connection: ${observation.refusal ?? 'no reason given'}`;
    return { outcome: 'failed', observed: 'refused', expected, because };
  },
};
