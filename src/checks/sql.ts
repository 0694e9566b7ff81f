import type { Observation } from '../probe/observation.ts';
import type { SqlCheck, SqlExpectation } from '../runbook/check-spec.ts';
import { unreachable } from '../support/unreachable.ts';
import type { CheckKind } from './check.ts';
import { counted, notAsked } from './judgements.ts';
import { badPattern, compiled } from './pattern.ts';

type SqlObservation = Extract<Observation, { kind: 'sql' }>;
type Value = SqlObservation['value'];

/** Longest part of a revealed text that a report shows. */
const SHOWN = 200;

/** The first column of the first row, against an expectation. Text stays hidden unless the check says `reveal`. */
export const sqlCheck: CheckKind<SqlCheck> = {
  prepare({ database, query, over }) {
    return { kind: 'sql', database, query, ...(over !== undefined && { over }) };
  },
  judge(spec, observation) {
    const expected = expectationOf(spec);
    if (observation.kind !== 'sql') return notAsked(observation, expected);
    if (spec.expect.kind === 'matches' && compiled(spec.expect.pattern) === 'bad') {
      return badPattern(expected);
    }
    const because = unprovenBecause(spec, observation) ?? unmetBecause(spec.expect, observation);
    const observed = observedOf(spec, observation, because === undefined);
    return because === undefined
      ? { outcome: 'passed', observed, expected }
      : { outcome: 'failed', observed, expected, because };
  },
};

/** Why what was seen proves nothing, whatever it is. */
function unprovenBecause({ expect, over }: SqlCheck, { rows, value, population }: SqlObservation): string | undefined {
  if (over !== undefined && !population) return 'the population that the query is over holds no row';
  if (over === undefined && isNothing(rows, value) && isMetByNothing(expect)) {
    return 'the check expects nothing and names no population with over';
  }
  if (expect.kind !== 'empty' && rows === 0) return 'the query gave no row';
  if (expect.kind !== 'empty' && value === null) return 'the query gave null';
  return undefined;
}

function isNothing(rows: number, value: Value): boolean {
  return rows === 0 || value === 0 || value === false || value === '' || value === null;
}

function isMetByNothing(expect: SqlExpectation): boolean {
  switch (expect.kind) {
    case 'empty':
      return true;
    case 'equals':
      return expect.value === 0 || expect.value === false || expect.value === '';
    case 'at-least':
      return expect.value <= 0;
    case 'at-most':
      return expect.value >= 0;
    case 'between':
      return expect.low <= 0 && expect.high >= 0;
    case 'matches':
      return new RegExp(expect.pattern, 'u').test('') || new RegExp(expect.pattern, 'u').test('0');
    default:
      return unreachable(expect);
  }
}

function unmetBecause(expect: SqlExpectation, { rows, value }: SqlObservation): string | undefined {
  switch (expect.kind) {
    case 'empty':
      return rows === 0 ? undefined : 'the query gave rows';
    case 'equals':
      if (typeof expect.value !== typeof value)
        return `the query gave a ${kindOf(value)}, not a ${kindOf(expect.value)}`;
      return value === expect.value ? undefined : 'the result is another one';
    case 'at-least':
      return numberBecause(value, (number) => (number >= expect.value ? undefined : 'the result is too low'));
    case 'at-most':
      return numberBecause(value, (number) => (number <= expect.value ? undefined : 'the result is too high'));
    case 'between':
      return numberBecause(value, (number) => {
        if (number < expect.low) return 'the result is too low';
        return number <= expect.high ? undefined : 'the result is too high';
      });
    case 'matches':
      return new RegExp(expect.pattern, 'u').test(String(value)) ? undefined : 'the result does not match';
    default:
      return unreachable(expect);
  }
}

/** Numbers that JSON cannot hold exactly come as text; as near as a double comes they can be compared. */
function numberBecause(value: Value, judge: (number: number) => string | undefined): string | undefined {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));
  return isNumber ? judge(Number(value)) : 'the query gave no number';
}

function kindOf(value: Value): string {
  return typeof value === 'string' ? 'text' : typeof value;
}

function observedOf({ expect, reveal }: SqlCheck, { rows, value }: SqlObservation, isMet: boolean): string {
  if (expect.kind === 'empty' || rows === 0) return rows > 1_000 ? 'more than 1000 rows' : counted(rows, 'row');
  if (typeof value === 'string' && !reveal) return isMet ? 'match' : 'no match';
  return shown(value);
}

function expectationOf({ expect, reveal }: SqlCheck): string {
  switch (expect.kind) {
    case 'empty':
      return 'no row';
    case 'equals':
      return typeof expect.value === 'string' && !reveal ? 'match' : shown(expect.value);
    case 'at-least':
      return `at least ${expect.value}`;
    case 'at-most':
      return `at most ${expect.value}`;
    case 'between':
      return `between ${expect.low} and ${expect.high}`;
    case 'matches':
      return reveal ? `a match of /${expect.pattern}/` : 'match';
    default:
      return unreachable(expect);
  }
}

/** JSON's quotes keep line ends and control characters of a text out of reports and terminals. */
function shown(value: Value): string {
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, SHOWN) : value);
  return typeof value === 'string' && value.length > SHOWN ? `${text} …` : text;
}
