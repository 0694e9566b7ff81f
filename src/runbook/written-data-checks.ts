import { Type } from '@sinclair/typebox';

import type { AcceptedFault } from './check-spec.ts';
import { LONGEST_TEXT, count, form, named, number, oneOfWords, text, writtenSecret } from './form.ts';
import { check, database } from './written-check-form.ts';

const login = check(
  'login',
  { description: 'The restored server accepts a login.', more: { dependencies: { password: ['user'] } } },
  {
    database,
    user: Type.Optional(
      text('text', "Who logs in; by default drillbook's own superuser, on AWS always the master user.", {
        maxLength: 63,
      }),
    ),
    password: Type.Optional(writtenSecret),
  },
);

const expectation = Type.Object(
  {
    equals: Type.Optional(
      Type.Union(
        [
          number('A number.'),
          Type.String({ maxLength: LONGEST_TEXT, description: 'A text.' }),
          Type.Boolean({ description: 'A truth value.' }),
        ],
        {
          description: 'The first column of the first row is this.',
        },
      ),
    ),
    atLeast: Type.Optional(number('It is this or more.')),
    atMost: Type.Optional(number('It is this or less.')),
    between: Type.Optional(
      Type.Unsafe<[number, number]>({
        type: 'array',
        items: number('Lowest, then highest.'),
        minItems: 2,
        maxItems: 2,
        description: 'It is one of these or lies between them: lowest, then highest.',
      }),
    ),
    matches: Type.Optional(
      Type.String({ maxLength: 1000, description: 'It matches this regular expression (JavaScript).' }),
    ),
    empty: Type.Optional(Type.Literal(true, { description: 'The query gives no row.' })),
  },
  { additionalProperties: false, minProperties: 1, maxProperties: 1, description: 'What the query must give.' },
);

const sql = check(
  'sql',
  { description: 'A query gives what it must.' },
  {
    database,
    query: text('text', 'One SELECT.'),
    over: Type.Optional(
      text(
        'text',
        'Table, or query in parentheses, whose rows are looked at: needed where zero or nothing is accepted.',
      ),
    ),
    expect: expectation,
    reveal: Type.Optional(
      Type.Boolean({
        description: 'Show a text result in the report; by default only whether it matched.',
        default: false,
      }),
    ),
  },
);

const rowCounts = check(
  'row-counts',
  { description: 'Tables hold as many rows as they must, by a sequential scan.' },
  {
    database,
    tables: named(
      text('text', 'Table, with its schema where needed.', { maxLength: 200 }),
      Type.Union(
        [
          count('Exactly so many rows.'),
          form(
            {
              atLeast: Type.Optional(count('So many rows or more.')),
              atMost: Type.Optional(count('So many rows or fewer.')),
            },
            'Bounds; a table with only an upper one must still hold a row.',
            { minProperties: 1 },
          ),
        ],
        { description: 'How many rows: a number, or bounds.' },
      ),
      'Tables and how many rows each must hold.',
    ),
  },
);

const ACCEPTED = [
  'unvalidated-constraints',
  'disabled-triggers',
  'sequences-behind',
  'collation-versions',
  'missing-extensions',
] as const satisfies readonly AcceptedFault[];

const structure = check(
  'structure',
  {
    description:
      'Every index and every table is sound, and the catalog promises nothing that does not hold: constraints, triggers, sequences, collations, extensions.',
  },
  {
    database,
    heapAllIndexed: Type.Optional(
      Type.Boolean({ description: 'Also that every row is in its indexes (slower); of PostgreSQL.', default: false }),
    ),
    accept: Type.Optional(
      Type.Array(oneOfWords(ACCEPTED, 'A fault.'), {
        minItems: 1,
        uniqueItems: true,
        description: 'Faults that the living source has too, by intention: no fault of a backup; of PostgreSQL.',
      }),
    ),
  },
);

const foreignKeys = check(
  'foreign-keys',
  { description: 'No row refers to a row that is not there, by every foreign key of the database.' },
  { database },
);

const manifest = check(
  'manifest',
  {
    description:
      'Counts, content hashes and schema, or names, sizes and hashes of files, are those recorded from the living source.',
  },
  {
    database,
    file: Type.Optional(
      text(
        'path',
        "The manifest, below this file's folder or the source; '{recoveryPoint}' stands for the drawn id. By default manifests/{recoveryPoint}.json of a folder of database backups, else manifests/RESOURCE/{recoveryPoint}.json beside this file (on AWS without RESOURCE).",
      ),
    ),
    bounded: Type.Optional(
      Type.Array(
        form(
          {
            table: text('text', 'The table, with its schema if that is not public.', { maxLength: 200 }),
            where: text('text', "The rows that no longer change, e.g. placed_at < '2026-01-01'."),
          },
          'A part of a table that no longer changes.',
        ),
        {
          minItems: 1,
          description:
            'Parts of tables that no longer change: the manifest records them, and they hold for every later restore.',
        },
      ),
    ),
  },
);

const freshness = check(
  'freshness',
  { description: 'The newest business timestamp is recent enough.' },
  {
    database,
    query: text('text', 'Gives one timestamp.'),
    within: text('duration', "How far it may lie before the recovery point's own moment."),
  },
);

/** Checks of what a database, or a tree of files with a manifest, holds. */
export const dataChecks = [login, sql, rowCounts, structure, foreignKeys, manifest, freshness] as const;
