import { expect, test } from 'vitest';
import type { Schedule } from '../../src/runbook/drill.ts';
import {
  type DrillFacts,
  type Facts,
  type OpenFire,
  type Turn,
  decide,
  quietUntil,
} from '../../src/schedule/decide.ts';
import type { Begun, Fire } from '../../src/schedule/ledger.ts';
import { scheduleOf } from './schedules.ts';
import { timetable } from './simulated-years.ts';

/** At three each day. */
const daily = (more: Partial<Schedule> = {}) => scheduleOf({ kind: 'day', at: 180 }, 'UTC', more);
const at = (day: number, time: string) => `2026-11-${day}T${time}:00.000Z`;
const due = (day: number) => at(day, '03:00');
/** Open on working days from two to four; the 20th is a Friday. */
const nights = [{ days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'] as const, from: 120, until: 240 }];

function open(day: number, more: Partial<OpenFire> = {}): OpenFire {
  return { due: due(day), isLateTold: false, isTaken: false, ...more };
}

function drill(open: readonly OpenFire[], more: Partial<DrillFacts> = {}): DrillFacts {
  const dues = open.map((one) => one.due);
  return { name: 'shop', schedule: daily(), runbooks: ['orders'], open, dues, ...more };
}

function facts(now: string, drills: readonly DrillFacts[], turns: Readonly<Record<string, Turn>> = {}): Facts {
  return { now, drills, turns: new Map(Object.entries(turns)) };
}

const begun: Begun = { startedAt: due(20), plannedAt: due(20), runbooks: ['orders'] };
const shop = (day: number): Fire => ({ drill: 'shop', due: due(day) });
const begin = (day: number, plannedAt = due(day)) => ({
  do: 'begin',
  fire: shop(day),
  plannedAt,
  runbooks: ['orders'],
});
const late = (day: number) => ({ do: 'tell-late', fire: shop(day), plannedAt: due(day) });
const dueAgain = (day: number, again: number) => ({
  due: due(day),
  because: `it was due again at ${due(again)} before it had begun`,
});
const elsewhere: Fire = { drill: 'books', due: due(19) };
const schedule = (more: Partial<Schedule>) => ({ schedule: daily(more) });
const { schedule: _, ...unscheduled } = drill([open(20)]);

test.each<[string, Facts, readonly unknown[]]>([
  ['begins what is due', facts(at(20, '03:00'), [drill([open(20)])]), [begin(20)]],
  ['does nothing where nothing is open', facts(at(20, '03:00'), [drill([])]), []],
  [
    'begins only the newest of those that were not begun, and says why the others are missed',
    facts(at(22, '03:01'), [drill([open(20), open(21), open(22)])]),
    [{ do: 'miss', drill: 'shop', fires: [dueAgain(20, 22), dueAgain(21, 22)] }, begin(22)],
  ],
  [
    'misses one that was not begun when the newer one has ended already',
    facts(at(21, '09:00'), [drill([open(20)], { dues: [due(20), due(21)] })]),
    [{ do: 'miss', drill: 'shop', fires: [dueAgain(20, 21)] }],
  ],
  [
    'resumes what was begun, also when its drill is due again',
    facts(at(21, '03:00'), [drill([open(20, { begun }), open(21)])], {
      orders: { fire: shop(20), isAbandoned: false },
    }),
    [{ do: 'resume', fire: shop(20), begun }],
  ],
  [
    'resumes what was begun while its window is closed',
    facts(at(20, '13:00'), [drill([open(20, { begun })], schedule({ windows: nights }))]),
    [{ do: 'resume', fire: shop(20), begun }],
  ],
  ['leaves alone what somebody is at', facts(at(20, '09:00'), [drill([open(20, { isTaken: true, begun })])]), []],
  ['leaves alone what somebody is about to begin', facts(at(20, '09:00'), [drill([open(20, { isTaken: true })])]), []],
  [
    'waits for the window that opens first',
    facts(at(21, '03:00'), [
      drill([open(21)], {
        schedule: scheduleOf({ kind: 'week', weekday: 'saturday', at: 180 }, 'UTC', { windows: nights }),
      }),
    ]),
    [],
  ],
  [
    'does not begin in a window that has closed since, and says that it is late',
    facts(at(20, '04:00'), [drill([open(20)], schedule({ windows: nights }))]),
    [late(20)],
  ],
  [
    'does not begin in a blackout that came since, and says that it is late',
    facts(at(20, '04:00'), [
      drill([open(20)], schedule({ blackouts: [{ from: at(20, '03:30'), until: at(20, '05:00') }] })),
    ]),
    [late(20)],
  ],
  [
    'misses what a blackout leaves no moment for, and keeps to the reason',
    facts(at(20, '03:00'), [
      drill([open(20)], schedule({ blackouts: [{ from: at(20, '00:00'), until: at(22, '00:00'), because: 'sale' }] })),
    ]),
    [
      {
        do: 'miss',
        drill: 'shop',
        fires: [
          {
            due: due(20),
            because: `no moment between ${due(20)} and ${due(21)}, when it is due again, lies outside the blackouts ('sale')`,
          },
        ],
      },
    ],
  ],
  [
    'is not made to miss one by a newer one that has no moment to begin at',
    facts(at(21, '09:00'), [
      drill(
        [open(20), open(21)],
        schedule({
          blackouts: [
            { from: at(21, '02:00'), until: at(21, '08:00') },
            { from: at(21, '08:00'), until: at(22, '08:00') },
          ],
        }),
      ),
    ]),
    [
      {
        do: 'miss',
        drill: 'shop',
        fires: [{ due: due(21), because: expect.stringContaining('no moment between') as string }],
      },
      late(20),
    ],
  ],
  [
    'waits while a runbook is the turn of another fire',
    facts(at(20, '03:05'), [drill([open(20)])], { orders: { fire: elsewhere, isAbandoned: false } }),
    [],
  ],
  [
    'says of one that waits that it is late once that is more than five minutes',
    facts(at(20, '03:06'), [drill([open(20)])], { orders: { fire: elsewhere, isAbandoned: false } }),
    [late(20)],
  ],
  [
    'says so once',
    facts(at(20, '03:06'), [drill([open(20, { isLateTold: true })])], {
      orders: { fire: elsewhere, isAbandoned: false },
    }),
    [],
  ],
  [
    'begins when the turn is its own, because it was taken before who took it died',
    facts(at(20, '03:01'), [drill([open(20)])], { orders: { fire: shop(20), isAbandoned: false } }),
    [begin(20)],
  ],
  [
    'begins when nobody will ever end the fire whose turn it is',
    facts(at(20, '03:00'), [drill([open(20)])], { orders: { fire: elsewhere, isAbandoned: true } }),
    [begin(20)],
  ],
  [
    'misses what is open of a drill that has no schedule any more',
    facts(at(20, '09:00'), [unscheduled]),
    [{ do: 'miss', drill: 'shop', fires: [{ due: due(20), because: 'its drill has no schedule any more' }] }],
  ],
  [
    'resumes what was begun of a drill that has no schedule any more',
    facts(at(20, '09:00'), [{ ...unscheduled, open: [open(20, { begun })] }]),
    [{ do: 'resume', fire: shop(20), begun }],
  ],
])('a schedule %s', (_title, given, decisions) => {
  expect(decide(given, timetable)).toEqual(decisions);
});

test('of two drills of one runbook that which was to begin first begins', () => {
  const earlier = drill([{ ...open(20), due: at(20, '02:59') }], {
    name: 'zebra',
    schedule: scheduleOf({ kind: 'day', at: 179 }),
  });
  const decisions = decide(facts(at(20, '03:00'), [drill([open(20)]), earlier]), timetable);
  expect(decisions).toMatchObject([{ do: 'begin', fire: { drill: 'zebra' } }]);
});

test('a drill that waits for one of its runbooks is not overtaken at the others', () => {
  const many = drill([open(20)], { name: 'all', runbooks: ['orders', 'books'] });
  const one = drill([open(20)], { name: 'one', runbooks: ['books'] });
  const turns = { orders: { fire: elsewhere, isAbandoned: false } };
  expect(decide(facts(at(20, '03:01'), [one, many], turns), timetable)).toEqual([]);
  expect(decide(facts(at(20, '03:01'), [one, many]), timetable)).toMatchObject([
    { do: 'begin', fire: { drill: 'all' } },
  ]);
});

test.each<[string, Facts, string | undefined]>([
  ['for ever where nothing is open', facts(at(20, '03:00'), [drill([])]), undefined],
  ['not at all where something can begin', facts(at(20, '03:00'), [drill([open(20)])]), at(20, '03:00')],
  [
    'not at all where something is to be resumed',
    facts(at(20, '09:00'), [drill([open(20, { begun })])]),
    at(20, '09:00'),
  ],
  [
    'until a window opens',
    facts(at(20, '04:00'), [drill([open(20)], schedule({ windows: nights }))]),
    // A Monday.
    at(23, '02:00'),
  ],
  [
    'until the first of several can begin',
    facts(at(20, '03:00'), [
      drill([open(20)], schedule({ blackouts: [{ from: at(20, '02:00'), until: at(20, '08:00') }] })),
      drill([open(20)], { name: 'b', ...schedule({ blackouts: [{ from: at(20, '02:00'), until: at(20, '07:00') }] }) }),
    ]),
    at(20, '07:00'),
  ],
])('there is quiet %s', (_title, given, until) => {
  expect(quietUntil(given, timetable)).toBe(until);
});
