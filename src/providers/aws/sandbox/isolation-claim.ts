import type { IsolationProof, Resource } from '../../resource.ts';
import type { SandboxNetwork } from './network.ts';
import type { Answer } from './network-facts.ts';

/** What a sandbox must be, from what its template says and what its stack has told of itself. */
export interface Expected {
  readonly account: string;
  readonly region: string;
  readonly network: SandboxNetwork;
  /** Ports on which the probe may call databases. */
  readonly ports: readonly number[];
  /** `policyHash` of the endpoint's policy in the template. */
  readonly endpointPolicyHash: string;
  /** The restored instance that must be inside, once there is one. */
  readonly restored?: Resource;
  /** The one private zone that the drill has put on the VPC itself, once it has. */
  readonly zoneId?: string;
}

/** What is claimed of facts, and how they are judged. */
export interface Claim<T> {
  readonly claim: string;
  readonly method: string;
  readonly expected: string;
  readonly judge: (facts: T) => { readonly observed: string; readonly holds: boolean };
}

/** The proof of a claim: what was not answered proves nothing. */
export function prove<T>(answer: Answer<T>, { claim, method, expected, judge }: Claim<T>): IsolationProof {
  const words = { claim, method, expected };
  if (answer.kind === 'unanswered') return { ...words, observed: `not answered: ${answer.because}`, holds: false };
  return { ...words, ...judge(answer.value) };
}

/** A list in words, in an order of its own so that two looks at the same things read the same. */
export function listed(parts: readonly string[]): string {
  return parts.length === 0 ? 'none' : parts.toSorted().join(', ');
}

/** The verdict over what is wrong: nothing may be. `fine` says what was seen when nothing is. */
export function noneWrong(wrong: readonly string[], fine: string): { observed: string; holds: boolean } {
  return { observed: wrong.length === 0 ? fine : listed(wrong), holds: wrong.length === 0 };
}

/** What differs between what should be there and what is, as words. */
export function differences(expected: readonly string[], found: readonly string[]): readonly string[] {
  return [
    ...expected.filter((one) => !found.includes(one)).map((one) => `missing: ${one}`),
    ...found
      .filter((one, index) => !expected.includes(one) || found.indexOf(one) !== index)
      .map((one) => `foreign: ${one}`),
  ];
}
