import { describe, expect, it } from 'vitest';
import { sqlCheck } from '../../src/checks/sql.ts';
import type { Observation } from '../../src/probe/observation.ts';
import type { SqlCheck, SqlExpectation } from '../../src/runbook/check-spec.ts';
import { aContext, anSqlCheck, corruptedData, unreachableServer } from '../support/check-builder.ts';

type Seen = Omit<Extract<Observation, { kind: 'sql' }>, 'kind'>;

function judge(expectation: SqlExpectation, seen: Seen, change: Partial<SqlCheck> = {}) {
  return sqlCheck.judge(anSqlCheck(expectation, change), { kind: 'sql', ...seen }, aContext());
}

const cases: [string, SqlExpectation, Seen, 'passed' | 'failed'][] = [
  ['the number it wants', { kind: 'equals', value: 3 }, { rows: 1, value: 3 }, 'passed'],
  ['another number', { kind: 'equals', value: 3 }, { rows: 1, value: 4 }, 'failed'],
  ['a text where it wants a number', { kind: 'equals', value: 3 }, { rows: 1, value: '3' }, 'failed'],
  ['true', { kind: 'equals', value: true }, { rows: 1, value: true }, 'passed'],
  ['false where it wants true', { kind: 'equals', value: true }, { rows: 1, value: false }, 'failed'],
  ['the text it wants', { kind: 'equals', value: 'open' }, { rows: 1, value: 'open' }, 'passed'],
  ['another text', { kind: 'equals', value: 'open' }, { rows: 1, value: 'shut' }, 'failed'],
  ['its lower bound', { kind: 'at-least', value: 5 }, { rows: 1, value: 5 }, 'passed'],
  ['less than its lower bound', { kind: 'at-least', value: 5 }, { rows: 1, value: 4.5 }, 'failed'],
  ['a number too large for JSON', { kind: 'at-least', value: 5 }, { rows: 1, value: '90071992547409930' }, 'passed'],
  ['a text where it wants at least', { kind: 'at-least', value: 5 }, { rows: 1, value: 'many' }, 'failed'],
  ['its upper bound', { kind: 'at-most', value: 5 }, { rows: 1, value: 5 }, 'passed'],
  ['more than its upper bound', { kind: 'at-most', value: 5 }, { rows: 1, value: 6 }, 'failed'],
  ['the low end of a range', { kind: 'between', low: 1, high: 3 }, { rows: 1, value: 1 }, 'passed'],
  ['the high end of a range', { kind: 'between', low: 1, high: 3 }, { rows: 1, value: 3 }, 'passed'],
  ['less than a range', { kind: 'between', low: 1, high: 3 }, { rows: 1, value: 0.9 }, 'failed'],
  ['more than a range', { kind: 'between', low: 1, high: 3 }, { rows: 1, value: 3.1 }, 'failed'],
  ['a text that matches', { kind: 'matches', pattern: '^v\\d+$' }, { rows: 1, value: 'v12' }, 'passed'],
  ['a text that does not match', { kind: 'matches', pattern: '^v\\d+$' }, { rows: 1, value: '12' }, 'failed'],
  ['no row', { kind: 'equals', value: 3 }, { rows: 0, value: null }, 'failed'],
  ['null', { kind: 'at-least', value: -1 }, { rows: 1, value: null }, 'failed'],
];

describe('a query', () => {
  it.each(cases)('that gives %s ends as it should', (_title, expectation, seen, outcome) => {
    expect(judge(expectation, seen).outcome).toBe(outcome);
  });

  it('is errored where the server could not look', () => {
    const observation = { kind: 'unobservable' as const, problem: unreachableServer };
    const judgement = sqlCheck.judge(anSqlCheck({ kind: 'equals', value: 1 }), observation, aContext());
    expect(judgement).toMatchObject({ outcome: 'errored', observed: 'nothing', problem: unreachableServer });
  });

  it('has failed where the server could not read for damage', () => {
    const observation = { kind: 'unobservable' as const, problem: corruptedData };
    const judgement = sqlCheck.judge(anSqlCheck({ kind: 'equals', value: 1 }), observation, aContext());
    expect(judgement).toMatchObject({ outcome: 'failed', problem: corruptedData });
  });

  it('is errored where its pattern is none', () => {
    expect(judge({ kind: 'matches', pattern: '(' }, { rows: 1, value: 'x' })).toMatchObject({
      outcome: 'errored',
      problem: { code: 'check/bad-pattern' },
    });
  });
});

describe('a query that expects nothing', () => {
  const nothing: [string, SqlExpectation, Seen][] = [
    ['equals 0', { kind: 'equals', value: 0 }, { rows: 1, value: 0 }],
    ['equals false', { kind: 'equals', value: false }, { rows: 1, value: false }],
    ['at most 5', { kind: 'at-most', value: 5 }, { rows: 1, value: 0 }],
    ['at least 0', { kind: 'at-least', value: 0 }, { rows: 1, value: 0 }],
    ['between 0 and 5', { kind: 'between', low: 0, high: 5 }, { rows: 1, value: 0 }],
    ['matches anything', { kind: 'matches', pattern: '.*' }, { rows: 1, value: '' }],
    ['empty', { kind: 'empty' }, { rows: 0, value: null }],
  ];

  it.each(nothing)('(%s) fails when it names no population', (_title, expectation, seen) => {
    expect(judge(expectation, seen).outcome).toBe('failed');
  });

  it.each(nothing)('(%s) fails when its population is empty', (_title, expectation, seen) => {
    expect(judge(expectation, { ...seen, population: 0 }, { over: 'orders' })).toMatchObject({
      outcome: 'failed',
      because: 'the population that the query is over holds no row',
    });
  });

  it.each(nothing)('(%s) fails when its population was not counted', (_title, expectation, seen) => {
    expect(judge(expectation, seen, { over: 'orders' }).outcome).toBe('failed');
  });

  it.each(nothing)('(%s) passes when its population holds rows', (_title, expectation, seen) => {
    expect(judge(expectation, { ...seen, population: 1 }, { over: 'orders' }).outcome).toBe('passed');
  });

  it('fails when it expects no row and there are some, and says how many', () => {
    const judgement = judge({ kind: 'empty' }, { rows: 1_001, value: 7, population: 9 }, { over: 'orders' });
    expect(judgement).toMatchObject({ outcome: 'failed', observed: 'more than 1000 rows', expected: 'no row' });
  });
});

describe('what a report shows', () => {
  it('is a number as it is', () => {
    expect(judge({ kind: 'at-least', value: 5 }, { rows: 1, value: 4 })).toMatchObject({
      observed: '4',
      expected: 'at least 5',
      because: 'the result is too low',
    });
  });

  it('is match or no match where the result is a text', () => {
    const wanted: SqlExpectation = { kind: 'equals', value: 'canary-a' };
    expect(judge(wanted, { rows: 1, value: 'canary-a' })).toMatchObject({ observed: 'match', expected: 'match' });
    expect(judge(wanted, { rows: 1, value: 'canary-b' })).toMatchObject({ observed: 'no match', expected: 'match' });
  });

  it('is the text, quoted and cut, where the check says reveal', () => {
    const judgement = judge(
      { kind: 'equals', value: 'open' },
      { rows: 1, value: `shut\u001b[31m${'x'.repeat(300)}` },
      { reveal: true },
    );
    expect(judgement.expected).toBe('"open"');
    expect(judgement.observed).toMatch(/^"shut\\u001b\[31mx+" …$/);
    expect(judgement.observed.length).toBeLessThan(230);
  });
});
