import { expect, it } from 'vitest';
import { structureCheck } from '../../src/checks/structure.ts';
import type { AcceptedFault } from '../../src/runbook/check-spec.ts';
import type { Observation } from '../../src/probe/observation.ts';
import { aContext, common, unreachableServer } from '../support/check-builder.ts';

const spec = { ...common, kind: 'structure' as const, heapAllIndexed: true };

function judge(seen: Partial<Extract<Observation, { kind: 'structure' }>>, accept?: readonly AcceptedFault[]) {
  const sound = { kind: 'structure' as const, indexesChecked: 166, heapsChecked: 70, faults: [] };
  return structureCheck.judge({ ...spec, ...(accept && { accept }) }, { ...sound, ...seen }, aContext());
}

it('passes when everything was looked at and is sound', () => {
  expect(judge({})).toEqual({
    outcome: 'passed',
    observed: '166 indexes and 70 heaps looked at, 0 faults',
    expected: 'every B-tree index and every heap sound',
  });
});

it('fails with the first faults by name and the number of the others', () => {
  const faults = Array.from({ length: 7 }, (_, index) => ({
    relation: `public.t${index}`,
    fault: 'the index is not valid',
  }));
  const { outcome, because } = judge({ faults });
  expect(outcome).toBe('failed');
  expect(because).toMatch(/^'public\.t0': the index is not valid; .*; and 2 more$/);
});

it.each([{ indexesChecked: 0 }, { heapsChecked: 0 }])('fails when it looked at nothing (%o)', (seen) => {
  expect(judge(seen)).toMatchObject({ outcome: 'failed', because: 'no index or no heap was looked at' });
});

it('is errored when this server could not look at a relation, unless there is a fault', () => {
  const unreadable = [{ relation: 'public.t', problem: unreachableServer }];
  expect(judge({ unreadable })).toMatchObject({ outcome: 'errored', problem: unreachableServer });
  expect(judge({ unreadable, faults: [{ relation: 'public.u', fault: 'damaged' }] }).outcome).toBe('failed');
});

it('is errored when the server is out of reach', () => {
  const judgement = structureCheck.judge(spec, { kind: 'unobservable', problem: unreachableServer }, aContext());
  expect(judgement.outcome).toBe('errored');
});

it('counts what the runbook accepts, and fails for the rest with the words that would accept it', () => {
  const faults = [
    { relation: 'public.a', fault: 'behind', class: 'sequences-behind' as const },
    { relation: 'public.b', fault: 'disabled', class: 'disabled-triggers' as const },
    { relation: 'public.c', fault: 'disabled', class: 'disabled-triggers' as const },
  ];
  expect(judge({ faults, encoding: 'UTF8' }, ['sequences-behind', 'disabled-triggers'])).toEqual({
    outcome: 'passed',
    observed: '166 indexes and 70 heaps looked at, 0 faults, 3 accepted, text in UTF8',
    expected: 'every B-tree index and every heap sound',
  });
  expect(judge({ faults }, ['sequences-behind'])).toMatchObject({
    outcome: 'failed',
    observed: '166 indexes and 70 heaps looked at, 2 faults, 1 accepted',
    because:
      "'public.b': disabled; 'public.c': disabled; 'accept: [disabled-triggers]' lets pass what the source has by intention",
  });
});

it('never accepts damage, and tells no way to', () => {
  const faults = [{ relation: 'public.a', fault: 'data_corrupted (XX001)' }];
  const all: readonly AcceptedFault[] = ['sequences-behind', 'disabled-triggers', 'collation-versions'];
  expect(judge({ faults }, all)).toMatchObject({ outcome: 'failed', because: "'public.a': data_corrupted (XX001)" });
});
