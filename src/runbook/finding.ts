/** Everything that can be wrong with one file that people write. The code shown is `runbook/…` or `drill/…`. */
export const FINDING_CODES = [
  // reading the file
  'not-found',
  'not-a-file',
  'unreadable',
  'too-large',
  'not-utf8',
  // YAML
  'syntax',
  'empty-file',
  'many-documents',
  'duplicate-key',
  'alias',
  'tag',
  'bad-key',
  'too-deep',
  'secret',
  // form
  'unknown-key',
  'missing-key',
  'wrong-type',
  'unknown-value',
  'one-of',
  'empty',
  'too-long',
  'out-of-range',
  'bad-name',
  'bad-duration',
  'bad-time',
  'bad-path',
  'bad-account',
  'unquoted-account',
  'bad-region',
  'bad-arn',
  'bad-source',
  'bad-instance-class',
  'bad-zone',
  'bad-url',
  'bad-address',
  'bad-argument',
  'bad-glob',
  // meaning
  'duplicate-name',
  'unknown-resource',
  'cyclic-needs',
  'no-integrity-check',
  'vacuous-check',
  'no-population',
  'reversed-range',
  'bad-pattern',
  'does-not-fit',
  'wrong-provider',
  'needless-wal',
  'check-does-not-fit',
  'retry-of-integrity',
  'retry-too-long',
  'grouped-twice',
  'chosen-by-group',
  'no-moment',
  'shared-account',
  'no-point-in-time',
  'no-credentials',
  'check-too-long',
  'bad-timezone',
  'bad-cron',
  'never-due',
  'bad-recurrence',
  'empty-window',
  'not-encrypted',
  'unknown-runbook',
  'invalid-runbook',
  'no-runbook-tagged',
] as const;

/** `name-taken` is told of several files together: no file alone can have it. */
export type FindingCode = (typeof FINDING_CODES)[number] | 'name-taken';

/** Keys and indexes from the top of the document. */
export type Path = readonly (string | number)[];

/** Offsets into the text, end exclusive. */
export type Range = readonly [start: number, end: number];

/** Where a finding points: at a key, at a value, or at a piece of the text. */
export type Place =
  | { readonly kind: 'key'; readonly path: Path }
  | { readonly kind: 'value'; readonly path: Path }
  | { readonly kind: 'text'; readonly range: Range };

/** Something wrong, before lines are counted. Wording as in `Diagnostic`. */
export interface Finding {
  readonly code: FindingCode;
  readonly at: Place;
  readonly message: string;
  readonly hint: string;
}

/** The place of a key. */
export function atKey(...path: Path): Place {
  return { kind: 'key', path };
}

/** The place of a value. */
export function atValue(...path: Path): Place {
  return { kind: 'value', path };
}

/** The path of a JSON pointer; indexes stay texts. */
export function pathOf(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A path as people write it: `checks[2].expect`. */
export function written(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (text !== '' && /^\d+$/.test(String(part))) return `${text}[${part}]`;
    return text === '' ? inLine(String(part)) : `${text}.${inLine(String(part))}`;
  }, '');
}

const LONGEST_SHOWN = 48;

/** A name or value of the file in quotes: on one line, and cut when long. */
export function quoted(text: string): string {
  return `'${inLine(text)}'`;
}

function inLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '·').trim();
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN - 1)}…` : line;
}

/** `'a', 'b' and 'c'`. */
export function listed(words: readonly string[], joint: 'and' | 'or' = 'and'): string {
  const all = words.map(quoted);
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} ${joint} ${all.at(-1)}`;
}
