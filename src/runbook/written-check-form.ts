import { type TProperties, Type } from '@sinclair/typebox';

import { ELSEWHERE, form, name, oneOfWords, text } from './form.ts';

const retry = form(
  {
    every: Type.Optional(text('duration', 'How long to wait before it is looked at again.', { default: '1s' })),
    within: text('duration', 'Longest time from the first look until it must pass.'),
  },
  "Looks again until it passes, or the time is up; of smoke checks alone, since what is wrong with data stays wrong. 'limits.check' ends it too.",
);

const common = {
  smoke: Type.Optional(
    text('sentence', 'Does it answer: the sentence that must be true; it names the check.', { maxLength: 100 }),
  ),
  integrity: Type.Optional(
    text('sentence', 'Is the data right: the sentence that must be true; it names the check.', { maxLength: 100 }),
  ),
  of: name("The resource it looks at, by its name under 'restore'."),
  severity: Type.Optional(
    oneOfWords(['fail', 'warn'], 'Whether the drill fails when the check does, or only tells.', 'fail'),
  ),
  retry: Type.Optional(retry),
};

interface CheckWords {
  readonly description: string;
  /** What else a schema says of it, e.g. which keys need each other. */
  readonly more?: object;
}

/** A kind of check, by what it has besides what all have. */
export function check<K extends string, P extends TProperties>(
  kind: K,
  { description, more = {} }: CheckWords,
  properties: P,
) {
  return form({ kind: Type.Literal(kind, { description }), ...common, ...properties }, description, {
    oneOf: [{ required: ['smoke'] }, { required: ['integrity'] }],
    ...more,
  });
}

/** The database of a check that looks into one. */
export const database = Type.Optional(
  text('text', "Database to look into; by default the resource's own.", { maxLength: 64 }),
);

/** For the form of a check that looks into no database. */
export const NO_DATABASE = { [ELSEWHERE]: { database: 'Leave it out: the check looks into no database.' } };
