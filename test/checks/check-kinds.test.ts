import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeCheck, prepareCheck } from '../../src/checks/check-kinds.ts';
import type { Observation } from '../../src/probe/observation.ts';
import type { CheckSpec, SqlExpectation } from '../../src/runbook/check-spec.ts';
import { aContext, aManifest, anSqlCheck, common, unreachableServer } from '../support/check-builder.ts';

const CANARY = 'canary-row-value';

const textWithCanary = fc.string().map((text) => `${text}${CANARY}`);
const number = fc.double({ noNaN: true });
const expectation: fc.Arbitrary<SqlExpectation> = fc.oneof(
  fc.record({ kind: fc.constant('equals' as const), value: fc.oneof(textWithCanary, number, fc.boolean()) }),
  fc.record({ kind: fc.constantFrom('at-least' as const, 'at-most' as const), value: number }),
  fc.record({ kind: fc.constant('between' as const), low: number, high: number }),
  fc.record({ kind: fc.constant('matches' as const), pattern: fc.constantFrom(CANARY, '^x', '.*') }),
  fc.constant({ kind: 'empty' as const }),
);
const sqlSeen: fc.Arbitrary<Observation> = fc.record(
  {
    kind: fc.constant('sql' as const),
    rows: fc.nat(1_001),
    value: fc.oneof(textWithCanary, number, fc.boolean(), fc.constant(null)),
    population: fc.nat(3),
  },
  { requiredKeys: ['kind', 'rows', 'value'] },
);
const anyCheck: fc.Arbitrary<CheckSpec> = fc.oneof(
  fc.constant<CheckSpec>({ ...common, kind: 'login', user: 'app', password: { env: 'X' } }),
  expectation.map((expect): CheckSpec => anSqlCheck(expect, { over: 'orders' })),
  fc.constant<CheckSpec>({ ...common, kind: 'row-counts', tables: [{ table: 'orders', atLeast: 0 }] }),
  fc.constant<CheckSpec>({ ...common, kind: 'structure', heapAllIndexed: false }),
  fc.constant<CheckSpec>({ ...common, kind: 'manifest', file: '/m.json' }),
  fc.constant<CheckSpec>({ ...common, kind: 'freshness', query: 'select 1', within: 1_000 }),
);
const context = aContext({ manifest: aManifest() });

describe('whatever the check', () => {
  it('never passes on what could not be observed', () => {
    fc.assert(
      fc.property(anyCheck, fc.constantFrom('backup' as const, 'environment' as const), (check, blames) => {
        const observation = { kind: 'unobservable' as const, problem: { ...unreachableServer, blames } };
        const { outcome } = judgeCheck(check, observation, context);
        expect(outcome).toBe(blames === 'backup' ? 'failed' : 'errored');
      }),
    );
  });

  it('never passes on an observation of another kind', () => {
    fc.assert(
      fc.property(anyCheck, sqlSeen, (check, observation) => {
        fc.pre(check.kind !== 'sql');
        expect(judgeCheck(check, observation, context).outcome).toBe('errored');
      }),
    );
  });

  it('asks for an observation of its own kind in its own database', () => {
    fc.assert(
      fc.property(anyCheck, (check) => {
        const kind = check.kind === 'manifest' ? 'contents' : check.kind;
        expect(prepareCheck(check, context)).toMatchObject({ kind, database: 'shop' });
      }),
    );
  });
});

describe('an sql check', () => {
  it('shows no text that it got or wants, unless it says reveal', () => {
    fc.assert(
      fc.property(expectation, sqlSeen, fc.boolean(), (expect_, seen, hasPopulation) => {
        const check = anSqlCheck(expect_, hasPopulation ? { over: 'orders' } : {});
        expect(JSON.stringify(judgeCheck(check, seen, context))).not.toContain(CANARY);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never passes over an empty population, nor on nothing at all without one', () => {
    fc.assert(
      fc.property(expectation, sqlSeen, (expect_, seen) => {
        const empty = { ...seen, population: 0 } as Observation;
        expect(judgeCheck(anSqlCheck(expect_, { over: 'orders' }), empty, context).outcome).toBe('failed');
        const nothing = { kind: 'sql' as const, rows: 0, value: null };
        expect(judgeCheck(anSqlCheck(expect_), nothing, context).outcome).toBe('failed');
      }),
    );
  });
});
