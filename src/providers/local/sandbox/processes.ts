import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../../support/clock.ts';
import { processStartTime } from '../../../support/process-identity.ts';
import { type Instant, instantOf } from '../../../support/time.ts';

const run = promisify(execFile);

/** One living process; pid and start time together name it for as long as the machine runs. */
export interface FoundProcess {
  readonly pid: number;
  /** As `processStartTime` gives it. */
  readonly startTime: string;
  /** Its arguments, joined by blanks. */
  readonly command: string;
}

/** What a drill starts. Whatever else names a sandbox, an editor or a copy, is a person's and never ended. */
const OWN_PROGRAMS: readonly string[] =
  'node setpriv unshare nsenter sh postgres mariadbd mysqld mariadb-backup xtrabackup'.split(' ');

/**
 * All processes of drills whose command line names one of these folders or markers, with no letter, digit, `_`, `-` or
 * `.` on either side.
 *
 * The caller and all that called it are left out, and what has a controlling terminal: drillbook's own have none.
 */
export async function findProcesses(...texts: readonly string[]): Promise<readonly FoundProcess[]> {
  const rows = process.platform === 'linux' ? await rowsOfProc() : await rowsOfPs();
  const callers = ancestry(process.pid, rows);
  const named = rows.filter(
    (row) => isOwn(row) && !row.hasTerminal && !callers.has(row.pid) && texts.some((text) => names(row.command, text)),
  );
  const found = await Promise.all(
    named.map(async ({ pid, command }) => {
      const startTime = await processStartTime(pid);
      return startTime === undefined ? [] : [{ pid, startTime, command }];
    }),
  );
  return found.flat();
}

/** How long processes may take to end by themselves, before they are killed. */
const GRACE = 1_500;
/** How long killed processes may take to vanish. */
const PATIENCE = 5_000;
const LOOK_EVERY = 20;

/**
 * Ends all processes that `findProcesses(...texts)` finds, those too that appear meanwhile: asks them by SIGINT (a server's
 * fast shutdown), kills them after a grace.
 *
 * @returns those that are left by fresh looks; none, unless they cannot be killed or `signal` aborts.
 */
export async function endProcesses(
  texts: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly FoundProcess[]> {
  const began = clock.monotonic();
  const asked = new Set<string>();
  for (let wasQuiet = false; ;) {
    const found = await findProcesses(...texts);
    const took = clock.monotonic() - began;
    // Once is not enough: a process that ends during a look may have begun another that the look did not meet.
    if ((found.length === 0 && wasQuiet) || signal.aborted || took > GRACE + PATIENCE) return found;
    wasQuiet = found.length === 0;
    for (const one of found) {
      const key = `${one.pid} ${one.startTime}`;
      if (took > GRACE) await signalProcess(one, 'SIGKILL');
      else if (!asked.has(key)) await signalProcess(one, 'SIGINT');
      asked.add(key);
    }
    if (!wasQuiet) await clock.sleep(LOOK_EVERY, signal);
  }
}

/** Signals this very process, or nothing: a pid that has been used again is left alone, and so is what is not ours. */
export async function signalProcess({ pid, startTime }: FoundProcess, signal: NodeJS.Signals): Promise<void> {
  if ((await processStartTime(pid)) !== startTime) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** When a process began, to the second below; `undefined` when it does not live. */
export async function processStartedAt({ pid, startTime }: FoundProcess): Promise<Instant | undefined> {
  if ((await processStartTime(pid)) !== startTime) return undefined;
  if (process.platform !== 'linux') return instantOf(Date.parse(startTime));
  const bootTime = /^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8'))?.[1];
  // In ticks since boot; there are 100 a second on every architecture that Node runs on (proc(5), USER_HZ).
  return bootTime === undefined
    ? undefined
    : instantOf((Number(bootTime) + Math.floor(Number(startTime) / 100)) * 1_000);
}

/** The parent of a process; `undefined` when it does not live. Linux only. */
export async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined ? undefined : fieldsOf(stat).parent;
}

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly hasTerminal: boolean;
  /** Its first argument, which a process can change. */
  readonly program: string;
  readonly command: string;
}

async function rowsOfProc(): Promise<readonly Row[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const rows = await Promise.all(
    pids.map(async (pid) => {
      try {
        const [command, stat] = await Promise.all(
          ['cmdline', 'stat'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
        );
        if (!command || !stat) return [];
        const [program = ''] = command.split('\0', 1);
        return [{ pid, program, command: command.replaceAll('\0', ' ').trimEnd(), ...fieldsOf(stat) }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    }),
  );
  return rows.flat();
}

/** Fields 4 (ppid) and 7 (tty_nr) of proc(5), counted behind the name in parentheses, which may hold anything. */
function fieldsOf(stat: string): { parent: number; hasTerminal: boolean } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), hasTerminal: fields[4] !== '0' };
}

async function rowsOfPs(): Promise<readonly Row[]> {
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,ppid=,tty=,command='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, terminal, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (command === undefined) return [];
    const program = command.startsWith('postgres: ') ? command : (command.split(' ', 1)[0] ?? '');
    const hasTerminal = !/^[?-]+$/.test(terminal ?? '');
    return [{ pid: Number(pid), parent: Number(parent), hasTerminal, program, command }];
  });
}

/** PostgreSQL's processes call themselves `postgres: what they do`. */
function isOwn({ program }: Row): boolean {
  return OWN_PROGRAMS.includes(basename(program)) || program === process.execPath || program.startsWith('postgres: ');
}

function ancestry(pid: number, rows: readonly Row[]): ReadonlySet<number> {
  const parents = new Map(rows.map((row) => [row.pid, row.parent]));
  const line = new Set<number>();
  for (let one: number | undefined = pid; one !== undefined && !line.has(one); one = parents.get(one)) line.add(one);
  return line;
}

/** Whether a command line holds the text as a whole name, so that `/s/drill-1` is not found in `/s/drill-10`. */
export function names(command: string, text: string): boolean {
  const isPartOfName = (character: string | undefined): boolean => character !== undefined && /[\w.-]/.test(character);
  for (let at = command.indexOf(text); at !== -1; at = command.indexOf(text, at + 1)) {
    if (!isPartOfName(command[at - 1]) && !isPartOfName(command[at + text.length])) return true;
  }
  return false;
}
