import { Type } from '@sinclair/typebox';

import { count, name, text } from './form.ts';
import { NO_DATABASE, check, database } from './written-check-form.ts';

const files = check(
  'files',
  {
    description: 'So many files are there, and these among them, each of them readable to its end.',
    more: NO_DATABASE,
  },
  {
    glob: Type.Optional(
      text(
        'glob',
        'The files that are looked at, by their paths in the restored folder, for example **/*.jpg; by default all.',
        { maxLength: 1000 },
      ),
    ),
    atLeast: Type.Optional({ ...count('So many files or more.'), default: 1 }),
    atMost: Type.Optional(count('So many files or fewer.')),
    bytesAtLeast: Type.Optional(count('So many bytes or more in all of them together.', 1)),
    contains: Type.Optional(
      Type.Array(text('pathInside', 'A file.', { maxLength: 4096 }), {
        uniqueItems: true,
        maxItems: 1000,
        description: 'Files that must be there, whatever the glob, by their paths in the restored folder.',
      }),
    ),
  },
);

const references = check(
  'references',
  { description: 'Every path that a query gives is a file of another resource.' },
  {
    database,
    in: name("The resource of kind 'files' that the paths lead into."),
    query: text('text', 'One SELECT, whose first column gives paths in the restored folder of that resource.'),
  },
);

/** Checks of restored files. */
export const filesChecks = [files, references] as const;
