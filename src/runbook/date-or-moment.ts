import { firstMomentAt } from '../schedule/wall-time.ts';
import { type Instant, epochMillisOf, instantOf } from '../support/time.ts';
import { parseMoment } from './moment.ts';

/** A moment with its zone, or a date, which is its midnight in the timezone; `undefined` for what no calendar has. */
export function parseDateOrMoment(text: string, timezone: string): Instant | undefined {
  if (text.includes('T')) return parseMoment(text);
  const midnight = parseMoment(`${text}T00:00:00Z`);
  return midnight === undefined ? undefined : instantOf(firstMomentAt(timezone, epochMillisOf(midnight)));
}
