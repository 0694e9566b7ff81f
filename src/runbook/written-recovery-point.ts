import { type Static, Type } from '@sinclair/typebox';

import { ELSEWHERE, form, oneOfWords, text } from './form.ts';

/** Ways to choose that need no further word. */
export const PICKS = ['random', 'latest', 'oldest', 'least-tested', 'stratified'] as const;

const choice = {
  pick: Type.Optional(oneOfWords(PICKS, 'How one of the eligible recovery points is chosen.', 'random')),
  before: Type.Optional(text('moment', "Instead of 'pick': the last one captured before this moment.")),
  after: Type.Optional(text('moment', "Instead of 'pick': the first one captured after this moment.")),
  tag: Type.Optional(text('text', "Instead of 'pick': one of those that carry this tag, at random.")),
  id: Type.Optional(text('text', "Instead of 'pick': this very one.")),
  within: Type.Optional(text('duration', "Only those captured this long before the drill's start, or later.")),
};

const WHICH = 'Which recovery point is restored.';

/** A recovery point that a log goes on from, in the words of the log's kind. */
export function recoveryPointWithLog(to: {
  readonly description: string;
  readonly backupEnd: string;
  readonly latest: string;
}) {
  return form(
    {
      ...choice,
      to: Type.Optional(
        Type.Union(
          [
            Type.Literal('backup-end', { description: to.backupEnd }),
            Type.Literal('latest', { description: to.latest }),
            text('moment', 'This moment.'),
          ],
          { description: to.description, default: 'backup-end' },
        ),
      ),
    },
    WHICH,
  );
}

/** A recovery point that is what it is: no log goes on from it. */
export const recoveryPoint = form(choice, WHICH, {
  [ELSEWHERE]: {
    to: "Leave it out: it is restored as it was saved; 'before' and 'after' choose one by its moment.",
  },
});

/** A recovery point as people write it. */
export type WrittenPoint = Static<ReturnType<typeof recoveryPointWithLog>>;
