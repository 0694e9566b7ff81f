import { type Static, Type } from '@sinclair/typebox';

import { count, form, name, named, oneOfWords, text, writtenObjectives, writtenSecret } from './form.ts';
import { writtenCheck } from './written-checks.ts';
import { writtenPublish } from './written-publish.ts';

const sandbox = form(
  {
    provider: Type.Optional(oneOfWords(['local'], 'Where sandboxes are made: on this machine.', 'local')),
    expiresAfter: Type.Optional(
      text('duration', "Counted from the drill's start; after it anyone may remove what the drill made.", {
        default: '2h',
      }),
    ),
    isolation: Type.Optional(
      form(
        {
          minimum: Type.Optional(
            oneOfWords(
              ['L0', 'L1', 'L2'],
              'L0: own folder and settings. L1: no network either. L2: its own root too, so that no socket of the machine is seen.',
              'L2',
            ),
          ),
        },
        'How well a sandbox must be sealed off; less makes the drill inconclusive.',
      ),
    ),
  },
  'The isolated place of one drill.',
);

const limits = form(
  {
    concurrency: Type.Optional({ ...count('Restores and checks under way at once.', 1, 64), default: 2 }),
    drill: Type.Optional(text('duration', 'Longest time for the whole drill without its teardown.', { default: '1h' })),
    restore: Type.Optional(text('duration', 'Longest time for one restore.', { default: '30m' })),
    check: Type.Optional(text('duration', 'Longest time for one check.', { default: '10m' })),
    teardown: Type.Optional(text('duration', 'Longest time for the teardown.', { default: '10m' })),
  },
  "Deadlines; 'drill' and 'teardown' together must fit before the sandbox expires.",
);

const recoveryPoint = form(
  {
    pick: Type.Optional(
      oneOfWords(
        ['random', 'latest', 'oldest', 'least-tested'],
        'How one of the eligible recovery points is chosen.',
        'random',
      ),
    ),
    before: Type.Optional(text('moment', "Instead of 'pick': the last one captured before this moment.")),
    after: Type.Optional(text('moment', "Instead of 'pick': the first one captured after this moment.")),
    tag: Type.Optional(text('text', "Instead of 'pick': one of those that carry this tag, at random.")),
    id: Type.Optional(text('text', "Instead of 'pick': this very one.")),
    within: Type.Optional(text('duration', "Only those captured this long before the drill's start, or later.")),
    to: Type.Optional(
      Type.Union(
        [
          Type.Literal('backup-end', { description: "The backup's own end." }),
          Type.Literal('latest', { description: 'The last moment that the WAL archive holds.' }),
          text('moment', 'This moment.'),
        ],
        { description: 'How far WAL is replayed.', default: 'backup-end' },
      ),
    ),
  },
  'Which recovery point is restored.',
);

const live = form(
  {
    host: text('text', 'Host name, or the folder of its socket.'),
    port: Type.Optional({ ...count('Port.', 1, 65_535), default: 5432 }),
    database: Type.Optional(text('text', "Database; by default the resource's own.", { maxLength: 63 })),
    user: text('text', 'Who logs in; reading is enough.', { maxLength: 63 }),
    password: Type.Optional(writtenSecret),
  },
  "The living source, for 'drillbook manifest' alone: read-only, and never touched by a drill.",
);

const postgres = form(
  {
    kind: Type.Literal('postgres', { description: 'A PostgreSQL cluster from its base backups.' }),
    source: text('path', "Folder of the backups, relative to this file's folder or absolute; only read."),
    wal: Type.Optional(text('path', "Folder of the WAL archive; by default 'wal' of the source.")),
    needs: Type.Optional(
      Type.Array(name('A resource.'), { uniqueItems: true, description: 'Resources that must be restored before it.' }),
    ),
    recoveryPoint: Type.Optional(recoveryPoint),
    database: Type.Optional(
      text('text', 'Database that checks look into unless they name another.', { maxLength: 63, default: 'postgres' }),
    ),
    superuser: Type.Optional(
      text('text', 'A superuser of the restored cluster.', { maxLength: 63, default: 'postgres' }),
    ),
    preload: Type.Optional(
      Type.Array(text('library', 'A library.'), {
        uniqueItems: true,
        description: 'Libraries of shared_preload_libraries without which the data cannot be read; no other is loaded.',
      }),
    ),
    live: Type.Optional(live),
  },
  'A PostgreSQL cluster and where its backups are.',
);

/** What is restored, as people write it. */
export const writtenRestore = postgres;
export type WrittenRestore = Static<typeof writtenRestore>;

const optional = {
  owner: Type.Optional(text('text', 'Who answers for this recovery.', { maxLength: 100 })),
  tags: Type.Optional(Type.Array(name('A word.'), { uniqueItems: true, description: 'Words to find the runbook by.' })),
  objectives: Type.Optional(writtenObjectives),
  sandbox: Type.Optional(sandbox),
  disasterAt: Type.Optional(
    text(
      'moment',
      'The event that the RPO is measured against; by default the worst moment for the drawn recovery point.',
    ),
  ),
  limits: Type.Optional(limits),
  publish: Type.Optional(writtenPublish),
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
