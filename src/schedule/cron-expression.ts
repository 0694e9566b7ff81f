import type { WallTime } from './wall-time.ts';

/** The five fields, as sets of what they match. */
export interface CronExpression {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Whether one of the two suffices: neither the day of the month nor that of the week begins with '*'. */
  readonly eitherDay: boolean;
  /** The hour begins with '*': it means every so many hours, not a time of the day. */
  readonly throughTheDay: boolean;
}

export type ParsedCron =
  | { readonly kind: 'cron'; readonly cron: CronExpression }
  | {
      readonly kind: 'wrong';
      /** In people's words, e.g. 'day of the month'; 'expression' where it is the whole. */
      readonly field: string;
      /** Completes a sentence that begins with the field. */
      readonly because: string;
      readonly hint: string;
    };

interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Names of `low`, `low + 1` and so on. */
  readonly names?: readonly string[];
}

const FIELDS = [
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day of the month', low: 1, high: 31 },
  {
    name: 'month',
    low: 1,
    high: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of the week', low: 0, high: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const satisfies readonly Field[];

/** As crontab(5) has them. '@reboot' is none: nothing here boots. */
const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/**
 * Reads five fields as crontab(5) does: numbers, names, ranges, lists, steps of '*' or of a range, and the nicknames. Both
 * 0 and 7 are Sunday. Never throws.
 */
export function parseCron(text: string): ParsedCron {
  const fields = (new Map(Object.entries(NICKNAMES)).get(text.trim().toLowerCase()) ?? text.trim()).split(/\s+/);
  if (fields.length !== FIELDS.length || fields[0] === '') return wrongCount(text.trim(), fields.length);
  const sets: ReadonlySet<number>[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const set = parseField(fields[index]!, field);
    if ('because' in set) return { kind: 'wrong', field: field.name, ...set };
    sets.push(set);
  }
  const [minutes, hours, days, months, weekdays] = sets;
  const [, hour, day, , weekday] = fields;
  return {
    kind: 'cron',
    cron: {
      minutes: minutes!,
      hours: hours!,
      days: days!,
      months: months!,
      weekdays: new Set([...weekdays!].map((one) => one % 7)),
      eitherDay: !day!.startsWith('*') && !weekday!.startsWith('*'),
      throughTheDay: hour!.startsWith('*'),
    },
  };
}

/** A 29 February that is a Sunday comes after 40 years at the latest, around a century that has no leap year. */
const LONGEST_SEARCH_YEARS = 41;

/** The first time after this one that is meant, by calendar and clock alone; `undefined` where there is none. */
export function nextWallTime(cron: CronExpression, after: WallTime): WallTime | undefined {
  const date = new Date(after);
  date.setUTCSeconds(0, 0);
  date.setUTCMinutes(date.getUTCMinutes() + 1);
  const last = date.getUTCFullYear() + LONGEST_SEARCH_YEARS;
  while (date.getUTCFullYear() <= last) {
    if (!cron.months.has(date.getUTCMonth() + 1)) {
      date.setUTCMonth(date.getUTCMonth() + 1, 1);
      date.setUTCHours(0, 0);
    } else if (!matchesDay(cron, date)) {
      date.setUTCDate(date.getUTCDate() + 1);
      date.setUTCHours(0, 0);
    } else if (!cron.hours.has(date.getUTCHours())) {
      date.setUTCHours(date.getUTCHours() + 1, 0);
    } else if (cron.minutes.has(date.getUTCMinutes())) {
      return date.getTime();
    } else {
      date.setUTCMinutes(date.getUTCMinutes() + 1);
    }
  }
  return undefined;
}

/** crontab(5): where both days are restricted, one of them suffices; a field that begins with '*' restricts nothing. */
function matchesDay({ months, days, weekdays, eitherDay }: CronExpression, date: Date): boolean {
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const ofMonth = days.has(date.getUTCDate());
  const ofWeek = weekdays.has(date.getUTCDay());
  return eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}

interface Mistake {
  readonly because: string;
  readonly hint: string;
}

function parseField(text: string, field: Field): ReadonlySet<number> | Mistake {
  const set = new Set<number>();
  for (const part of text.split(',')) {
    const range = parsePart(part, field);
    if ('because' in range) return range;
    for (let value = range.from; value <= range.to; value += range.step) set.add(value);
  }
  return set;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

function parsePart(part: string, field: Field): Range | Mistake {
  const match = /^(?:(\*)|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/([0-9]+))?$/i.exec(part);
  if (!match) return { because: `has '${cut(part)}', which crontab(5) does not know`, hint: accepted(field) };
  const [, star, first, last, steps] = match;
  const step = steps === undefined ? 1 : Number(steps);
  if (step === 0 || step > field.high) {
    return { because: `has '${cut(part)}', a step of ${cut(steps!)}`, hint: `Write a step of 1 to ${field.high}.` };
  }
  // '*/7' counts days of the week from 0 to 6: 7 is but another name of the first.
  if (star) return { from: field.low, to: field.high === 7 ? 6 : field.high, step };
  const from = valueOf(first!, field);
  const to = last === undefined ? from : valueOf(last, field);
  if (from === undefined || to === undefined) {
    return { because: `has '${cut(part)}', which lies beyond ${bounds(field)}`, hint: accepted(field) };
  }
  if (last === undefined && steps !== undefined) {
    return {
      because: `has '${cut(part)}', a step of a single value`,
      hint: `Write the range that it steps through, for example ${from}-${field.high}/${step}.`,
    };
  }
  if (from > to) {
    return { because: `has '${cut(part)}', a range that ends before it begins`, hint: 'Write two ranges in a list.' };
  }
  return { from, to, step };
}

function valueOf(word: string, { low, high, names = [] }: Field): number | undefined {
  const named = names.indexOf(word.toLowerCase());
  if (named !== -1) return low + named;
  const value = /^[0-9]{1,2}$/.test(word) ? Number(word) : Number.NaN;
  return value >= low && value <= high ? value : undefined;
}

function wrongCount(text: string, count: number): ParsedCron {
  const because = text.startsWith('@')
    ? `is '${cut(text)}', which crontab(5) does not know or which has no time`
    : `has ${text === '' ? 0 : count} fields, but must have ${FIELDS.length}`;
  return {
    kind: 'wrong',
    field: 'expression',
    because,
    hint: 'Write minute, hour, day of the month, month and day of the week, for example 0 3 1 */3 *.',
  };
}

function accepted(field: Field): string {
  return `Write ${bounds(field)}, ranges such as ${field.low}-${field.high}, steps such as */2, or a list of them.`;
}

function bounds({ low, high, names }: Field): string {
  return `${low} to ${high}${names ? ` or ${names[0]!} to ${names.at(-1)!}` : ''}`;
}

function cut(text: string): string {
  return text.length > 20 ? `${text.slice(0, 19)}…` : text;
}
