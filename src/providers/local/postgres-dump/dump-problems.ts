import type { Problem } from '../../../diagnostics/problem.ts';
import { notEnoughSpace } from '../worker/free-space.ts';
import type { StatementError } from './raw-session.ts';
import { nameOfStatement } from './statement-duty.ts';

/** A statement's place in a dump, for people to find it. */
export interface Place {
  /** Counted from 1. */
  readonly number: number;
  /** In bytes of the script. */
  readonly at: number;
  readonly words: readonly string[];
}

const TAKE_NEW =
  'Do not rely on this recovery point: take a new dump, and look at how this one came to be or was stored.';

/** Something that no dump needs and that reaches out of the database. */
export function unsafeDump(what: string, { number, at }: Pick<Place, 'number' | 'at'>): Problem {
  return {
    code: 'restore/unsafe-dump',
    message: `the dump holds ${what} (after statement ${number - 1}, at byte ${at}), so nothing more of it is loaded`,
    hint: 'Look at how this dump came to be: pg_dump writes no such thing, and whoever did can run commands on a machine where it is loaded by psql.',
    blames: 'backup',
  };
}

/** The dump ends before its end. */
export function truncatedDump(why: string): Problem {
  return { code: 'restore/dump-truncated', message: `the dump is not whole: ${why}`, hint: TAKE_NEW, blames: 'backup' };
}

/** The code of a dump that holds nothing, of whatever kind. */
export const EMPTY_DUMP = 'restore/empty-dump';

/** Nothing was written: as by a job whose pg_dump was refused, or on a full disk. Other kinds leave such files as well. */
export function emptyDump(path: string): Problem {
  return {
    code: EMPTY_DUMP,
    message: `'${path}' holds nothing of a dump`,
    hint: 'Look at the job that writes it: what it called failed, or the disk was full, and nobody was told.',
    blames: 'backup',
  };
}

/** A dump of a kind that is not loaded. */
export function unsupportedDump(what: string, hint: string): Problem {
  return {
    code: 'restore/unsupported-dump',
    message: `the dump cannot be loaded: ${what}`,
    hint,
    blames: 'environment',
  };
}

/**
 * What the server's refusal says. Never its own words, which may hold values of rows: the statement's kind and place, and
 * the SQLSTATE ("PostgreSQL Error Codes" in its documentation).
 *
 * @param isSameMajor whether the server is of the dump's own major: another one may lack or refuse what is fine there
 */
export function refusedStatement(error: StatementError, place: Place, isSameMajor: boolean): Problem {
  const { sqlState, serverMessage, row } = error;
  const kind = nameOfStatement(place.words);
  const where = row === undefined ? `at byte ${place.at}` : `at byte ${place.at}, row ${row} of its data`;
  const message = `the server refused statement ${place.number} of the dump, ${kind} (${where}): SQLSTATE ${sqlState}`;
  const environment = (code: string, hint: string): Problem => ({ code, message, hint, blames: 'environment' });
  if (sqlState === '53100') return notEnoughSpace('it was full while the dump was loaded');
  if (/^(53|57|58000|58030|XX|F0)/.test(sqlState)) {
    return environment(
      'restore/server-failed',
      "Look for a lack of memory or disk on this machine, or at the server's crash.",
    );
  }
  if (kind.startsWith('CREATE EXTENSION')) return { ...extensionMissing(extensionOf(serverMessage)), message };
  if (sqlState === '58P01' || /could not (access file|load library)/.test(serverMessage)) {
    return environment(
      'restore/library-missing',
      "Install the source's extensions and libraries for this major of PostgreSQL.",
    );
  }
  if (serverMessage.startsWith('tablespace "')) {
    return environment('restore/unsupported-dump', 'Take the dump with --no-tablespaces.');
  }
  if (/locale|collation .* does not exist|encoding/.test(serverMessage) && /CREATE (DATABASE|COLLATION)/.test(kind)) {
    return environment('restore/locale-missing', "Install the source's locale on this machine (e.g. by 'locale-gen').");
  }
  if (sqlState === '42501') {
    return environment(
      'restore/needs-superuser',
      'The dump holds something that only a superuser may do, and that drillbook leaves to nobody: leave it out of the dump.',
    );
  }
  if (/^(0A|42|22023)/.test(sqlState) && !isSameMajor) {
    return environment(
      'restore/other-major',
      'Install the PostgreSQL major that the dump comes from: another one refuses what may be fine there.',
    );
  }
  return { code: 'restore/statement-refused', message, hint: TAKE_NEW, blames: 'backup' };
}

function extensionMissing(name: string | undefined): Problem {
  const what = name === undefined ? 'an extension of the dump' : `the extension '${name}'`;
  return {
    code: 'restore/extension-missing',
    message: '',
    hint: `Install ${what} for the PostgreSQL that restores it, or leave it out of the dump.`,
    blames: 'environment',
  };
}

function extensionOf(serverMessage: string): string | undefined {
  return (
    /^extension "([\w-]{1,63})"/.exec(serverMessage)?.[1] ??
    /extension\/([\w-]{1,63})\.control"/.exec(serverMessage)?.[1]
  );
}
