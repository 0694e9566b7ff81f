import { type Static, type TProperties, Type } from '@sinclair/typebox';

import { LONGEST_TEXT, count, form, name, named, number, oneOfWords, text, writtenSecret } from './form.ts';

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
  database: Type.Optional(text('text', "Database to look into; by default the resource's own.", { maxLength: 63 })),
};

function check<K extends string, P extends TProperties>(
  kind: K,
  description: string,
  properties: P,
  more: object = {},
) {
  return form({ kind: Type.Literal(kind, { description }), ...common, ...properties }, description, {
    oneOf: [{ required: ['smoke'] }, { required: ['integrity'] }],
    ...more,
  });
}

const login = check(
  'login',
  'The restored server accepts a login.',
  {
    user: Type.Optional(
      text('text', "Who logs in; by default drillbook's own superuser, on AWS always the master user.", {
        maxLength: 63,
      }),
    ),
    password: Type.Optional(writtenSecret),
  },
  { dependencies: { password: ['user'] } },
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

const sql = check('sql', 'A query gives what it must.', {
  query: text('text', 'One SELECT.'),
  over: Type.Optional(
    text('text', 'Table, or query in parentheses, whose rows are looked at: needed where zero or nothing is accepted.'),
  ),
  expect: expectation,
  reveal: Type.Optional(
    Type.Boolean({
      description: 'Show a text result in the report; by default only whether it matched.',
      default: false,
    }),
  ),
});

const rowCounts = check('row-counts', 'Tables hold as many rows as they must, by a sequential scan.', {
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
});

const structure = check('structure', 'Every valid B-tree index and every heap is sound, and no index is invalid.', {
  heapAllIndexed: Type.Optional(
    Type.Boolean({ description: 'Also that every row is in its indexes (slower).', default: false }),
  ),
});

const manifest = check('manifest', 'Counts, content hashes and schema are those recorded from the living source.', {
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
});

const freshness = check('freshness', 'The newest business timestamp is recent enough.', {
  query: text('text', 'Gives one timestamp.'),
  within: text('duration', "How far it may lie before the recovery point's own moment."),
});

const kinds = [login, sql, rowCounts, structure, manifest, freshness] as const;

/** A check as people write it. */
export type WrittenCheck = Static<(typeof kinds)[number]>;

export const writtenCheck = Type.Unsafe<WrittenCheck>({
  type: 'object',
  discriminator: { propertyName: 'kind' },
  oneOf: kinds,
  description: 'Something that must be true of a restored resource: a smoke check or an integrity check.',
});
