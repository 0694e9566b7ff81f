import { type Static, Type } from '@sinclair/typebox';

import { form, name, text, writtenObjectives } from './form.ts';

const path = text('path', "A runbook, relative to this file's folder or absolute.");

export const writtenDrill = form(
  {
    drill: name("The drill's name."),
    runbook: Type.Optional(path),
    runbooks: Type.Optional(
      Type.Array(path, {
        minItems: 1,
        uniqueItems: true,
        description: 'Several runbooks, drilled one after the other.',
      }),
    ),
    objectives: Type.Optional(writtenObjectives),
  },
  'Which runbooks are drilled, and with which objectives.',
  { oneOf: [{ required: ['runbook'] }, { required: ['runbooks'] }] },
);
export type WrittenDrill = Static<typeof writtenDrill>;
