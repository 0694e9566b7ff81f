import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Archive, type EngineHold, archive } from '../../src/archive/archive.ts';
import type { NewEvent } from '../../src/drill/events.ts';
import { JOURNAL_FILE, readJournalFile } from '../../src/journal/file-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { type StoreCall, memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aJournal } from '../support/journal-builder.ts';

const DRILL = 'shop-20261120t030000z-0a1b2c';
const clock = fakeClock();
const event = (step: string): NewEvent => ({ type: 'step-started', step, attempt: 1, token: step });

const journals: Journal[] = [];
let lab: string;
let store: Store;
/** Keys put as evidence, in order. */
let evident: string[];
let hook: (call: StoreCall) => Promise<void>;

beforeEach(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-archive-'));
  hook = async () => Promise.resolve();
  store = memoryStore({ clock, hook: async (call) => hook(call) });
  evident = [];
});
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close().catch(() => undefined);
  await rm(lab, { recursive: true, force: true });
});

const held: EngineHold = { kind: 'held', release: async () => Promise.resolve() };

/** An archive as one machine has it. */
function machine(
  name: string,
  beOnlyEngine: (id: string, takeOver: boolean) => Promise<EngineHold> = async () => held,
) {
  const folder = join(lab, name);
  const evidence: Store = {
    ...store,
    create: async (key, text) => {
      evident.push(key);
      return store.create(key, text);
    },
    write: async (key, text) => {
      evident.push(key);
      return store.write(key, text);
    },
  };
  return { folder, ...archive({ store, evidence, folder, host: name, beOnlyEngine }) };
}

async function opened(on: Archive) {
  const opening = await on.openJournal(DRILL, { clock });
  if (opening.kind === 'refused') throw new Error(opening.problem.message);
  journals.push(opening.journal);
  return opening.journal;
}

async function stepsAt(folder: string) {
  const text = await readJournalFile(join(folder, DRILL, JOURNAL_FILE));
  expect(text.bad).toBeUndefined();
  return text.events.map((one) => ('step' in one ? one.step : one.type));
}

test('a drill whose machine vanished goes on elsewhere from its last line', async () => {
  const journal = await opened(machine('a'));
  await journal.append(event('1'));
  await journal.append(event('2'));
  const b = machine('b');
  await b.fetch();
  expect(await stepsAt(b.folder)).toEqual(['1', '2']);
  const next = await opened(b);
  expect(next.events).toHaveLength(2);
  await next.append(event('3'));
  await next.close();
  expect(await stepsAt(b.folder)).toEqual(['1', '2', '3']);
});

test('an engine that was taken over from elsewhere cannot add a line, there or here', async () => {
  const a = machine('a');
  const lost = await opened(a);
  await lost.append(event('1'));
  const next = await opened(machine('b'));
  await next.append(event('2'));
  await expect(lost.append(event('late'))).rejects.toMatchObject({ why: 'taken-over' });
  await lost.close();
  expect(await stepsAt(a.folder)).toEqual(['1']);
  await a.fetch(DRILL);
  expect(await stepsAt(a.folder)).toEqual(['1', '2']);
});

test('a line that could not be kept is not written here either, and nothing is lost when it was kept after all', async () => {
  const a = machine('a');
  const journal = await opened(a);
  await journal.append(event('1'));
  const failing = (when: 'before' | 'after') => async (call: StoreCall) => {
    if (call.name === 'create' && call.when === when) throw new Error('the bucket cannot be reached');
  };
  hook = failing('before');
  await expect(journal.append(event('never kept'))).rejects.toMatchObject({ why: 'disk' });
  hook = failing('after');
  await expect(journal.append(event('kept, and nobody knew'))).rejects.toMatchObject({ why: 'disk' });
  hook = async () => Promise.resolve();
  await journal.close();
  expect(await stepsAt(a.folder)).toEqual(['1']);
  const again = await opened(a);
  await again.append(event('2'));
  await again.close();
  expect(await stepsAt(a.folder)).toEqual(['1', 'kept, and nobody knew', '2']);
});

test('a last line that a crash tore here is made whole from what is kept', async () => {
  const a = machine('a');
  const journal = await opened(a);
  await journal.append(event('1'));
  await journal.append(event('2'));
  await journal.close();
  const file = join(a.folder, DRILL, JOURNAL_FILE);
  const whole = await readFile(file, 'utf8');
  await truncate(file, whole.length - 7);
  await a.fetch();
  expect(await readFile(file, 'utf8')).toBe(whole);
});

test('a finished drill is fetched as one text, with its reports where it is asked for by its id', async () => {
  const a = machine('a');
  const journal = await opened(a);
  await journal.append(event('1'));
  await journal.append(event('2'));
  await journal.close();
  await writeFile(join(a.folder, DRILL, 'report.json'), '{}');
  await a.keepFolder(DRILL, true);
  expect(await store.list('open/')).toEqual([]);
  const reads: string[] = [];
  hook = async ({ name, key, when }) => {
    if (name === 'read' && when === 'before') reads.push(key);
  };
  const b = machine('b');
  await b.fetch();
  expect(reads).toEqual([`drills/${DRILL}/journal.jsonl`]);
  expect(await stepsAt(b.folder)).toEqual(['1', '2']);
  await b.fetch();
  expect(reads).toHaveLength(1);
  await b.fetch(DRILL);
  expect((await readdir(join(b.folder, DRILL))).sort()).toEqual(['journal.jsonl', 'report.json']);
});

test('evidence is the lines of the journal and what was made of them, not the note that a drill is open', async () => {
  const a = machine('a');
  const journal = await opened(a);
  await journal.append(event('1'));
  await journal.close();
  await writeFile(join(a.folder, DRILL, 'report.json'), '{}');
  expect((await store.list('open/')).map(({ key }) => key)).toEqual([`open/${DRILL}.json`]);
  await a.keepFolder(DRILL, true);
  const folder = [`drills/${DRILL}/journal.jsonl`, `drills/${DRILL}/report.json`];
  expect(evident.sort()).toEqual([...folder, `journals/${DRILL}/000001.json`]);
  expect((await store.list('')).map(({ key }) => key)).toEqual(evident);
});

test('what was made of lines that could not be kept is not kept, until the drill has gone on with all of them', async () => {
  const a = machine('a');
  const journal = await opened(a);
  await journal.append(event('1'));
  hook = async ({ name }) => {
    if (name === 'create') throw new Error('the bucket cannot be reached');
  };
  await expect(journal.append(event('2'))).rejects.toMatchObject({ why: 'disk' });
  hook = async () => Promise.resolve();
  await journal.close();
  await expect(a.keepFolder(DRILL, true)).rejects.toThrow('could not be kept');
  expect((await store.list('')).map(({ key }) => key)).toEqual([`journals/${DRILL}/000001.json`, `open/${DRILL}.json`]);
  const again = await opened(a);
  await again.append(event('2'));
  await again.close();
  await a.keepFolder(DRILL, true);
  expect(await store.list('open/')).toEqual([]);
});

test('who cannot open the journal lets go of the drill', async () => {
  let released = 0;
  const hold: EngineHold = {
    kind: 'held',
    async release() {
      released += 1;
      return Promise.resolve();
    },
  };
  hook = async ({ name }) => {
    if (name === 'write') throw new Error('the bucket refuses');
  };
  await expect(machine('a', async () => hold).openJournal(DRILL, { clock })).rejects.toThrow('the bucket refuses');
  expect(released).toBe(1);
});

test('a finished drill that is opened again can be found again as one that goes on', async () => {
  const a = machine('a');
  const first = await opened(a);
  await first.append(event('1'));
  await first.close();
  await a.keepFolder(DRILL, true);
  const again = await opened(machine('b'));
  await again.append(event('2'));
  const c = machine('c');
  await c.fetch();
  expect(await stepsAt(c.folder)).toEqual(['1', '2']);
});

test('a drill whose sandbox is on another machine goes on there, or anywhere once it has expired or is said to be gone', async () => {
  const journal = await opened(machine('a'));
  const { events } = aJournal().started().planned();
  for (const event of events) await journal.append(event);
  const b = machine('b');
  for (const takeOver of [false, 'from-elsewhere'] as const) {
    const refused = await b.openJournal(DRILL, { clock, takeOver });
    expect(refused).toMatchObject({ kind: 'refused', problem: { code: 'journal/sandbox-elsewhere' } });
  }
  expect((await machine('a').openJournal(DRILL, { clock, takeOver: true })).kind).toBe('open');
  const expired = { ...clock, now: () => '2026-11-20T05:00:00.001Z' };
  expect((await b.openJournal(DRILL, { clock: expired })).kind).toBe('open');
  expect((await machine('c').openJournal(DRILL, { clock, takeOver: true })).kind).toBe('open');
});

test('a drill that had not come to make anything goes on anywhere', async () => {
  const journal = await opened(machine('a'));
  const [started] = aJournal().started().events;
  await journal.append(started as NewEvent);
  expect((await machine('b').openJournal(DRILL, { clock })).kind).toBe('open');
});

test('who is not the only engine gets no journal, and changes nothing', async () => {
  const problem = { code: 'x', message: 'taken', hint: 'Wait.', blames: 'environment' } as const;
  const asked: unknown[] = [];
  const b = machine('b', async (...args) => {
    asked.push(args);
    return Promise.resolve({ kind: 'refused', problem });
  });
  expect(await b.openJournal(DRILL, { clock, takeOver: true })).toMatchObject({ kind: 'refused', problem });
  expect(asked).toEqual([[DRILL, true]]);
  expect(await store.list('')).toEqual([]);
});

test('a hole in what is kept is never read over', async () => {
  const journal = await opened(machine('a'));
  for (const step of ['1', '2', '3']) await journal.append(event(step));
  await store.remove(`journals/${DRILL}/000002.json`);
  await expect(machine('b').fetch()).rejects.toThrow(/line 2|is not kept/);
});
