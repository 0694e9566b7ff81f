import { mkdtemp, readFile, rm, stat, truncate, writeFile, appendFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NewEvent } from '../../src/drill/events.ts';
import { JOURNAL_FILE, openFileJournal, readJournalFile } from '../../src/journal/file-journal.ts';
import { JournalUnwritable } from '../../src/journal/journal.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aJournal } from '../support/journal-builder.ts';

let folder: string;
const clock = fakeClock();
const event = (step: string): NewEvent => ({ type: 'step-started', step, attempt: 1, token: step });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-journal-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function opened(takeOver = false) {
  const opening = await openFileJournal(folder, { clock, takeOver });
  if (opening.kind === 'refused') throw new Error(opening.problem.message);
  return opening;
}

async function written(...steps: string[]) {
  const { journal } = await opened();
  for (const step of steps) await journal.append(event(step));
  await journal.close();
}

test('what was appended is there again, in order, each line with the hash of the one before', async () => {
  await written('a', 'b');
  const { journal } = await opened();
  const c = await journal.append(event('c'));
  await journal.close();
  const text = await readJournalFile(join(folder, JOURNAL_FILE));
  expect(text.events.map((one) => 'step' in one && one.step)).toEqual(['a', 'b', 'c']);
  expect(text.events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(c.epoch).toBeGreaterThan(text.events[0]?.epoch ?? 0);
  expect(text.bad).toBeUndefined();
});

test('appends that are called together are kept in the order of their calls', async () => {
  const { journal } = await opened();
  await Promise.all(['a', 'b', 'c', 'd'].map(async (step) => journal.append(event(step))));
  await journal.close();
  const text = await readJournalFile(join(folder, JOURNAL_FILE));
  expect(text.events.map((one) => 'step' in one && one.step)).toEqual(['a', 'b', 'c', 'd']);
});

test('a journal cut at any byte opens with the whole lines before the cut, and goes on', async () => {
  await written('a', 'b', 'c');
  const file = join(folder, JOURNAL_FILE);
  const whole = await readFile(file);
  for (let bytes = 0; bytes <= whole.length; bytes += 1) {
    await writeFile(file, whole);
    await truncate(file, bytes);
    const lines = whole.subarray(0, bytes).toString().split('\n').length - 1;
    const { journal } = await opened();
    expect(journal.events.length).toBe(lines);
    await journal.append(event('next'));
    await journal.close();
    const text = await readJournalFile(file);
    expect([text.bad, text.torn, text.events.length]).toEqual([undefined, false, lines + 1]);
  }
});

test('any changed byte of a whole line is noticed, and the line is named', async () => {
  await written('a', 'b', 'c');
  const file = join(folder, JOURNAL_FILE);
  const lines = (await readFile(file, 'utf8')).split('\n');
  await writeFile(file, lines.map((line, n) => (n === 0 ? line.replace('"step":"a"', '"step":"x"') : line)).join('\n'));
  const opening = await openFileJournal(folder, { clock });
  expect(opening).toMatchObject({ kind: 'refused', problem: { code: 'journal/bad-line' } });
  expect(opening.kind === 'refused' && opening.problem.message).toMatch(/^line 2 of /);
  await writeFile(file, lines.filter((_, n) => n !== 1).join('\n'));
  expect(await openFileJournal(folder, { clock })).toMatchObject({
    kind: 'refused',
    problem: { code: 'journal/bad-line' },
  });
});

test('a refused journal gives the lock back and what could be read', async () => {
  await written('a', 'b');
  await appendFile(join(folder, JOURNAL_FILE), 'nonsense\n');
  const opening = await openFileJournal(folder, { clock });
  expect(opening.kind === 'refused' && opening.readable.events.length).toBe(2);
  await expect(stat(join(folder, 'engine.lock'))).rejects.toThrow();
});

test('one engine a drill: a second one is refused while the first one lives', async () => {
  const { journal } = await opened();
  expect(await openFileJournal(folder, { clock })).toMatchObject({
    kind: 'refused',
    problem: { code: 'journal/locked' },
  });
  await journal.close();
  await (await opened()).journal.close();
});

test('the lock of a process of this host that no longer lives is taken', async () => {
  await writeLock({ host: hostname(), pid: 2 ** 22 + 1 });
  await (await opened()).journal.close();
});

test('the lock of another host is respected, unless it is taken over', async () => {
  await writeLock({ host: 'elsewhere', pid: 1 });
  expect(await openFileJournal(folder, { clock })).toMatchObject({
    kind: 'refused',
    problem: { code: 'journal/locked' },
  });
  const { journal } = await opened(true);
  expect((await journal.append(event('a'))).epoch).toBe(8);
  await journal.close();
});

test('engines of other hosts that are known to be dead are followed, those of this host that live are not', async () => {
  const takeOver = 'from-elsewhere';
  await writeLock({ host: 'elsewhere', pid: 1 });
  const first = await openFileJournal(folder, { clock, takeOver });
  if (first.kind === 'refused') throw new Error(first.problem.message);
  const locked = { kind: 'refused', problem: { code: 'journal/locked' } };
  expect(await openFileJournal(folder, { clock, takeOver })).toMatchObject(locked);
  await first.journal.close();
});

test('a drill whose sandbox may be on the other host is not followed before it has expired', async () => {
  const { journal } = await opened();
  for (const one of aJournal().started().planned().events) await journal.append(one);
  await journal.close();
  await writeLock({ host: 'elsewhere', pid: 1 });
  const followedAt = async (now: string) =>
    openFileJournal(folder, { clock: { ...clock, now: () => now }, takeOver: 'from-elsewhere' });
  expect(await followedAt('2026-11-20T04:59:59.999Z')).toMatchObject({
    kind: 'refused',
    problem: { code: 'journal/locked' },
  });
  const later = await followedAt('2026-11-20T05:00:00.001Z');
  expect(later.kind).toBe('open');
  if (later.kind === 'open') await later.journal.close();
});

test('an engine that was taken over cannot append any more', async () => {
  const first = await opened();
  await first.journal.append(event('a'));
  const second = await opened(true);
  await expect(first.journal.append(event('late'))).rejects.toMatchObject({ why: 'taken-over' });
  await expect(first.journal.append(event('late'))).rejects.toBeInstanceOf(JournalUnwritable);
  await second.journal.append(event('b'));
  await second.journal.close();
  await first.journal.close();
});

test('lines that an engine wrote while it was being taken over are ignored and reported, before or behind the new ones', async () => {
  const file = join(folder, JOURNAL_FILE);
  await written('a');
  const base = await readFile(file, 'utf8');
  const { journal } = await opened(true);
  await journal.append(event('old'));
  await journal.close();
  const stale = (await readFile(file, 'utf8')).slice(base.length);
  await writeFile(file, base);
  await writeLock({ host: 'elsewhere', pid: 1 });
  const next = await opened(true);
  await next.journal.append(event('b'));
  await next.journal.close();
  const fresh = (await readFile(file, 'utf8')).slice(base.length);
  for (const [text, line] of [
    [base + fresh + stale, 3],
    [base + stale + fresh, 2],
  ] as const) {
    await writeFile(file, text);
    const read = await readJournalFile(file);
    expect(read.events.map((one) => 'step' in one && one.step)).toEqual(['a', 'b']);
    expect([read.fencedLines, read.bad]).toEqual([[line], undefined]);
  }
});

async function writeLock({ host, pid }: { host: string; pid: number }) {
  const holder = { host, bootId: 'another', pid, startTime: '1', epoch: 7 };
  await writeFile(join(folder, 'engine.lock'), JSON.stringify(holder));
}
