import { type Static, type TProperties, Type } from '@sinclair/typebox';

import { ELSEWHERE, count, form, name, text, writtenSecret } from './form.ts';
import { recoveryPoint, recoveryPointWithLog } from './written-recovery-point.ts';
import { postgresRepository, resticRepository } from './written-repository.ts';

/** What is said of the database of every kind that has one to choose. */
export const DATABASE = 'Database that checks look into unless they name another.';

/** Resources that come first; of every kind. */
export const needs = Type.Optional(
  Type.Array(name('A resource.'), { uniqueItems: true, description: 'Resources that must be restored before it.' }),
);

/** The ports that living sources listen on where nothing else is written. */
export const LIVE_PORTS = { postgres: 5432, 'postgres-dump': 5432, mysql: 3306 } as const;

function liveServer(kind: keyof typeof LIVE_PORTS) {
  return form(
    {
      host: text('text', `Host name, or the ${kind === 'mysql' ? 'path' : 'folder'} of its socket.`),
      port: Type.Optional({ ...count('Port.', 1, 65_535), default: LIVE_PORTS[kind] }),
      database: Type.Optional(text('text', "Database; by default the resource's own.", { maxLength: 63 })),
      user: text('text', 'Who logs in; reading is enough.', { maxLength: 63 }),
      password: Type.Optional(writtenSecret),
    },
    "The living source, for 'drillbook manifest' alone: read-only, and never touched by a drill.",
  );
}

function livePath(what: string) {
  return text(
    'path',
    `The living ${what}, for 'drillbook manifest' alone: only read, and never touched by a drill. Relative to this file's folder or absolute.`,
  );
}

const OF_KIND: Readonly<Record<string, string>> = {
  wal: 'postgres',
  superuser: 'postgres',
  preload: 'postgres',
  jobs: 'postgres-dump',
  major: 'postgres-dump',
  sourceAccount: 'rds',
  instanceClass: 'rds',
  parameterGroup: 'rds',
};

/** What to do about keys that only another kind has, for the form of one that has these. */
export function keysOfOtherKinds(own: object, more: Readonly<Record<string, string>> = {}) {
  const others = Object.entries(OF_KIND).filter(([key]) => !(key in own));
  const hints = others.map(([key, kind]): [string, string] => [
    key,
    `That is said of a resource of kind '${kind}': leave it out.`,
  ]);
  return { [ELSEWHERE]: { ...Object.fromEntries(hints), ...more } };
}

interface KindWords {
  /** What it is, for the kind. */
  readonly kind: string;
  readonly source: string;
  /** What to do about keys that this kind does not have. */
  readonly without?: Readonly<Record<string, string>>;
}

function resource<K extends string, P extends TProperties>(kind: K, words: KindWords, properties: P) {
  const all = {
    kind: Type.Literal(kind, { description: words.kind }),
    source: text('path', `${words.source}, relative to this file's folder or absolute; only read.`),
    needs,
    ...properties,
  };
  return form(all, words.kind, keysOfOtherKinds(all, words.without));
}

const postgres = resource(
  'postgres',
  { kind: 'A PostgreSQL cluster from its base backups.', source: 'Folder of the backups' },
  {
    wal: Type.Optional(text('path', "Folder of the WAL archive; by default 'wal' of the source.")),
    repository: Type.Optional(postgresRepository),
    recoveryPoint: Type.Optional(
      recoveryPointWithLog({
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
    live: Type.Optional(liveServer('postgres')),
  },
);

const postgresDump = resource(
  'postgres-dump',
  {
    kind: 'PostgreSQL databases from dumps: plain, custom, directory or tar.',
    source: 'Folder of the dumps',
    without: {
      superuser: "Leave it out: the server is made for the dump, with a superuser that is drillbook's own.",
      preload: 'Leave it out: the server is made for the dump, and loads no library.',
    },
  },
  {
    repository: Type.Optional(resticRepository),
    recoveryPoint: Type.Optional(recoveryPoint),
    database: Type.Optional(
      text('text', `${DATABASE} A dump that names no database is loaded into it.`, {
        maxLength: 63,
        default: 'postgres',
      }),
    ),
    jobs: Type.Optional({
      ...count(
        'How much is loaded at once: rows of tables, out of a custom archive or a directory, and indexes and foreign keys.',
        1,
        64,
      ),
      default: 1,
    }),
    major: Type.Optional(
      count(
        'Major of the server that is made for it; by default the one that the dump comes from, or the next there is.',
        10,
        99,
      ),
    ),
    live: Type.Optional(liveServer('postgres-dump')),
  },
);

const mysql = resource(
  'mysql',
  {
    kind: 'A MariaDB or MySQL server from dumps, or from folders of mariadb-backup.',
    source: 'Folder of the dumps or backups',
  },
  {
    repository: Type.Optional(resticRepository),
    recoveryPoint: Type.Optional(recoveryPoint),
    // No default: a server has no database of its own that holds data.
    database: text('text', `${DATABASE} A dump that names no database is loaded into it.`, { maxLength: 64 }),
    live: Type.Optional(liveServer('mysql')),
  },
);

const sqlite = resource(
  'sqlite',
  {
    kind: "A SQLite database from copies of its file, with the '-wal' or '-journal' beside each.",
    source: 'Folder of the copies, or one of them',
    without: { database: "Leave it out: the database of a SQLite file is always 'main'." },
  },
  {
    repository: Type.Optional(resticRepository),
    recoveryPoint: Type.Optional(recoveryPoint),
    live: Type.Optional(livePath('database file')),
  },
);

const files = resource(
  'files',
  {
    kind: 'A tree of files: each folder or archive (tar, tar.gz, zip) in the source is a recovery point.',
    source: 'Folder of the folders or archives',
    without: { database: "Leave it out: files are looked at by checks of kind 'files'." },
  },
  {
    repository: Type.Optional(resticRepository),
    recoveryPoint: Type.Optional(recoveryPoint),
    live: Type.Optional(livePath('folder')),
  },
);

/** What is restored on this machine. */
export const localRestores = [postgres, postgresDump, mysql, sqlite, files] as const;

/** A resource of this machine as people write it. */
export type WrittenLocal = Static<(typeof localRestores)[number]>;
export type WrittenLive = Static<ReturnType<typeof liveServer>>;
