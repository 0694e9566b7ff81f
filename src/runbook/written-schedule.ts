import { type Static, Type } from '@sinclair/typebox';

import { ELSEWHERE, count, form, oneOfWords, text } from './form.ts';

export const WEEKDAY_WORDS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

const window = form(
  {
    days: Type.Optional(
      Type.Array(oneOfWords(WEEKDAY_WORDS, 'A day on which it opens.'), {
        minItems: 1,
        uniqueItems: true,
        description: 'The days on which it opens; by default every day.',
      }),
    ),
    from: text('timeOfDay', 'When it opens, for example 01:00.'),
    until: text('endOfDay', "When it closes; a time before 'from' is one of the next day, and 24:00 the day's end."),
  },
  'Hours in which drills may begin.',
);

const blackout = form(
  {
    from: text('dateOrMoment', 'Its begin: a moment, or a date, which is its midnight in the timezone.'),
    until: text('dateOrMoment', 'Its end, which is no part of it: a moment, or a date, which is its midnight.'),
    because: Type.Optional(text('text', 'Why; told of drills that it has kept from beginning.', { maxLength: 100 })),
  },
  'A time in which no drill begins.',
);

const around = {
  timezone: Type.Optional(
    text('text', 'Name of the timezone of all that is said here, for example Europe/Vienna.', {
      maxLength: 100,
      default: 'UTC',
    }),
  ),
  jitter: Type.Optional(
    text('duration', 'Each due time is put off by less than this, so that drills do not all begin at once.'),
  ),
  windows: Type.Optional(
    Type.Array(window, {
      minItems: 1,
      maxItems: 50,
      description: 'A drill that is due begins within one of them; by default at any time.',
    }),
  ),
  blackouts: Type.Optional(
    Type.Array(blackout, { minItems: 1, maxItems: 200, description: 'No drill begins within one of them.' }),
  ),
};

const SCHEDULE = 'When drills are due by themselves; without it they are run on demand.';
const CRON = "Instead of 'every': minute, hour, day of the month, month and day of the week, as crontab(5) has them.";
const SAID_BY_CRON = "Leave it out: 'cron' says when drills are due.";

const byCalendar = form(
  {
    every: oneOfWords(['quarter', 'month', 'week', 'day'], 'How often drills are due.'),
    month: Type.Optional({ ...count('Of a quarter: its first, second or third month.', 1, 3), default: 1 }),
    day: Type.Optional(
      Type.Union(
        [
          count('Day of the month; where that is shorter, its last.', 1, 31),
          oneOfWords(['last', ...WEEKDAY_WORDS], 'Last day of the month; or a weekday.'),
        ],
        {
          description:
            "Of a quarter's month or of a month: 1 to 31 or 'last', by default 1; of a week a weekday; of a quarter also a weekday: the first one in its month.",
        },
      ),
    ),
    at: text('timeOfDay', 'Time of the day, for example 03:00.'),
    ...around,
  },
  SCHEDULE,
);

const byCron = form({ cron: text('text', CRON, { maxLength: 200 }), ...around }, SCHEDULE, {
  [ELSEWHERE]: { every: SAID_BY_CRON, month: SAID_BY_CRON, day: SAID_BY_CRON, at: SAID_BY_CRON },
});

export type WrittenCalendar = Static<typeof byCalendar>;

/** A schedule as people write it. */
export type WrittenSchedule = WrittenCalendar | Static<typeof byCron>;

/** Two branches of a `oneOf` would tell everything that is wrong with either. */
export const writtenSchedule = Type.Unsafe<WrittenSchedule>({
  description: SCHEDULE,
  if: { type: 'object', required: ['cron'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema, and nobody awaits a schema
  then: byCron,
  else: byCalendar,
});
