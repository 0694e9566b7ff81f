import { type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox';

import type { FindingCode } from './finding.ts';

/** What a text must look like, and what to say when it does not. */
export interface TextForm {
  readonly pattern: string;
  readonly code: FindingCode;
  /** Completes 'must be …'. */
  readonly is: string;
  readonly hint: string;
  /** What to say, instead, of a number: where YAML reads one unless the text is quoted. `is` completes 'is …'. */
  readonly asNumber?: { readonly code: FindingCode; readonly is: string; readonly hint: string };
}

const ARN_BEGIN = '^arn:aws(-[a-z]+)*:';

const CLOCK_AND_ZONE = '[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})';

/** Not absolute, and none of its parts is empty or one of the dots that mean a folder. */
const INSIDE = '^(?!/)(?!(.*/)?[.]{0,2}(/|$))';

/** RDS: it begins with a letter, and no hyphen ends it or follows another; a resource id looks like one too. */
const RDS_IDENTIFIER = '[A-Za-z](-?[A-Za-z0-9]){0,62}';

/** Every pattern that a schema may use: an error is explained by looking its pattern up here. */
export const TEXT_FORMS = {
  duration: {
    pattern: '^[1-9][0-9]{0,5}[smhd]$',
    code: 'bad-duration',
    is: "a duration such as '15m'",
    hint: 'Write a whole number above zero and one unit, for example 90s, 15m, 2h or 30d.',
  },
  moment: {
    pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}T${CLOCK_AND_ZONE}$`,
    code: 'bad-time',
    is: 'an ISO 8601 moment with its zone',
    hint: 'Write a moment that exists, with its zone, for example 2026-11-20T03:00:00Z or 2026-11-20T04:00:00+01:00.',
  },
  timeOfDay: {
    pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
    code: 'bad-time',
    is: 'a time of the day',
    hint: "Write hours and minutes of a day of 24 hours, for example '03:00' or '22:30'.",
  },
  endOfDay: {
    pattern: '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$',
    code: 'bad-time',
    is: "a time of the day, or '24:00' for its end",
    hint: "Write hours and minutes of a day of 24 hours, for example '05:00' or '24:00'.",
  },
  dateOrMoment: {
    pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}(T${CLOCK_AND_ZONE})?$`,
    code: 'bad-time',
    is: 'a date, or an ISO 8601 moment with its zone',
    hint: 'Write a day or a moment that exists, for example 2026-12-20 or 2026-12-20T18:00:00+01:00.',
  },
  name: {
    pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
    code: 'bad-name',
    is: "a name of a-z, 0-9 and '-'",
    hint: "Use lower-case letters and digits, with '-' between them.",
  },
  sentence: {
    pattern: '[A-Za-z0-9]',
    code: 'bad-name',
    is: 'a sentence with at least one of a-z or 0-9 to name the check by',
    hint: 'Write what must be true, for example: every order has a customer.',
  },
  library: {
    pattern: '^[A-Za-z0-9_-]+$',
    code: 'bad-name',
    is: "a library's bare name",
    hint: 'Write it as shared_preload_libraries does, without folder or file ending, for example timescaledb.',
  },
  variable: {
    pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
    code: 'bad-name',
    is: 'the name of an environment variable',
    hint: 'Write the name only, for example ORDERS_PASSWORD.',
  },
  path: {
    pattern: '^(?=.*\\S)[^\\u0000-\\u001f]+$',
    code: 'bad-path',
    is: 'a path without control characters',
    hint: "Write a path, relative to this file's folder or absolute.",
  },
  absolutePath: {
    pattern: '^/[^\\u0000-\\u001f]*$',
    code: 'bad-path',
    is: 'an absolute path',
    hint: "Write the whole path, beginning with '/', for example /var/backups/shop.",
  },
  pathInside: {
    pattern: `${INSIDE}[^\\u0000-\\u001f]+$`,
    code: 'bad-path',
    is: 'the path of a file within the restored folder',
    hint: "Write it from that folder on, with '/' between its parts and without '..', for example thumbnails/index.json.",
  },
  glob: {
    // A backslash is a part of names here and of patterns there; nobody needs either.
    pattern: `${INSIDE}[^\\\\\\u0000-\\u001f]+$`,
    code: 'bad-glob',
    is: 'a pattern of paths within the restored folder',
    hint: "Write it from that folder on, with '/' between its parts: '*' stands for a part of a name, '**' for folders, for example **/*.jpg.",
  },
  requestPath: {
    pattern: '^/[!"$-~]*$',
    code: 'bad-path',
    is: 'the path of a request',
    hint: "Begin it with '/', escape what is not ASCII with '%', and leave scheme, host and port out, for example /health.",
  },
  argument: {
    pattern: '^[^\\u0000]*$',
    code: 'bad-argument',
    is: 'a text that a program can be given',
    hint: 'Write a text, in quotes where it looks like a number or a truth value.',
  },
  stanza: {
    pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$',
    code: 'bad-name',
    is: 'the name of a stanza',
    hint: 'Write it as pgBackRest lists it, for example main.',
  },
  account: {
    pattern: '^[0-9]{12}$',
    code: 'bad-account',
    is: 'an AWS account of 12 digits',
    hint: "Write its 12 digits in quotes, without hyphens, for example '123456789012'.",
    asNumber: {
      code: 'unquoted-account',
      is: 'a number, since it stands without quotes, and a number has no leading zeros',
      hint: "Write all of its 12 digits in quotes, for example '012345678901'.",
    },
  },
  region: {
    pattern: '^[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}$',
    code: 'bad-region',
    is: 'an AWS region',
    hint: 'Write the code of a region, not its name nor one of its zones, for example eu-west-1.',
  },
  role: {
    pattern: `${ARN_BEGIN}iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$`,
    code: 'bad-arn',
    is: 'the ARN of an IAM role',
    hint: 'Write it in full, for example arn:aws:iam::123456789012:role/drillbook.',
  },
  topic: {
    // Of a FIFO topic each message needs a group, and none of its subscribers is a person.
    pattern: `${ARN_BEGIN}sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$`,
    code: 'bad-arn',
    is: 'the ARN of a standard SNS topic',
    hint: 'Write it in full, for example arn:aws:sns:eu-west-1:123456789012:drills.',
  },
  url: {
    pattern: '^https?://[^\\s/?#@\\u0000-\\u001f][^\\s\\u0000-\\u001f]*$',
    code: 'bad-url',
    is: 'a URL',
    hint: 'Write it in full, for example https://example.com/drills.',
  },
  host: {
    // Two colons stand in each IPv6 address; one would be that of a port.
    pattern: '^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f]*(:[0-9A-Fa-f.]*){2,7})$',
    code: 'bad-name',
    is: 'the name or the address of a host',
    hint: 'Write it without scheme and port, for example mail.example.com.',
  },
  mailbox: {
    pattern: '^[^\\s@<>",;:\\u0000-\\u001f]+@[^\\s@<>",;:\\u0000-\\u001f]+$',
    code: 'bad-address',
    is: 'a mail address',
    hint: 'Write the bare address, for example team@example.com.',
  },
  rdsSource: {
    // A tag's key ends at its first '='.
    pattern: `^(${RDS_IDENTIFIER}|${ARN_BEGIN.slice(1)}rds:[a-z0-9-]+:[0-9]{12}:db:${RDS_IDENTIFIER}|tag:[^=\\u0000-\\u001f]{1,128}=[^\\u0000-\\u001f]{1,256})$`,
    code: 'bad-source',
    is: 'the identifier, the resource id or the ARN of an RDS instance, or a tag',
    hint: 'Write for example orders-production, db-ABCDEFGHIJKLMNOPQRSTUVWXYZ, arn:aws:rds:eu-west-1:123456789012:db:orders-production or tag:service=orders.',
  },
  instanceClass: {
    pattern: '^db([.][a-z0-9-]+){2,4}$',
    code: 'bad-instance-class',
    is: 'the class of an RDS instance',
    hint: 'Write it as RDS does, for example db.t4g.medium.',
  },
  parameterGroup: {
    pattern: '^[A-Za-z](-?[A-Za-z0-9.])*$',
    code: 'bad-name',
    is: 'the name of a parameter group',
    hint: "Write its name, not its ARN: letters, digits, '.' and single hyphens, for example orders-drill.",
  },
  hostedZone: {
    pattern: '^Z[A-Z0-9]{1,31}$',
    code: 'bad-zone',
    is: 'the id of a hosted zone',
    hint: 'Write the id that Route 53 shows for the zone, not its name, for example Z0123456789ABCDEFGHIJ.',
  },
  dnsName: {
    // A trailing dot says the same thing as none. Underscores stand in names of services.
    pattern:
      '^(?=.{1,254}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?[.])+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.]?$',
    code: 'bad-name',
    is: 'a whole DNS name',
    hint: 'Write the name of one record with that of its zone, without wildcards, for example db.shop.internal.',
  },
  namespace: {
    // CloudWatch keeps 'AWS/' for its own services; of what else it takes, these letters need no quoting anywhere.
    pattern: '^(?!AWS/)[A-Za-z0-9][A-Za-z0-9._/#-]*$',
    code: 'bad-name',
    is: "a CloudWatch namespace that does not begin with 'AWS/'",
    hint: "Use letters, digits and any of '._/#-', for example Drillbook or Platform/Drills.",
  },
  text: {
    pattern: '\\S',
    code: 'empty',
    is: 'something',
    hint: 'Write a value, or leave the key out.',
  },
} as const satisfies Record<string, TextForm>;

/** More than any query needs; keeps every judgement of a text quick. */
export const LONGEST_TEXT = 10_000;

/** A text in one of the known forms. */
export function text(
  form: keyof typeof TEXT_FORMS,
  description: string,
  more: { maxLength?: number; default?: string } = {},
) {
  const limit = form === 'duration' || form === 'moment' ? {} : { maxLength: LONGEST_TEXT };
  return Type.String({ description, pattern: TEXT_FORMS[form].pattern, ...limit, ...more });
}

/** A name that is safe in ids and file names. */
export function name(description: string) {
  return text('name', description, { maxLength: 40 });
}

/** One of a few words. */
export function oneOfWords<const Words extends readonly string[]>(
  words: Words,
  description: string,
  byDefault?: Words[number],
) {
  return Type.Unsafe<Words[number]>({
    type: 'string',
    enum: words,
    description,
    ...(byDefault !== undefined && { default: byDefault }),
  });
}

/**
 * Under this key a mapping says of keys that only another kind of it has what to do about them. A symbol, since it is for
 * our own words and neither published nor read by a validator.
 */
export const ELSEWHERE = Symbol('what to do about the keys of another kind');

/** A mapping with these keys and no others. */
export function form<P extends TProperties>(properties: P, description: string, more: object = {}): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, description, ...more });
}

/** A mapping whose keys people choose. */
export function named<V extends TSchema>(key: TSchema, value: V, description: string) {
  return Type.Unsafe<Record<string, Static<V>>>({
    type: 'object',
    minProperties: 1,
    propertyNames: key,
    additionalProperties: value,
    description,
  });
}

/** A count of things. */
export function count(description: string, minimum = 0, maximum: number = Number.MAX_SAFE_INTEGER) {
  return Type.Integer({ minimum, maximum, description });
}

/** A number that JavaScript holds exactly enough to compare. */
export function number(description: string) {
  return Type.Number({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, description });
}

/** Where a secret is read when it is needed. */
export const writtenSecret = Type.Object(
  {
    env: Type.Optional(text('variable', 'Environment variable that holds it.')),
    file: Type.Optional(text('path', "File that holds it, relative to this file's folder.")),
  },
  {
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    description: 'Where the secret is read when it is needed; never the secret itself.',
  },
);

/** RTO and RPO targets. */
export const writtenObjectives = form(
  {
    rto: Type.Optional(
      Type.Union(
        [
          text('duration', 'Longest time from the start of a recovery until the restored data is verified.'),
          form(
            {
              target: text('duration', 'Longest time that a recovery may take.'),
              until: Type.Optional(
                oneOfWords(
                  ['usable', 'verified'],
                  'What stops the clock: the last required smoke check (usable) or the last required integrity check (verified).',
                  'verified',
                ),
              ),
            },
            'Recovery time objective, with the moment that stops its clock.',
          ),
        ],
        { description: 'Recovery time objective: how long a recovery may take.' },
      ),
    ),
    rpo: Type.Optional(text('duration', 'Recovery point objective: how much data, in time, may be lost.')),
  },
  'What the recovery must reach; a drill that misses one has failed.',
);
