import { nextWallTime, parseCron } from '../schedule/cron-expression.ts';
import { isTimezone } from '../schedule/wall-time.ts';
import { epochMillisOf } from '../support/time.ts';
import { parseDateOrMoment } from './date-or-moment.ts';
import { type Finding, atKey, atValue, quoted } from './finding.ts';
import { TEXT_FORMS } from './form.ts';
import { nearest } from './nearest.ts';
import { type WrittenCalendar, type WrittenSchedule, WEEKDAY_WORDS } from './written-schedule.ts';

/** What is said of a schedule: it is due at some time, in a timezone that there is, and may then begin. */
export function judgeSchedule(schedule: WrittenSchedule): readonly Finding[] {
  return [
    ...judgeTimezone(schedule),
    ...('cron' in schedule ? judgeCron(schedule.cron) : judgeCalendar(schedule)),
    ...judgeWindows(schedule),
    ...judgeBlackouts(schedule),
  ];
}

function judgeTimezone({ timezone }: WrittenSchedule): readonly Finding[] {
  if (timezone === undefined || isTimezone(timezone)) return [];
  const meant = nearest(timezone, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
  return [
    {
      code: 'bad-timezone',
      at: atValue('schedule', 'timezone'),
      message: `'schedule.timezone' is ${quoted(timezone)}, which is the name of no timezone`,
      hint:
        meant === undefined
          ? 'Write the name of a timezone, for example UTC or Europe/Vienna; an offset knows no summer.'
          : `Write ${quoted(meant)} instead of ${quoted(timezone)}.`,
    },
  ];
}

function judgeCron(expression: string): readonly Finding[] {
  const parsed = parseCron(expression);
  const at = atValue('schedule', 'cron');
  if (parsed.kind === 'wrong') {
    const { field, because, hint } = parsed;
    return [{ code: 'bad-cron', at, message: `the ${field} in 'schedule.cron' ${because}`, hint }];
  }
  // Any time will do: what no calendar has from here on, it never has.
  if (nextWallTime(parsed.cron, 0) !== undefined) return [];
  return [
    {
      code: 'never-due',
      at,
      message: `'schedule.cron' is ${quoted(expression)}, a day that no month of it has`,
      hint: "For the last day of each month, write 'every: month' with 'day: last' instead.",
    },
  ];
}

function judgeCalendar({ every, month, day }: WrittenCalendar): readonly Finding[] {
  const refused = (key: string, value: unknown, hint: string): Finding => ({
    code: 'bad-recurrence',
    at: atKey('schedule', key),
    message: `'schedule.${key}' is ${quoted(String(value))}, which 'every: ${every}' does not take`,
    hint,
  });
  const isWeekday = (WEEKDAY_WORDS as readonly unknown[]).includes(day);
  const findings: Finding[] = [];
  if (month !== undefined && every !== 'quarter') {
    findings.push(refused('month', month, "Leave it out, or write 'every: quarter'."));
  }
  if (day !== undefined && every === 'day') findings.push(refused('day', day, "Leave it out, or write 'every: week'."));
  if (day !== undefined && every === 'week' && !isWeekday) {
    findings.push(refused('day', day, 'Write a day of the week, for example saturday.'));
  }
  if (isWeekday && every === 'month') {
    findings.push(
      refused('day', day, "Write a day of the month or 'last'; the first such weekday is taken by 'every: quarter'."),
    );
  }
  if (day === undefined && every === 'week') {
    findings.push({
      code: 'missing-key',
      at: atKey('schedule'),
      message: "'schedule' lacks 'day'",
      hint: "Add 'day': a day of the week, for example saturday.",
    });
  }
  return findings;
}

function judgeWindows({ windows = [] }: WrittenSchedule): readonly Finding[] {
  return windows.flatMap(({ from, until }, index): readonly Finding[] => {
    if (from !== until) return [];
    return [
      {
        code: 'empty-window',
        at: atValue('schedule', 'windows', index, 'until'),
        message: `'schedule.windows[${index}]' closes at ${quoted(until)}, when it opens`,
        hint: "Write a later time, or one of the next day; the whole day is from '00:00' until '24:00'.",
      },
    ];
  });
}

function judgeBlackouts({ blackouts = [], timezone = 'UTC' }: WrittenSchedule): readonly Finding[] {
  const zone = isTimezone(timezone) ? timezone : 'UTC';
  return blackouts.flatMap((blackout, index): readonly Finding[] => {
    const bad = (['from', 'until'] as const).filter((key) => parseDateOrMoment(blackout[key], zone) === undefined);
    if (bad.length > 0) {
      return bad.map((key) => ({
        code: 'bad-time',
        at: atValue('schedule', 'blackouts', index, key),
        message: `'schedule.blackouts[${index}].${key}' is ${quoted(blackout[key])}, which no calendar or clock shows`,
        hint: TEXT_FORMS.dateOrMoment.hint,
      }));
    }
    const [from, until] = [blackout.from, blackout.until].map((text) => epochMillisOf(parseDateOrMoment(text, zone)!));
    if (from! < until!) return [];
    return [
      {
        code: 'reversed-range',
        at: atValue('schedule', 'blackouts', index, 'until'),
        message: `the blackout ends at ${quoted(blackout.until)}, not after it begins at ${quoted(blackout.from)}`,
        hint: 'Write the first moment at which drills may begin again; a date is its midnight.',
      },
    ];
  });
}
