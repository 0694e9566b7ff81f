import { type Instant, instantOf } from '../../support/time.ts';
import { exactNumber } from '../exact-number.ts';

/** Object ids of types, from PostgreSQL's pg_type.dat; they never change. */
const TYPE = {
  bool: 16,
  int8: 20,
  int2: 21,
  int4: 23,
  float4: 700,
  float8: 701,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
};
const NUMBERS: readonly number[] = [TYPE.int2, TYPE.int4, TYPE.int8, TYPE.float4, TYPE.float8, TYPE.numeric];
const MOMENTS: readonly number[] = [TYPE.date, TYPE.timestamp, TYPE.timestamptz];

/** A server's text as JSON can hold it: numbers that a double cannot hold exactly, and all other types, stay text. */
export function valueOf(text: string | null, type: number | undefined): string | number | boolean | null {
  if (text === null || type === undefined) return text;
  if (type === TYPE.bool) return text === 't';
  if (!NUMBERS.includes(type)) return text;
  return exactNumber(text, type === TYPE.float4 || type === TYPE.float8);
}

/**
 * The moment that a `date`, `timestamp` or `timestamptz` stands for, in a session with `timezone = UTC` and ISO dates;
 * without a zone it is taken as UTC. Cut to milliseconds. `undefined` for other types and for infinity.
 */
export function momentOf(text: string, type: number | undefined): Instant | undefined {
  if (type === undefined || !MOMENTS.includes(type)) return undefined;
  const parts = /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(\.\d{1,6})?(?:\+00)?)?$/.exec(text);
  if (!parts) return undefined;
  const [, day, time = '00:00:00', fraction = ''] = parts;
  return instantOf(Date.parse(`${day}T${time}.${fraction.slice(1, 4).padEnd(3, '0')}Z`));
}
