import { type Static, Type } from '@sinclair/typebox';

import { count, form, named, text } from './form.ts';
import { NO_DATABASE, check, database } from './written-check-form.ts';

function argv(description: string) {
  return Type.Array(text('argument', 'The program or an argument.'), { minItems: 1, maxItems: 1000, description });
}

const PROGRAM =
  "Program and arguments, without a shell. A program that is written as a path with '/' is found relative to this file's folder, and may then be read; arguments are passed as they are written. Beside a resource of kind 'files' it begins in the restored folder, beside others in an empty one; what it writes belongs into TMPDIR or HOME.";

const surroundings = {
  reads: Type.Optional(
    Type.Array(text('path', "A file or folder, relative to this file's folder or absolute."), {
      uniqueItems: true,
      maxItems: 100,
      description: "What it may read besides the system's own programs and what was restored.",
    }),
  ),
  env: Type.Optional(
    named(
      text('variable', 'Environment variable.', { maxLength: 200 }),
      text('argument', 'Its value, and never a secret.'),
      'Environment variables, besides those that tell it where the restored data is; never secrets.',
    ),
  ),
};

function pattern(description: string) {
  return Type.Optional(Type.String({ maxLength: 1000, description }));
}

const tcp = check(
  'tcp',
  { description: 'The restored server accepts a connection; no login is tried.', more: NO_DATABASE },
  {},
);

const http = check(
  'http',
  {
    description:
      "A program that is started on the restored data, in the sandbox, answers a request. It is waited for as long as 'retry' says, else until 'limits.check'.",
  },
  {
    database,
    start: argv(`What is started: ${PROGRAM}`),
    ...surroundings,
    port: count('Where it listens, on 127.0.0.1 of a network of its own.', 1, 65_535),
    path: Type.Optional(text('requestPath', 'Path and query of the request.', { maxLength: 2000, default: '/' })),
    expect: Type.Optional(
      form(
        {
          status: Type.Optional({ ...count('Status of the answer.', 100, 599), default: 200 }),
          matches: pattern('Its body matches this regular expression (JavaScript); the body is never shown.'),
        },
        'What the answer must be; by default of status 200.',
      ),
    ),
  },
);

const command = check(
  'command',
  { description: 'A program that is run on the restored data, in the sandbox, ends as it must.' },
  {
    database,
    run: argv(`What is run: ${PROGRAM}`),
    ...surroundings,
    expect: Type.Optional(
      form(
        {
          exitCode: Type.Optional({ ...count('Its exit code.', 0, 255), default: 0 }),
          matches: pattern('Its standard output matches this regular expression (JavaScript).'),
        },
        'How it must end; by default with exit code 0.',
      ),
    ),
    reveal: Type.Optional(
      Type.Boolean({
        description: 'Show the end of its output in the report; by default only whether it matched.',
        default: false,
      }),
    ),
  },
);

/** Checks of what answers and of what programs make of it. */
export const programChecks = [tcp, http, command] as const;

/** A check that runs a program. */
export type WrittenProgramCheck = Static<typeof http> | Static<typeof command>;
