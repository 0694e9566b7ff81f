import { DatabaseError } from 'pg';
import type { Problem } from '../../diagnostics/problem.ts';
import { conditionOf } from './sql-state.ts';

/** Conditions whose message holds names of the query alone. */
const NAMING_CONDITIONS = new Set(['42P01', '42703', '42883', '42501', '3F000', '42702', '42704']);

/** Answers to a start-up packet that mean: this login is not accepted. */
const REFUSALS = new Set(['28000', '28P01', '3D000', '42501', '42704', '55000']);

/** What node-postgres says when the server wants a password and none was given. */
const NO_PASSWORD = /^SASL: .*client password must be/;

/** A path below a data folder: the file is part of the cluster, and not an extension's library. */
const FILE_OF_CLUSTER = /"(?:base|global|pg_tblspc|pg_xact|pg_multixact)\//;

/** The condition by which a server turned a login down; `undefined` for every other error. */
export function refusalOf(error: unknown): string | undefined {
  return error instanceof DatabaseError && error.code !== undefined && REFUSALS.has(error.code)
    ? conditionOf(error.code)
    : undefined;
}

/**
 * What is damaged, where an error proves damage of the copy: SQLSTATE XX001 and XX002, or a missing file of the
 * cluster. `undefined` for all others, which may as well come from this server or this machine.
 */
export function damageOf(error: unknown): string | undefined {
  if (!(error instanceof DatabaseError) || error.code === undefined) return undefined;
  const isDamage = /^XX00[12]$/.test(error.code) || (error.code === '58P01' && FILE_OF_CLUSTER.test(error.message));
  if (!isDamage) return undefined;
  const block = /\bblocks? (\d+)/.exec(error.message)?.[1];
  return `${conditionOf(error.code)}${block === undefined ? '' : ` in block ${block}`}`;
}

/** Whether the session can go on after `error` with something else. */
export function isSurvivable(error: unknown): boolean {
  return error instanceof DatabaseError && !/^(57|53|08)/.test(error.code ?? '08');
}

/**
 * An error of a session as a problem: the condition and names, never the server's DETAIL, HINT, CONTEXT or any text
 * that may quote a row. Rethrows what is no answer of the world but a mistake of ours.
 *
 * @param about what was looked at, e.g. `database 'shop'`
 */
export function problemOf(error: unknown, about: string, signal?: AbortSignal): Problem {
  if (signal?.aborted) return gaveUp(about);
  if (error instanceof DatabaseError) return answerOf(error, about);
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) throw error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (NO_PASSWORD.test(message)) {
    return {
      code: 'check/password-missing',
      message: `unable to log in to ${about}: the server asks for a password and none is given`,
      hint: "Name the secret in the check's 'password'.",
      blames: 'environment',
    };
  }
  return {
    code: 'check/connection-lost',
    message: `unable to look at ${about}: the server cannot be reached or closed the connection${code === undefined ? '' : ` (${code})`}`,
    hint: "Read the server's log in the sandbox: it may have run out of memory, or crashed on what it read.",
    blames: 'environment',
  };
}

function gaveUp(about: string): Problem {
  return {
    code: 'check/gave-up',
    message: `gave up looking at ${about}: the time for it was over, or the drill was interrupted`,
    hint: 'Give checks more time in the limits of the runbook, or check less.',
    blames: 'environment',
  };
}

function answerOf(error: DatabaseError, about: string): Problem {
  const sqlState = error.code ?? '?????';
  const damage = damageOf(error);
  if (damage !== undefined) {
    return {
      code: 'check/data-corrupted',
      message: `unable to read ${about}: the server met ${damage}`,
      hint: 'The restored copy is damaged: keep this recovery point for analysis and restore another one.',
      blames: 'backup',
    };
  }
  if (sqlState === '57014') {
    return {
      code: 'check/timed-out',
      message: `unable to look at ${about}: a statement took longer than it may`,
      hint: 'Give checks more time in the limits of the runbook, or check less.',
      blames: 'environment',
    };
  }
  const isRefusal = sqlState.startsWith('28') || sqlState === '3D000';
  return {
    code: isRefusal ? 'check/login-refused' : 'check/query-failed',
    message: `unable to look at ${about}: the server answered ${conditionOf(sqlState)}${namesIn(error)}`,
    hint: hintFor(sqlState),
    blames: 'environment',
  };
}

function namesIn(error: DatabaseError): string {
  // Within a function (`where`) a name may have been made of a value.
  const isOfTheQuery = error.where === undefined && error.internalQuery === undefined;
  return isOfTheQuery && NAMING_CONDITIONS.has(error.code ?? '') ? `: ${error.message.split('\n')[0]}` : '';
}

function hintFor(sqlState: string): string {
  if (sqlState.startsWith('28') || sqlState === '3D000') return 'Check the database, the user and its password.';
  if (sqlState.startsWith('42')) return 'Check the query, and name schemas other than public in it.';
  if (sqlState === '25006') return 'Checks only read: take what writes out of the query.';
  if (sqlState === '0A000' || sqlState === '58P01') {
    return 'Restore with a server that has what the source was built with: its extensions, lz4, zstd.';
  }
  return "The server's log in the sandbox says more.";
}
