import { type Static, Type } from '@sinclair/typebox';

import { ELSEWHERE, count, form, name, oneOfWords, text, writtenSecret } from './form.ts';

/** Ways to choose that need no further word. */
export const PICKS = ['random', 'latest', 'oldest', 'least-tested', 'stratified'] as const;

function recoveryPoint(to: { readonly description: string; readonly backupEnd: string; readonly latest: string }) {
  return form(
    {
      pick: Type.Optional(oneOfWords(PICKS, 'How one of the eligible recovery points is chosen.', 'random')),
      before: Type.Optional(text('moment', "Instead of 'pick': the last one captured before this moment.")),
      after: Type.Optional(text('moment', "Instead of 'pick': the first one captured after this moment.")),
      tag: Type.Optional(text('text', "Instead of 'pick': one of those that carry this tag, at random.")),
      id: Type.Optional(text('text', "Instead of 'pick': this very one.")),
      within: Type.Optional(text('duration', "Only those captured this long before the drill's start, or later.")),
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
    'Which recovery point is restored.',
  );
}

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

const needs = Type.Optional(
  Type.Array(name('A resource.'), { uniqueItems: true, description: 'Resources that must be restored before it.' }),
);

const DATABASE = 'Database that checks look into unless they name another.';
const OF_RDS = "That is said of a resource of kind 'rds': leave it out.";

const postgres = form(
  {
    kind: Type.Literal('postgres', { description: 'A PostgreSQL cluster from its base backups.' }),
    source: text('path', "Folder of the backups, relative to this file's folder or absolute; only read."),
    wal: Type.Optional(text('path', "Folder of the WAL archive; by default 'wal' of the source.")),
    needs,
    recoveryPoint: Type.Optional(
      recoveryPoint({
        description: 'How far WAL is replayed.',
        backupEnd: "The backup's own end.",
        latest: 'The last moment that the WAL archive holds.',
      }),
    ),
    database: Type.Optional(text('text', DATABASE, { maxLength: 63, default: 'postgres' })),
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
  { [ELSEWHERE]: { sourceAccount: OF_RDS, instanceClass: OF_RDS, parameterGroup: OF_RDS } },
);

const rds = form(
  {
    kind: Type.Literal('rds', { description: 'An RDS instance from its snapshots or to a point in time.' }),
    source: text('rdsSource', 'Identifier, resource id (db-…) or ARN of the instance, or tag:KEY=VALUE; only read.'),
    sourceAccount: Type.Optional(
      text('account', "Account that shares its snapshots, when they are not the sandbox account's own: 12 digits."),
    ),
    instanceClass: Type.Optional(
      text('instanceClass', "Class of the restored instance, by default the source's; another makes another RTO."),
    ),
    parameterGroup: Type.Optional(
      text('parameterGroup', "Parameter group in the sandbox account, by default the engine's own.", {
        maxLength: 255,
      }),
    ),
    needs,
    recoveryPoint: Type.Optional(
      recoveryPoint({
        description: 'The moment that is restored.',
        backupEnd: 'That of the snapshot.',
        latest: 'The latest that RDS can restore.',
      }),
    ),
    // No default: whether the engine is PostgreSQL or MySQL is not known before AWS is asked.
    database: text('text', DATABASE, { maxLength: 63 }),
  },
  'An RDS instance and where its snapshots are.',
  {
    [ELSEWHERE]: {
      wal: "Leave it out: RDS keeps the log itself, and 'recoveryPoint.to' says which moment is restored.",
      superuser: "Leave it out: the instance's own master user looks at the data, with a password that RDS makes.",
      preload: "Leave it out: on RDS libraries are set in a parameter group, which 'parameterGroup' names.",
      live: 'Leave it out: no manifest is recorded from an RDS instance.',
    },
  },
);

/** A resource as people write it. */
export type WrittenPostgres = Static<typeof postgres>;
export type WrittenRds = Static<typeof rds>;
export type WrittenRestore = WrittenPostgres | WrittenRds;

export const writtenRestore = Type.Unsafe<WrittenRestore>({
  type: 'object',
  discriminator: { propertyName: 'kind' },
  oneOf: [postgres, rds],
  description: 'What is restored, and where its recovery points are.',
});
