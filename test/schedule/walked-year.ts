import { type Instant, instantOf } from '../../src/support/time.ts';

/** All that is meant below is at whole fives, and so are all changes. */
const STEP = 5 * 60_000;
/** No clock in these tests is changed but at a half hour. */
const HALF_HOUR = 1_800_000;

/** Nor is any changed twice in so short a time. */
const BLOCK = 6 * 3_600_000;

interface Meant {
  readonly expression: string;
  /** Written by hand, so that it knows nothing of the parser. */
  readonly means: (wall: Date) => boolean;
  /** Whether it is due whenever shown, or each time on the wall once. */
  readonly wheneverShown: boolean;
}

const at = (wall: Date, hour: number, minute: number): boolean =>
  wall.getUTCHours() === hour && wall.getUTCMinutes() === minute;

const CRONS: readonly Meant[] = [
  { expression: '30 2 * * *', wheneverShown: false, means: (wall) => at(wall, 2, 30) },
  { expression: '0 0 * * *', wheneverShown: false, means: (wall) => at(wall, 0, 0) },
  {
    expression: '*/20 1,2 * * 0,6',
    wheneverShown: false,
    means: (wall) =>
      [1, 2].includes(wall.getUTCHours()) && wall.getUTCMinutes() % 20 === 0 && [0, 6].includes(wall.getUTCDay()),
  },
  {
    expression: '15 2 13,29-31 * fri',
    wheneverShown: false,
    means: (wall) => at(wall, 2, 15) && ([13, 29, 30, 31].includes(wall.getUTCDate()) || wall.getUTCDay() === 5),
  },
  { expression: '45 * * * *', wheneverShown: true, means: (wall) => wall.getUTCMinutes() === 45 },
  {
    expression: '0 */2 * * *',
    wheneverShown: true,
    means: (wall) => wall.getUTCHours() % 2 === 0 && wall.getUTCMinutes() === 0,
  },
];

/** When a few crons are due in a year, found by going through every fifth minute of it with an eye on the wall. */
export function firesByWalking(
  timezone: string,
  year: number,
): readonly { readonly expression: string; readonly fires: readonly Instant[] }[] {
  const fires = CRONS.map((): Instant[] => []);
  const start = Date.UTC(year, 0, 1);
  let offset = offsetByIntl(timezone, start);
  let isSteady = false;
  let highest = start + offset - STEP;
  for (let now = start; now < Date.UTC(year + 1, 0, 1); now += STEP) {
    if (now % BLOCK === 0) isSteady = offsetByIntl(timezone, now + BLOCK) === offset;
    if (!isSteady && now % HALF_HOUR === 0) offset = offsetByIntl(timezone, now);
    const shows = now + offset;
    for (const [index, { means, wheneverShown }] of CRONS.entries()) {
      const isDue = wheneverShown ? means(new Date(shows)) : anyNew({ highest, shows }, means);
      if (isDue) fires[index]!.push(instantOf(now));
    }
    highest = Math.max(highest, shows);
  }
  return CRONS.map(({ expression }, index) => ({ expression, fires: fires[index]! }));
}

/** Whether a time is meant that the wall shows or has just jumped over, and never showed before. */
function anyNew({ highest, shows }: { highest: number; shows: number }, means: Meant['means']): boolean {
  for (let wall = highest + STEP; wall <= shows; wall += STEP) if (means(new Date(wall))) return true;
  return false;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offsetByIntl(timeZone: string, moment: number): number {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  formats.set(timeZone, format);
  const [month, day, year, hour, minute] = format.format(moment).match(/\d+/g)!.map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute) - moment;
}
