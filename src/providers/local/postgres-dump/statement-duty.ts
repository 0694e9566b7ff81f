/** What a statement of a dump is to the restore. `words` are what the lexer gives: upper case, names in quotes hidden. */
export type StatementDuty =
  /** Belongs to no dump: it would reach out of the database. */
  | { readonly kind: 'refuse'; readonly because: string }
  /** Has no meaning in a sandbox. */
  | { readonly kind: 'skip'; readonly setting: string }
  /** A setting of the session; of every session that does a part of the restore. */
  | { readonly kind: 'session-setting' }
  | { readonly kind: 'act-as' }
  /** The administration of a cluster, before any database is connected to. */
  | { readonly kind: 'cluster' }
  /** Without its grantor it would be done with a mere warning, so that privileges were lost in silence. */
  | { readonly kind: 'privilege' }
  /** `mayEscalate`: it runs no code of the dump, so the superuser may do it when the loader may not. */
  | { readonly kind: 'content'; readonly mayEscalate: boolean };

const PLAIN: StatementDuty = { kind: 'content', mayEscalate: false };
const DEFINITION: StatementDuty = { kind: 'content', mayEscalate: true };
const CLUSTER: StatementDuty = { kind: 'cluster' };

/** Objects of the whole cluster. */
const OF_CLUSTER: readonly string[] = ['DATABASE', 'ROLE', 'USER', 'GROUP'];
/** Made of content: their definition runs functions of the dump, or looks at rows. */
const RUNS_CODE: readonly string[] = ['TABLE', 'INDEX', 'UNIQUE', 'MATERIALIZED', 'TEMP', 'TEMPORARY', 'UNLOGGED'];
/** Parts of ALTER TABLE that only touch the catalog. */
const HARMLESS_CHANGE = / (OWNER TO|(DISABLE|ENABLE)( \w+)? TRIGGER|REPLICA IDENTITY) /;
/** What a message may say of a statement: words of the language, never a name. */
const KEYWORDS: ReadonlySet<string> = new Set(
  `AGGREGATE ALTER ATTACH CAST CLUSTER COLLATION COLUMN COMMENT CONSTRAINT CONVERSION COPY CREATE DATABASE DEFAULT DELETE
  DO DOMAIN DROP EVENT EXTENSION FAMILY FOREIGN FUNCTION GRANT INDEX INSERT LABEL LANGUAGE LARGE MATERIALIZED OBJECT ON
  OPERATOR OR POLICY PRIVILEGES PROCEDURE PUBLICATION REFRESH REPLACE REVOKE ROLE RULE SCHEMA SECURITY SELECT SEQUENCE
  SERVER SET STATISTICS SUBSCRIPTION TABLE TEXT TRIGGER TYPE UNIQUE UPDATE USER VIEW WRAPPER`.split(/\s+/),
);

/** Tells what to do with a statement. */
export function dutyOf(words: readonly string[]): StatementDuty {
  const [first = '', second = '', third = ''] = words;
  if (first === 'COPY') return isCopyFromStdin(words) ? PLAIN : refuse('COPY that does not take the data of the dump');
  if (first === 'LOAD' || (first === 'ALTER' && second === 'SYSTEM')) return refuse(`${first} ${second}`.trim());
  if (aboutTablespaces(words)) return { kind: 'skip', setting: 'tablespaces=default' };
  if (first === 'SET' || first === 'RESET') return dutyOfSetting(second, third);
  if (first === 'SELECT' && second === 'PG_CATALOG' && third === 'SET_CONFIG') return { kind: 'session-setting' };
  if (first === 'GRANT' || first === 'REVOKE') {
    // Without ON it is a role that is granted.
    return words.includes('ON') && wordAfterOn(words) !== 'DATABASE' ? { kind: 'privilege' } : CLUSTER;
  }
  if (first === 'COMMENT' || first === 'SECURITY') {
    return OF_CLUSTER.includes(wordAfterOn(words)) ? CLUSTER : DEFINITION;
  }
  if (first === 'ALTER' && second === 'DEFAULT') return { kind: 'privilege' };
  if (first !== 'CREATE' && first !== 'ALTER' && first !== 'DROP') return PLAIN;
  if (OF_CLUSTER.includes(second) && third !== 'MAPPING') return CLUSTER;
  if (first === 'ALTER') return second !== 'TABLE' || HARMLESS_CHANGE.test(words.join(' ')) ? DEFINITION : PLAIN;
  return RUNS_CODE.includes(second) && first === 'CREATE' ? PLAIN : DEFINITION;
}

/** What kind of statement it is, in words that hold no name, e.g. `CREATE UNIQUE INDEX`. */
export function nameOfStatement(words: readonly string[]): string {
  const foreign = words.findIndex((word) => !KEYWORDS.has(word));
  const known = words.slice(0, foreign === -1 ? 4 : Math.min(foreign, 4));
  return known.length === 0 ? 'an unknown statement' : known.join(' ');
}

function dutyOfSetting(second: string, third: string): StatementDuty {
  if (second === 'DEFAULT_TABLESPACE') return { kind: 'skip', setting: 'tablespaces=default' };
  if (second === 'SESSION' && third === 'AUTHORIZATION') return { kind: 'act-as' };
  // The superuser's own session stays what it is.
  return second === 'ROLE' || second === 'SESSION' || second === 'LOCAL' ? PLAIN : { kind: 'session-setting' };
}

function aboutTablespaces(words: readonly string[]): boolean {
  const [first = '', second = ''] = words;
  if (['CREATE', 'ALTER', 'DROP'].includes(first)) return second === 'TABLESPACE';
  return ['COMMENT', 'GRANT', 'REVOKE'].includes(first) && wordAfterOn(words) === 'TABLESPACE';
}

function wordAfterOn(words: readonly string[]): string {
  const on = words.indexOf('ON');
  return on === -1 ? '' : (words[on + 1] ?? '');
}

/** The only form in which a dump carries data; all others read or write files of the server, or start programs. */
function isCopyFromStdin(words: readonly string[]): boolean {
  const from = words.indexOf('FROM');
  return from !== -1 && words[from + 1] === 'STDIN' && !words.includes('TO');
}

function refuse(because: string): StatementDuty {
  return { kind: 'refuse', because };
}
