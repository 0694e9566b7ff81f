import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import type { DrillEvent, NewEvent } from '../drill/events.ts';
import type { Clock } from '../support/clock.ts';
import { sha256Hex } from '../support/sha256-hex.ts';
import { isBoundToMachine } from '../drill/bound-to-machine.ts';
import { type LockHolder, type TakeOver, releaseLock, stillHolds, takeLock } from './drill-lock.ts';
import { type Journal, JournalUnwritable } from './journal.ts';
import { type JournalText, readJournalText } from './read-journal.ts';

/** The journal's name in a drill's folder. */
export const JOURNAL_FILE = 'journal.jsonl';

export type JournalOpening =
  | { readonly kind: 'open'; readonly journal: Journal; readonly fencedLines: readonly number[] }
  | { readonly kind: 'refused'; readonly problem: Problem; readonly readable: JournalText };

export interface JournalOptions {
  readonly clock: Clock;
  readonly takeOver?: TakeOver;
  readonly beforeAppend?: (event: NewEvent) => Promise<void>;
  readonly keepFirst?: KeepLine;
}

/** Takes a line, without its end, and its number in the file, counted from 1. */
export type KeepLine = (line: string, number: number) => Promise<void>;

/**
 * Opens the journal of a drill's folder for appending, alone: one JSON line an event, on disk before `append` resolves,
 * each with the hash of the line before. A torn last line is cut off; any other bad line refuses.
 *
 * @param options.takeOver replace a holder that may still live; one of another host only by force while a sandbox may be there
 * @param options.keepFirst keeps each line elsewhere before it is written here; what it throws, `append` throws
 * @param options.beforeAppend a test's hook: called with each line before it is written, may throw or never resolve
 */
export async function openFileJournal(folder: string, options: JournalOptions): Promise<JournalOpening> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, JOURNAL_FILE);
  const first = await readJournalFile(file);
  const { takeOver = false } = options;
  const mayLeaveSandbox = takeOver === 'from-elsewhere' && isBoundToMachine(first.events, options.clock.now());
  const locked = await takeLock(folder, { lastEpoch: first.lastEpoch, takeOver: mayLeaveSandbox ? false : takeOver });
  if (locked.kind === 'refused') return { kind: 'refused', problem: locked.problem, readable: first };
  const text = await readJournalFile(file);
  if (text.bad) {
    await releaseLock(folder, locked.holder);
    return { kind: 'refused', problem: badLine(file, text.bad), readable: text };
  }
  const handle = await open(file, 'a', 0o600);
  if (text.torn) await handle.truncate(text.goodBytes);
  await syncFolder(folder);
  await syncFolder(dirname(folder));
  const journal = appendingJournal({ folder, handle, holder: locked.holder, text, ...options });
  return { kind: 'open', journal, fencedLines: text.fencedLines };
}

/** Reads a journal file without locking it; one that is not there holds nothing. */
export async function readJournalFile(file: string): Promise<JournalText> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  return readJournalText(text);
}

interface Appending {
  readonly folder: string;
  readonly handle: FileHandle;
  readonly holder: LockHolder;
  readonly text: JournalText;
  readonly clock: Clock;
  readonly beforeAppend?: (event: NewEvent) => Promise<void>;
  readonly keepFirst?: KeepLine;
}

function appendingJournal({ folder, handle, holder, text, clock, beforeAppend, keepFirst }: Appending): Journal {
  let [prev, seq, bytes, lines] = [text.lastHash, text.lastSeq, text.goodBytes, text.goodLines];
  let last: Promise<unknown> = Promise.resolve();
  const write = async (event: NewEvent): Promise<DrillEvent> => {
    await beforeAppend?.(event);
    if (!(await stillHolds(folder, holder))) throw new JournalUnwritable('taken-over');
    const kept: DrillEvent = {
      ...event,
      seq: seq + 1,
      epoch: holder.epoch,
      at: clock.now(),
      mono: clock.monotonic(),
      prev,
    };
    const line = JSON.stringify(kept);
    await keepFirst?.(line, lines + 1);
    await writeWholeLine(handle, `${line}\n`, bytes);
    [prev, seq] = [sha256Hex(line), kept.seq];
    [bytes, lines] = [bytes + Buffer.byteLength(line) + 1, lines + 1];
    return kept;
  };
  return {
    events: text.events,
    async append(event) {
      const mine = last.then(async () => write(event));
      last = mine.catch(() => undefined);
      return mine;
    },
    async close() {
      await last;
      await handle.close();
      await releaseLock(folder, holder);
    },
  };
}

/** A line that a full disk cut short is cut off again, so that it cannot become a bad line in the middle. */
async function writeWholeLine(handle: FileHandle, line: string, bytesBefore: number): Promise<void> {
  try {
    await handle.appendFile(line);
    await handle.datasync();
  } catch (error) {
    await handle.truncate(bytesBefore).catch(() => undefined);
    throw new JournalUnwritable('disk', error);
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function badLine(file: string, bad: { line: number; because: string }): Problem {
  return {
    code: 'journal/bad-line',
    message: `line ${bad.line} of '${file}' cannot be trusted: ${bad.because}`,
    hint: `Nothing continues from a journal that was changed; remove what the drill made with 'drillbook teardown'.`,
    blames: 'environment',
  };
}
