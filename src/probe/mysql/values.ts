import { type Instant, instantOf } from '../../support/time.ts';
import { exactNumber } from '../exact-number.ts';

/** Numbers of column types in the client protocol. */
const TYPE = {
  decimal: 0,
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  datetime: 12,
  year: 13,
  newdecimal: 246,
};
const NUMBERS: readonly (number | undefined)[] = [
  TYPE.decimal,
  TYPE.tiny,
  TYPE.short,
  TYPE.long,
  TYPE.float,
  TYPE.double,
  TYPE.longlong,
  TYPE.int24,
  TYPE.year,
  TYPE.newdecimal,
];
const MOMENTS: readonly (number | undefined)[] = [TYPE.date, TYPE.timestamp, TYPE.datetime];

/** A server's text as JSON can hold it; `true` and `false` are 1 and 0 here. */
export function valueOf(text: string | null, type: number | undefined): string | number | null {
  if (text === null || !NUMBERS.includes(type)) return text;
  return exactNumber(text, type === TYPE.float || type === TYPE.double);
}

/**
 * The moment that a `date`, `datetime` or `timestamp` stands for, in a session whose time zone is UTC. Cut to
 * milliseconds. `undefined` for other types, and for the zero date.
 */
export function momentOf(text: string, type: number | undefined): Instant | undefined {
  if (!MOMENTS.includes(type)) return undefined;
  const parts = /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(\.\d{1,6})?)?$/.exec(text);
  if (!parts) return undefined;
  const [, day, time = '00:00:00', fraction = ''] = parts;
  const millis = Date.parse(`${day}T${time}.${fraction.slice(1, 4).padEnd(3, '0')}Z`);
  return Number.isNaN(millis) ? undefined : instantOf(millis);
}
