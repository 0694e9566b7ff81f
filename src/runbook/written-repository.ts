import { type Static, Type } from '@sinclair/typebox';

import { ELSEWHERE, form, text, writtenSecret } from './form.ts';

const HOW = "How 'source' is read where it is the repository of a backup tool on PATH.";

const restic = form(
  {
    password: { ...writtenSecret, description: 'Where the password of the repository is read.' },
    path: Type.Optional(
      text(
        'absolutePath',
        'Where in each snapshot the backup is, as an absolute path; by default the only path that the snapshot has.',
      ),
    ),
    tags: Type.Optional(
      Type.Array(text('text', 'A tag.', { maxLength: 200 }), {
        uniqueItems: true,
        description: 'Only snapshots that carry every one of these tags.',
      }),
    ),
    host: Type.Optional(text('text', 'Only snapshots of this host.', { maxLength: 255 })),
  },
  'A repository of restic: each snapshot is a recovery point.',
);

const pgbackrest = form(
  {
    stanza: text('stanza', 'The stanza whose backups are restored.', { maxLength: 100 }),
    passphrase: Type.Optional({ ...writtenSecret, description: 'Where the passphrase of the repository is read.' }),
  },
  'A repository of pgBackRest: backups of a stanza, with their WAL.',
);

const ONE = { minProperties: 1, maxProperties: 1 };

/** The repository of a resource whose backups only restic keeps. */
export const resticRepository = form({ restic: Type.Optional(restic) }, HOW, {
  ...ONE,
  [ELSEWHERE]: { pgbackrest: "Leave it out: pgBackRest keeps the base backups of resources of kind 'postgres'." },
});

/** The repository of a resource of kind `postgres`. */
export const postgresRepository = form(
  { restic: Type.Optional(restic), pgbackrest: Type.Optional(pgbackrest) },
  HOW,
  ONE,
);

/** A repository as people write it: one of its keys. */
export type WrittenRepository = Static<typeof postgresRepository>;
