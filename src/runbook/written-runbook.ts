import { type Static, Type } from '@sinclair/typebox';

import { DEFAULTS } from './defaults.ts';
import { count, form, name, named, text, writtenObjectives } from './form.ts';
import { writtenCheck } from './written-checks.ts';
import { writtenCutover } from './written-cutover.ts';
import { writtenNotify } from './written-notify.ts';
import { writtenPublish } from './written-publish.ts';
import { writtenRestore } from './written-restore.ts';
import { writtenSandbox } from './written-sandbox.ts';

/** An editor may put in what a schema calls a default, so that one that depends on the provider stands in words. */
function byDefault(key: keyof (typeof DEFAULTS)['local']): string {
  return `by default ${DEFAULTS.local[key]}, on AWS ${DEFAULTS.aws[key]}.`;
}

const limits = form(
  {
    concurrency: Type.Optional(count(`Restores and checks under way at once; ${byDefault('concurrency')}`, 1, 64)),
    drill: Type.Optional(
      text('duration', `Longest time for the whole drill without its teardown; ${byDefault('drill')}`),
    ),
    restore: Type.Optional(text('duration', `Longest time for one restore; ${byDefault('restore')}`)),
    check: Type.Optional(text('duration', `Longest time for one check; ${byDefault('check')}`)),
    teardown: Type.Optional(text('duration', `Longest time for the teardown; ${byDefault('teardown')}`)),
  },
  "Deadlines; 'drill' and 'teardown' together must fit before the sandbox expires.",
);

const group = form(
  {
    group: text('text', 'What belongs together, in words; it names the group.', { maxLength: 100 }),
    of: Type.Array(name("A resource, by its name under 'restore'."), {
      minItems: 2,
      uniqueItems: true,
      description: 'The resources: the first is drawn, and the others are chosen by its moment.',
    }),
    maxSkew: text('duration', 'Longest time that may lie between the moments of what is restored.'),
  },
  'Resources that belong to one moment, such as a database and the files that it names.',
);

const optional = {
  owner: Type.Optional(text('text', 'Who answers for this recovery.', { maxLength: 100 })),
  tags: Type.Optional(Type.Array(name('A word.'), { uniqueItems: true, description: 'Words to find the runbook by.' })),
  tier: Type.Optional(name("How much hangs on it, in the team's own word, for example tier-1.")),
  objectives: Type.Optional(writtenObjectives),
  sandbox: Type.Optional(writtenSandbox),
  disasterAt: Type.Optional(
    text(
      'moment',
      'The event that the RPO is measured against; by default the worst moment for the drawn recovery point.',
    ),
  ),
  limits: Type.Optional(limits),
  groups: Type.Optional(
    Type.Array(group, {
      minItems: 1,
      description: 'Resources that belong to one moment: their recovery points are chosen together.',
    }),
  ),
  cutover: Type.Optional(writtenCutover),
  publish: Type.Optional(writtenPublish),
  notify: Type.Optional(writtenNotify),
};

/** Everything but names, resources and checks: can be judged on its own. */
export const writtenSettings = form(optional, 'Settings of a runbook.');
export type WrittenSettings = Static<typeof writtenSettings>;

export const writtenRunbook = form(
  {
    runbook: name("The runbook's name."),
    ...optional,
    restore: named(name("The resource's name."), writtenRestore, 'What is restored, each under a name.'),
    checks: Type.Array(writtenCheck, {
      minItems: 1,
      description: 'What must be true of the restored data; every resource needs an integrity check.',
    }),
  },
  'How a service is recovered, and how a drill proves it.',
);
export type WrittenRunbook = Static<typeof writtenRunbook>;
