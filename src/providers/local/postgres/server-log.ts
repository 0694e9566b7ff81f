import { open } from 'node:fs/promises';
import type { Problem } from '../../../diagnostics/problem.ts';
import { type Instant, instantOf } from '../../../support/time.ts';
import { notEnoughSpace } from '../worker/free-space.ts';
import { type Lsn, parseLsn } from './wal-position.ts';
import { missingWal } from './wal-plan.ts';

/** Start-up messages come first in the log, and the end comes last: more than this of either tells nothing new. */
const LOOKED_AT = 512 * 1024;

/** What the log says of the replay that ended in the promotion. */
export interface ReplayLog {
  /** Where the last replayed record begins. */
  readonly lastRecord?: Lsn;
  readonly lastTransactionAt?: Instant;
  readonly stoppedAtTarget: boolean;
}

/** The first and the last part of a server's log. */
export async function readLog(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const first = await readPart(handle, 0, Math.min(size, LOOKED_AT));
    const rest = size - LOOKED_AT;
    return rest <= 0 ? first : first + (await readPart(handle, Math.max(LOOKED_AT, size - LOOKED_AT), LOOKED_AT));
  } finally {
    await handle.close();
  }
}

/**
 * Reads how replay ended. The first such messages count: a recovery that ended was followed by the promotion, and what
 * comes later is a restart of the promoted copy.
 */
export function parseReplayLog(log: string): ReplayLog {
  const redone = /redo done at ([0-9A-F]+\/[0-9A-F]+)/.exec(log);
  const until = redone ? log.indexOf('database system is ready to accept connections', redone.index) : -1;
  const recovery = until === -1 ? log : log.slice(0, until);
  const last = [...recovery.matchAll(/last completed transaction was at log time (\S+ \S+?)\+00/g)].at(-1)?.[1];
  return {
    ...(redone?.[1] === undefined ? {} : { lastRecord: parseLsn(redone[1]) }),
    ...(last === undefined ? {} : { lastTransactionAt: instantOf(Date.parse(`${last.replace(' ', 'T')}Z`)) }),
    stoppedAtTarget: /recovery stopping (before|after)/.test(recovery),
  };
}

/** The position that start-up has last reported, as it does every quarter of a second from PostgreSQL 15 on. */
export function lastReportedPosition(log: string): string | undefined {
  return [...log.matchAll(/redo in progress, .*current LSN: ([0-9A-F]+\/[0-9A-F]+)/g)].at(-1)?.[1];
}

type Rule = readonly [RegExp, (found: string) => Problem];

const RULES: readonly Rule[] = [
  [/No space left on device/, () => notEnoughSpace('it was full while the server started')],
  [
    /compressed with (\w+) not supported by build|could not restore image .* compressed with (\w+)|compression method (lz4|zstd) not supported/i,
    () => ({
      code: 'restore/engine-lacks-compression',
      message: 'the WAL is compressed in a way that this PostgreSQL was built without',
      hint: 'Install a system PostgreSQL of the same major with lz4 and zstd; it is then used instead of the embedded one.',
      blames: 'environment',
    }),
  ],
  [
    /could not locate (a valid|required) checkpoint record|could not find redo location|invalid checkpoint record|invalid (primary )?checkpoint|WAL ends before (end of online backup|consistent recovery point)/i,
    (found) => missingWal(`the server could not recover: ${found}`),
  ],
  [
    /requested timeline \d+ (is not a child of|does not contain)[^\n]*/,
    (found) =>
      backupProblem(
        'restore/wrong-timeline',
        found,
        'Take a new backup after each promotion, or recover this one to its own end.',
      ),
  ],
  [
    /recovery ended before configured recovery target was reached/,
    (found) => targetNotReached(`the archive ends before the wanted time: ${found}`),
  ],
  [/requested recovery stop point is before consistent recovery point/, (found) => targetTooEarly(found)],
  [
    /database files are incompatible with server|initialized (by|with) PostgreSQL version|unsupported control file version/,
    (found) =>
      environmentProblem('restore/incompatible-engine', found, 'Install the PostgreSQL build that the source runs on.'),
  ],
  [
    /invalid value for parameter "lc_\w+"|locale is incompatible with operating system|could not create locale|locale "[^"]*" (does not exist|is not)/,
    (found) =>
      environmentProblem(
        'restore/locale-missing',
        found,
        "Install the source's locale on this machine (e.g. by 'locale-gen').",
      ),
  ],
  [
    /could not access file "[^"]*": No such file|could not load library/,
    (found) =>
      environmentProblem(
        'restore/library-missing',
        found,
        "Install the library, or take it out of 'preload' in the runbook.",
      ),
  ],
  [
    /could not (map anonymous|create|resize|open) shared memory|Cannot allocate memory|out of memory/,
    (found) =>
      environmentProblem('restore/not-enough-memory', found, 'Free some memory, or run fewer restores at once.'),
  ],
  [
    /invalid page in block|page verification failed|incorrect checksum in control file|could not access status of transaction|could not read block|invalid data in file|could not (open|read|find) (file|directory) "(base|global|pg_\w+)[^"]*"|is not a valid data directory/,
    (found) =>
      backupProblem(
        'restore/backup-damaged',
        found,
        'Do not rely on this recovery point; take a new backup and look at its storage.',
      ),
  ],
];

/** What a server's log says about why it did not start. Holds no DETAIL and no statement, so no data. */
export function classifyStartFailure(log: string): Problem {
  const fatal = log.split('\n').filter((line) => /(FATAL|PANIC): /.test(line));
  const errors = fatal.length > 0 ? fatal.join('\n') : log;
  for (const text of [errors, log]) {
    for (const [pattern, problem] of RULES) {
      const found = pattern.exec(text)?.[0];
      if (found !== undefined) return problem(found);
    }
  }
  const first = /(?:FATAL|PANIC): +(.*)/.exec(log)?.[1] ?? 'it left no message';
  return environmentProblem(
    'restore/server-did-not-start',
    `the server did not start: ${first}`,
    'Look at what the message names on this machine, then run the drill again.',
  );
}

/** The wanted moment lies after what the archive holds. */
export function targetNotReached(message: string): Problem {
  return backupProblem(
    'restore/target-not-reached',
    message,
    'Look at whether archiving works and is up to date, or choose an earlier time.',
  );
}

/** The wanted moment lies before the backup is whole, so no replay can reach it. */
export function targetTooEarly(message: string): Problem {
  return environmentProblem(
    'restore/target-before-backup-end',
    message,
    "Choose a time after the backup's end, or an earlier recovery point.",
  );
}

function backupProblem(code: string, message: string, hint: string): Problem {
  return { code, message: quoteNames(message), hint, blames: 'backup' };
}

function environmentProblem(code: string, message: string, hint: string): Problem {
  return { code, message: quoteNames(message), hint, blames: 'environment' };
}

function quoteNames(message: string): string {
  return message.replaceAll('"', "'");
}

async function readPart(handle: Awaited<ReturnType<typeof open>>, from: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
  return buffer.toString('utf8', 0, bytesRead);
}
