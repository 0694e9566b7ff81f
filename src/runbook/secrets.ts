import { type Finding, type Path, type Range, written } from './finding.ts';
import { TEXT_FORMS } from './form.ts';
import type { Tree } from './tree.ts';

/** A finding whose range is exactly what must not be shown. */
export interface FoundSecret extends Finding {
  readonly range: Range;
}

/** Secrets that show themselves wherever they stand, in comments too. Group 1, or all of it, is secret. */
const TELLING: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'a password in a URL', pattern: /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@'"]{0,100}:([^\s/@'"]{1,200})@/gi },
  {
    what: 'the URL of a Slack webhook',
    pattern: /\bhttps:\/\/hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/[^\s'"]{1,500}/gi,
  },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  {
    what: 'a private key',
    pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  },
];

const SECRET_KEY = /(?:password|passwd|passphrase|secret|token|apikey|accesskey|privatekey|secretkey|credentials?)$/;
const SECRET_LINE =
  /(password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|credentials?)["']? *[:=] *(\S[^\n]*)/gi;

/** Secrets that show themselves by their shape. */
export function secretsInText(text: string): readonly FoundSecret[] {
  return TELLING.flatMap(({ what, pattern }) =>
    Array.from(text.matchAll(pattern), (match) => {
      const secret = match[1] ?? match[0];
      const start = match.index + (match[1] === undefined ? 0 : match[0].lastIndexOf(secret));
      return found(what, [start, start + secret.length]);
    }),
  );
}

/** Values that stand under a key such as 'password', unless they say where the secret is to be read. */
export function secretsInTree(tree: Tree, text: string): readonly FoundSecret[] {
  return tree.leaves.flatMap(({ path, range, value }) => {
    const owner = path.findIndex((_, index) => isSecretKey(path, index));
    if (owner === -1 || value === null || text.slice(...range).trim() === '') return [];
    if (isReference(path.slice(owner + 1), value)) return [];
    return [
      found(`the value of '${written(path.slice(0, owner + 1))}'`, range, isOfProgram(path) ? NO_SECRET : REFERENCE),
    ];
  });
}

/** The same in a text that is no YAML: whatever follows such a key on its line. */
export function secretsInLines(text: string): readonly FoundSecret[] {
  return Array.from(text.matchAll(SECRET_LINE), (match) => {
    const start = match.index + match[0].length - match[2]!.length;
    return found(`the value of '${match[1]}'`, [start, start + match[2]!.length]);
  });
}

/** The text with every visible character of the ranges replaced, so that all places stay where they are. */
export function maskRanges(text: string, ranges: readonly Range[]): string {
  const pieces: string[] = [];
  let done = 0;
  for (const [start, end] of outermost(ranges)) {
    pieces.push(text.slice(done, start), text.slice(start, end).replaceAll(/\S/g, '•'));
    done = end;
  }
  return [...pieces, text.slice(done)].join('');
}

/** By position, without those that begin within another. */
export function outermost(ranges: readonly Range[]): readonly Range[] {
  const kept: [number, number][] = [];
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    const last = kept.at(-1);
    if (last && start < last[1]) last[1] = Math.max(last[1], end);
    else kept.push([start, end]);
  }
  return kept;
}

/** Names that people choose for tables and resources say nothing about what stands under them. */
function isSecretKey(path: Path, index: number): boolean {
  const key = path[index];
  const chosen = path[index - 1] === 'tables' || (index === 1 && path[0] === 'restore');
  return typeof key === 'string' && !chosen && SECRET_KEY.test(plain(key));
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[^a-z]/g, '');
}

function isReference(rest: Path, value: unknown): boolean {
  if (rest.length !== 1) return false;
  if (rest[0] === 'file') return true;
  return rest[0] === 'env' && new RegExp(TEXT_FORMS.variable.pattern).test(String(value));
}

const REFERENCE =
  'Change the secret, since it is known now, and write where to read it: { env: NAME } or { file: PATH }.';
const NO_SECRET =
  "Change the secret, since it is known now, and leave it out: a program in a sandbox reaches nothing outside, and is told how to log in to what was restored; where it insists on one, let a file in 'reads' make one up.";

/** Whether it stands in the environment of a check's program. */
function isOfProgram(path: Path): boolean {
  return path[0] === 'checks' && path[2] === 'env';
}

function found(what: string, range: Range, hint = REFERENCE): FoundSecret {
  return {
    code: 'secret',
    at: { kind: 'text', range },
    range,
    message: `${what} is written in the file`,
    hint,
  };
}
