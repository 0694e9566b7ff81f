import { type Engine } from './engine.ts';
import { executedText } from './executed-text.ts';

/** What becomes of a statement of a dump. `kind` of the statement is one of a few fixed words, never its text. */
export type StatementVerdict =
  | { readonly kind: 'run'; readonly what: string; readonly needsDatabase: boolean }
  | { readonly kind: 'leave-out'; readonly what: string }
  | { readonly kind: 'refuse'; readonly what: string };

/** Of use in production alone: none of it holds data. */
const LEFT_OUT: readonly (readonly [what: string, text: RegExp])[] = [
  [
    'replication',
    /^(?:CHANGE (?:MASTER|REPLICATION)|(?:START|STOP) (?:ALL )?(?:SLAVE|REPLICA|GROUP_REPLICATION)|RESET (?:MASTER|SLAVE|REPLICA|BINARY)|PURGE)\b/,
  ],
  ['global settings', /^SET\b.*(?:\bGLOBAL\b|@@GLOBAL\b|\bPERSIST(?:_ONLY)?\b)/],
  ['plugins', /^(?:UN)?INSTALL (?:PLUGIN|SONAME|COMPONENT)\b/],
  ['loadable functions', /^CREATE (?:OR REPLACE )?(?:AGGREGATE )?FUNCTION\b.* SONAME\b/],
  ['servers of other machines', /^(?:CREATE|ALTER|DROP) (?:OR REPLACE )?SERVER\b/],
];

export const CLIENT_COMMAND = 'a command to the client';

/** Reaches, or could reach, out of the server. */
const REFUSED: readonly (readonly [what: string, text: RegExp])[] = [
  [CLIENT_COMMAND, /^(?:SYSTEM|SOURCE|TEE|NOTEE|PAGER|NOPAGER|EDIT|CONNECT|PROMPT|SANDBOX)\b/],
  ['LOAD DATA', /^LOAD\b/],
  ['INTO OUTFILE', /\bINTO (?:OUTFILE|DUMPFILE)\b/],
  ['SET STATEMENT', /^SET STATEMENT\b/],
  [
    'a text whose bytes hold those of quotes (gbk, big5, sjis, cp932, gb18030)',
    /^SET (?:NAMES|CHARACTER SET|CHARSET)\b.*\b(?:gbk|big5|sjis|cp932|gb18030)\b/i,
  ],
  [
    'a table whose rows lie elsewhere (FEDERATED, CONNECT, SPIDER, S3)',
    /^(?:CREATE|ALTER)\b.*\bTABLE\b.*\bENGINE ?=? ?(?:FEDERATEDX?|CONNECT|SPIDER|S3)\b/,
  ],
  ['a table whose rows lie elsewhere (CONNECTION)', /^(?:CREATE|ALTER)\b.*\bTABLE\b[^(]*\(.*\) .*\bCONNECTION ?= ?''/],
];

/** What dumps are made of. */
const RUN: readonly (readonly [what: string, text: RegExp, needsDatabase: boolean])[] = [
  ['SET', /^SET\b/, false],
  ['USE', /^USE\b/, false],
  ['CREATE DATABASE', /^(?:CREATE|ALTER) (?:OR REPLACE )?(?:DATABASE|SCHEMA)\b/, false],
  ['DROP DATABASE', /^DROP (?:DATABASE|SCHEMA)\b/, false],
  [
    'accounts',
    /^(?:(?:CREATE|ALTER|DROP|RENAME) (?:OR REPLACE )?(?:USER|ROLE)|GRANT|REVOKE|FLUSH (?:PRIVILEGES|TABLES?))\b/,
    false,
  ],
  ['a transaction', /^(?:COMMIT|ROLLBACK|BEGIN|START TRANSACTION|SAVEPOINT|UNLOCK)\b/, false],
  ['INSERT', /^(?:INSERT|REPLACE)\b/, true],
  ['CREATE TABLE', /^CREATE (?:OR REPLACE )?(?:TEMPORARY )?TABLE\b/, true],
  [
    'CREATE',
    /^CREATE (?:OR REPLACE )?(?:ALGORITHM ?= ?\w+ )?(?:DEFINER ?= ?(?:\S+|'' ?@ ?'') )?(?:SQL SECURITY \w+ )?(?:AGGREGATE |UNIQUE |FULLTEXT |SPATIAL )?(?:VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT|SEQUENCE|INDEX|PACKAGE)\b/,
    true,
  ],
  ['ALTER', /^ALTER\b/, true],
  ['DROP', /^DROP\b/, true],
  ['rows', /^(?:LOCK TABLES?|DELETE|UPDATE|TRUNCATE|ANALYZE|DO|SELECT)\b/, true],
];

/** The beginning of a statement that holds all that tells of its kind. */
const HEAD = 4_000;
const ROWS = /^\s*(?:INSERT|REPLACE)\b/i;

/** Whether a statement is run, left out or refused; what is not known to be part of dumps is refused. */
export function judgeStatement(statement: string, engine: Engine): StatementVerdict {
  const judged = ROWS.test(statement) ? statement.slice(0, HEAD) : statement;
  const text = unquotedEngine(executedText(judged, engine), judged).toUpperCase();
  const left = LEFT_OUT.find(([, pattern]) => pattern.test(text));
  if (left) return { kind: 'leave-out', what: left[0] };
  const refused = REFUSED.find(([, pattern]) => pattern.test(text));
  if (refused) return { kind: 'refuse', what: refused[0] };
  const known = RUN.find(([, pattern]) => pattern.test(text));
  if (known) return { kind: 'run', what: known[0], needsDatabase: known[2] };
  return text === ''
    ? { kind: 'leave-out', what: 'comments' }
    : { kind: 'refuse', what: 'a statement of no kind that dumps are made of' };
}

/** The name of an engine may be quoted, and names are not part of what is judged. */
function unquotedEngine(text: string, statement: string): string {
  const quoted = /\bENGINE\s*=?\s*(['"`])(FEDERATEDX?|CONNECT|SPIDER|S3)\1/i.exec(statement)?.[2];
  return quoted === undefined ? text : text.replace(/\bENGINE ?=? ?(?:''|""|``)/gi, `ENGINE=${quoted}`);
}
