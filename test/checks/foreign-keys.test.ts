import { expect, it } from 'vitest';
import { foreignKeysCheck } from '../../src/checks/foreign-keys.ts';
import type { Observation } from '../../src/probe/observation.ts';
import { aContext, common, corruptedData, unreachableServer } from '../support/check-builder.ts';

function judge(change: Partial<Extract<Observation, { kind: 'foreign-keys' }>>) {
  const sound = { kind: 'foreign-keys' as const, keysChecked: 3, rows: 1_000, orphans: [] };
  return foreignKeysCheck.judge({ ...common, kind: 'foreign-keys' }, { ...sound, ...change }, aContext());
}

const orphan = { table: 'public.orders', key: 'orders_customer_fkey', rows: 2 };
const closed = { relation: 'public.a', problem: unreachableServer };
const damaged = { relation: 'public.b', problem: corruptedData };

it('passes when keys were followed from rows, and all led somewhere', () => {
  expect(judge({})).toEqual({
    outcome: 'passed',
    observed: '3 foreign keys over 1000 rows, 0 orphans',
    expected: 'no row that refers to one that is not there',
  });
});

it('fails with the tables and keys of orphans, also where not all could be read', () => {
  const because = "'public.orders' by 'orders_customer_fkey': 2 orphans";
  expect(judge({ orphans: [orphan], unreadable: [closed] })).toMatchObject({ outcome: 'failed', because });
});

it('is errored when a key could not be followed, and has failed when damage kept it from that', () => {
  expect(judge({ unreadable: [closed] })).toMatchObject({ outcome: 'errored', problem: unreachableServer });
  expect(judge({ unreadable: [closed, damaged] })).toMatchObject({ outcome: 'failed', problem: corruptedData });
});

it.each([{ keysChecked: 0, rows: 0 }, { rows: 0 }])('fails when nothing could have been broken (%o)', (nothing) => {
  expect(judge(nothing).outcome).toBe('failed');
});
