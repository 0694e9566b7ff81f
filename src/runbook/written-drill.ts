import { type Static, Type } from '@sinclair/typebox';

import { count, form, name, oneOfWords, text, writtenObjectives } from './form.ts';
import { writtenNotify } from './written-notify.ts';
import { PICKS } from './written-recovery-point.ts';
import { writtenSchedule } from './written-schedule.ts';

const path = text('path', "A runbook, relative to this file's folder or absolute.");

const writtenOverride = form(
  {
    pick: Type.Optional(oneOfWords(PICKS, 'How one of the eligible recovery points is chosen.')),
    within: Type.Optional(text('duration', "Only those captured this long before the drill's start, or later.")),
  },
  'Which recovery points are restored, in place of what the runbooks say of each resource.',
);

export const writtenDrill = form(
  {
    drill: name("The drill's name."),
    runbook: Type.Optional(path),
    runbooks: Type.Optional(
      Type.Array(path, {
        minItems: 1,
        uniqueItems: true,
        description: "Several runbooks, as many at once as 'concurrency' says.",
      }),
    ),
    tagged: Type.Optional(
      Type.Array(name('A tag.'), {
        minItems: 1,
        uniqueItems: true,
        description: "All runbooks that carry every one of these tags, of the folder 'runbooks' beside this file's.",
      }),
    ),
    objectives: Type.Optional(writtenObjectives),
    recoveryPoint: Type.Optional(writtenOverride),
    concurrency: Type.Optional({ ...count('Runbooks under way at once.', 1, 16), default: 1 }),
    schedule: Type.Optional(writtenSchedule),
    notify: Type.Optional(writtenNotify),
  },
  'Which runbooks are drilled, when, with which objectives, and who is told.',
  { oneOf: [{ required: ['runbook'] }, { required: ['runbooks'] }, { required: ['tagged'] }] },
);
export type WrittenDrill = Static<typeof writtenDrill>;
