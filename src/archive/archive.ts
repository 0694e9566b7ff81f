import { mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import {
  type JournalOpening,
  type KeepLine,
  JOURNAL_FILE,
  openFileJournal,
  readJournalFile,
} from '../journal/file-journal.ts';
import { isBoundToMachine } from '../drill/bound-to-machine.ts';
import type { TakeOver } from '../journal/drill-lock.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../support/clock.ts';
import { writeWholeFile } from '../support/whole-file.ts';
import { keptLines, lineKeeper } from './kept-lines.ts';

/** Drills that outlive the machines that run them: their folders here are copies of what a store keeps. */
export interface Archive {
  /** Brings the journals here up to what is kept; with an id that drill's whole folder, and nothing else. */
  fetch(drillId?: string): Promise<void>;
  /**
   * Opens a drill's journal on this machine and in the store, alone: every line is kept there before it is written here,
   * so that the copy is never ahead.
   */
  openJournal(drillId: string, options: { clock: Clock; takeOver?: TakeOver }): Promise<JournalOpening>;
  /**
   * Keeps the whole journal and everything that was made from it. `isFinished`: nothing will be added to it.
   *
   * @throws Error also when a line of the journal could not be kept here: what was made of it would contradict it
   */
  keepFolder(drillId: string, isFinished: boolean): Promise<void>;
}

export interface ArchiveOptions {
  /** For notes that change: which drills are open. */
  readonly store: Store;
  /** The same texts as `store`; what is put there is evidence. */
  readonly evidence: Store;
  /** Where the copies are. */
  readonly folder: string;
  /** This machine's name. */
  readonly host: string;
  /** Makes this engine the drill's only one, on whatever machine. */
  readonly beOnlyEngine: (drillId: string, takeOver: boolean) => Promise<EngineHold>;
}

export type EngineHold =
  { readonly kind: 'held'; release(): Promise<void> } | { readonly kind: 'refused'; readonly problem: Problem };

/** Drills looked at, or their files carried, at once. */
const SIDE_BY_SIDE = 16;

/**
 * In the store: `open/<id>.json` while a drill may go on, `journals/<id>/<number>.json` a line each, and
 * `drills/<id>/<file>` the folder as it was when an engine left it.
 */
export function archive(options: ArchiveOptions): Archive {
  const { store, evidence, folder, beOnlyEngine } = options;
  const unkept = new Set<string>();
  return {
    async fetch(drillId) {
      if (drillId === undefined) await fetchAll(options);
      else await fetchFolder(options, drillId);
    },
    async openJournal(drillId, { clock, takeOver = false }) {
      const hold = await beOnlyEngine(drillId, takeOver === true);
      if (hold.kind === 'refused') return { ...hold, readable: NOTHING_READ };
      unkept.delete(drillId);
      const keepFirst = lineKeeper(evidence, drillId, () => unkept.add(drillId));
      const opening = await openKept(options, drillId, { clock, takeOver, keepFirst }).catch(async (error: unknown) => {
        await hold.release();
        throw error;
      });
      if (opening.kind === 'refused') {
        await hold.release();
        return opening;
      }
      const { journal } = opening;
      const close = async () => {
        try {
          await journal.close();
        } finally {
          await hold.release();
        }
      };
      return { ...opening, journal: { ...journal, close } };
    },
    async keepFolder(drillId, isFinished) {
      // A report of what the kept journal does not say would be evidence against it.
      if (unkept.has(drillId)) throw new Error(`lines of the journal of '${drillId}' could not be kept`);
      const limit = pLimit(SIDE_BY_SIDE);
      const names = (await readdir(join(folder, drillId), { withFileTypes: true })).filter((one) => one.isFile());
      const keep = async ({ name }: { name: string }) =>
        evidence.write(`drills/${drillId}/${name}`, await readFile(join(folder, drillId, name), 'utf8'));
      await Promise.all(names.filter(({ name }) => KEPT.test(name)).map((one) => limit(keep, one)));
      if (isFinished) await store.remove(`open/${drillId}.json`);
    },
  };
}

async function openKept(
  options: ArchiveOptions,
  drillId: string,
  opening: { readonly clock: Clock; readonly takeOver: TakeOver; readonly keepFirst: KeepLine },
): Promise<JournalOpening> {
  const { store, folder, host } = options;
  await fetchFolder(options, drillId);
  const elsewhere = opening.takeOver === true ? undefined : await sandboxElsewhere(options, drillId, opening.clock);
  if (elsewhere !== undefined) return { kind: 'refused', problem: elsewhere, readable: NOTHING_READ };
  await store.write(`open/${drillId}.json`, `${JSON.stringify({ host })}\n`);
  // Who held the copy here before, on a disk that hosts share, does not hold the drill any more.
  return openFileJournal(join(folder, drillId), { ...opening, takeOver: opening.takeOver || 'from-elsewhere' });
}

/** A sandbox on another machine cannot be seen from here, and would be taken for gone. */
async function sandboxElsewhere(
  { store, folder, host }: ArchiveOptions,
  drillId: string,
  clock: Clock,
): Promise<Problem | undefined> {
  const { events } = await readJournalFile(join(folder, drillId, JOURNAL_FILE));
  const note = await store.read(`open/${drillId}.json`);
  if (note === undefined || !isBoundToMachine(events, clock.now())) return undefined;
  const there = (JSON.parse(note) as { host?: string }).host;
  if (there === undefined || there === host) return undefined;
  return {
    code: 'journal/sandbox-elsewhere',
    message: `the sandbox of '${drillId}' is on the machine '${there}', and nothing of it can be seen from '${host}'`,
    hint: 'Go on there, or here once the sandbox has expired; where it is gone for good with its machine, add --take-over.',
    blames: 'environment',
  };
}

/** Everything in a drill's folder but locks and what is half written. */
const KEPT = /^(journal\.jsonl|report\.(json|md|html)|junit\.xml)$/;

/** Of a journal that could not be looked at. */
export const NOTHING_READ = {
  events: [],
  lastHash: '',
  lastSeq: 0,
  lastEpoch: 0,
  goodBytes: 0,
  goodLines: 0,
  torn: false,
  fencedLines: [],
} as const;

async function fetchAll(options: ArchiveOptions): Promise<void> {
  const { store, folder } = options;
  const limit = pLimit(SIDE_BY_SIDE);
  const kept = await store.list('drills/');
  const journals = kept.flatMap(({ key, bytes }) => {
    const [, drillId = '', name] = key.split('/');
    return name === JOURNAL_FILE ? [{ drillId, bytes }] : [];
  });
  const open = (await store.list('open/')).map(({ key }) => key.slice('open/'.length).replace(/\.json$/, ''));
  const isNew = async ({ drillId, bytes }: { drillId: string; bytes: number }) =>
    (await sizeOf(join(folder, drillId, JOURNAL_FILE))) < bytes;
  await Promise.all(
    journals.map((one) =>
      limit(async () => {
        if (await isNew(one)) await fetchFile(options, one.drillId, JOURNAL_FILE);
      }),
    ),
  );
  await Promise.all(open.map((drillId) => limit(fetchLines, options, drillId)));
}

async function fetchFolder(options: ArchiveOptions, drillId: string): Promise<void> {
  const kept = await options.store.list(`drills/${drillId}/`);
  const names = kept.map(({ key }) => key.slice(`drills/${drillId}/`.length)).filter((name) => KEPT.test(name));
  await Promise.all(names.map(async (name) => fetchFile(options, drillId, name)));
  await fetchLines(options, drillId);
}

/** A journal only ever grows: a copy that is longer than what was kept of it holds lines that are kept one by one. */
async function fetchFile({ store, folder }: ArchiveOptions, drillId: string, name: string): Promise<void> {
  const text = await store.read(`drills/${drillId}/${name}`);
  if (text === undefined) return;
  const file = join(folder, drillId, name);
  if (name === JOURNAL_FILE && (await sizeOf(file)) >= Buffer.byteLength(text)) return;
  await mkdir(join(folder, drillId), { recursive: true, mode: 0o700 });
  await writeWholeFile(file, text, name === JOURNAL_FILE ? 0o600 : 0o644);
}

/** Adds the lines that the copy lacks; a torn last line of it is one of them. */
async function fetchLines({ store, folder }: ArchiveOptions, drillId: string): Promise<void> {
  const file = join(folder, drillId, JOURNAL_FILE);
  const text = await readFile(file, 'utf8').catch(() => '');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = await keptLines(store, drillId, whole.split('\n').length);
  if (lines.length === 0) return;
  await mkdir(join(folder, drillId), { recursive: true, mode: 0o700 });
  await writeWholeFile(file, whole + lines.map((line) => `${line}\n`).join(''));
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => -1,
  );
}
