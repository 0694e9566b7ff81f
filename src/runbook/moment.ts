import { type Instant, instantOf } from '../support/time.ts';

const MOMENT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?:Z|[+-](\d{2}):(\d{2}))$/;

/** An ISO 8601 moment with its zone, in UTC; `undefined` for anything else, such as the 30th of February. */
export function parseMoment(text: string): Instant | undefined {
  const match = MOMENT.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second, zoneHour, zoneMinute] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const inCalendar = month! >= 1 && month! <= 12 && day! >= 1 && day! <= daysIn(year!, month!);
  const onClock = hour! <= 23 && minute! <= 59 && second! <= 59 && zoneHour! <= 14 && zoneMinute! <= 59;
  return inCalendar && onClock ? instantOf(Date.parse(text)) : undefined;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
