import { mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import { type DrillIndex, openDrillIndex } from '../../src/history/drill-index.ts';
import { indexFileOf } from '../../src/history/index-file.ts';
import { pointHistory, timesDrawn } from '../../src/history/point-history.ts';
import { readJournalFile } from '../../src/journal/file-journal.ts';
import { addMillis } from '../../src/support/time.ts';
import { A_PROBLEM, STARTED_AT, aJournal, aPassedDrill, aShop } from '../support/journal-builder.ts';
import { aRecoveryPoint, aRestore } from '../support/runbook-builder.ts';

const HOUR = 3_600_000;
let reports: string;

beforeEach(async () => {
  reports = await mkdtemp(join(tmpdir(), 'drillbook-index-'));
});
afterEach(async () => {
  await rm(reports, { recursive: true });
});

interface ADrill {
  readonly id: string;
  /** Hours after the first one could begin. */
  readonly begins: number;
  /** The hours at which the points were captured that it could choose from; it draws the first. */
  readonly sees: readonly number[];
  readonly source: string;
  readonly ends: 'passed' | 'not restored' | 'killed';
}

function eventsOf({ id, begins, sees, source, ends }: ADrill): readonly DrillEvent[] {
  const runbook = aShop({ restore: [aRestore('orders', { source })] });
  const journal = aJournal(runbook)
    .after(begins * HOUR)
    .started({ drillId: id });
  const candidates = sees.map((hour) => aRecoveryPoint(source, `point-${hour}`, hour));
  journal.planned((plan) => ({
    ...plan,
    resources: plan.resources.map((one) => {
      const point = candidates[0] ?? one.point;
      return {
        ...one,
        point,
        draw: { ...one.draw, index: 0, candidates: candidates.map(({ id, capturedAt }) => ({ id, capturedAt })) },
      };
    }),
  }));
  if (ends === 'killed') return journal.events;
  journal.sandboxed();
  if (ends === 'passed') journal.restored().checked();
  else journal.restoreFailed(A_PROBLEM);
  return journal.tornDown().finished().events;
}

async function write(id: string, events: readonly DrillEvent[]): Promise<string> {
  const file = join(reports, id, 'journal.jsonl');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return file;
}

/** Opens the index, and tells which journals were read for it. */
async function open(tool = '1') {
  const read: string[] = [];
  const index = await openDrillIndex(reports, {
    tool,
    readJournal: async (file) => {
      read.push(dirname(file).slice(reports.length + 1));
      return readJournalFile(file);
    },
  });
  return { index, read };
}

function told(index: DrillIndex) {
  return { drills: index.drills, points: index.points() };
}

function pointsOf(index: DrillIndex, source: string) {
  const history = pointHistory({
    stored: index.points(),
    drills: index.drills,
    now: addMillis(STARTED_AT, 1_000 * HOUR),
  });
  return history.of([{ kind: 'postgres', source }]);
}

describe('the index of drills', () => {
  it('reads no journal for a second answer, and gives the same one', async () => {
    await write('a', eventsOf({ id: 'a', begins: 0, sees: [1, 2], source: '/s', ends: 'passed' }));
    await write('b', eventsOf({ id: 'b', begins: 1, sees: [2, 3], source: '/s', ends: 'killed' }));
    const cold = await open();
    expect(cold.read).toEqual(['a', 'b']);
    const warm = await open();
    expect(warm.read).toEqual([]);
    expect(told(warm.index)).toEqual(told(cold.index));
    expect(warm.index.drills.map(({ drillId, verdict }) => [drillId, verdict])).toEqual([
      ['a', 'passed'],
      ['b', 'inconclusive'],
    ]);
  });

  it('is that of a full rebuild, to the byte, after any changes to the folders', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const drill = fc.record({
      id: fc.constantFrom(...ids),
      begins: fc.integer({ min: 0, max: 50 }),
      sees: fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 8 }),
      source: fc.constantFrom('/s', '/t'),
      ends: fc.constantFrom('passed' as const, 'not restored' as const, 'killed' as const),
    });
    const change = fc.oneof(
      drill.map((one) => ({ kind: 'write' as const, ...one })),
      fc.constantFrom(...ids).map((id) => ({ kind: 'remove' as const, id })),
      fc.constantFrom(...ids).map((id) => ({ kind: 'spoil' as const, id })),
      fc.constantFrom(...ids).map((id) => ({ kind: 'cut' as const, id })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 5 }), async (rounds) => {
        for (const round of rounds) {
          for (const one of round) {
            const file = join(reports, one.id, 'journal.jsonl');
            if (one.kind === 'write') await write(one.id, eventsOf(one));
            else if (one.kind === 'remove') await rm(dirname(file), { recursive: true, force: true });
            else {
              const text = await readFile(file, 'utf8').catch(() => undefined);
              if (text === undefined) continue;
              await writeFile(file, one.kind === 'cut' ? text.slice(text.indexOf('\n') + 1) : `${text}not an event\n`);
            }
          }
          const kept = await open();
          const written = await readFile(indexFileOf(reports), 'utf8');
          await rm(dirname(indexFileOf(reports)), { recursive: true });
          const rebuilt = await open();
          expect(told(kept.index)).toEqual(told(rebuilt.index));
          expect(written).toBe(await readFile(indexFileOf(reports), 'utf8'));
        }
        for (const id of ids) await rm(join(reports, id), { recursive: true, force: true });
      }),
      { numRuns: 25 },
    );
  });

  it('reads again only what has changed, though size and time of change were made to look the same', async () => {
    const file = await write('a', eventsOf({ id: 'a', begins: 0, sees: [1], source: '/s', ends: 'passed' }));
    await write('b', eventsOf({ id: 'b', begins: 1, sees: [1], source: '/s', ends: 'passed' }));
    await open();
    const { atime, mtime } = await stat(file);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('fsync=off', 'fsync=0ff'));
    await utimes(file, atime, mtime);
    const { index, read } = await open();
    expect(read).toEqual(['a']);
    expect(index.drills[0]).toMatchObject({ trusted: false, verified: false });
  });

  it.each<[string, (text: string) => string]>([
    ['cut short', (text) => text.slice(0, -40)],
    ['changed in one letter', (text) => text.replace('"verified":false', '"verified":true ')],
    ['no index at all', () => 'nothing'],
    ['empty', () => ''],
    ['of another shape', (text) => text.replace('{"drillIndex":1', '{"drillIndex":0')],
  ])('is built anew, not believed, when it is %s', async (_name, spoil) => {
    await write('a', eventsOf({ id: 'a', begins: 0, sees: [1], source: '/s', ends: 'not restored' }));
    const whole = told((await open()).index);
    const text = await readFile(indexFileOf(reports), 'utf8');
    await writeFile(indexFileOf(reports), spoil(text));
    expect(spoil(text)).not.toBe(text);
    const { index, read } = await open();
    expect(read).toEqual(['a']);
    expect(told(index)).toEqual(whole);
    expect(await readFile(indexFileOf(reports), 'utf8')).toBe(text);
  });

  it('of another version of drillbook is built anew', async () => {
    await write('a', aPassedDrill().events);
    await open('1');
    expect((await open('2')).read).toEqual(['a']);
  });

  it('is done without where it cannot be written', async () => {
    await write('a', aPassedDrill().events);
    await writeFile(join(reports, '.index'), 'a file where a folder should be');
    expect((await open()).index.drills.length).toBe(1);
    expect((await open()).index.drills.length).toBe(1);
  });

  it('makes no folder where there are no reports', async () => {
    const index = await openDrillIndex(join(reports, 'nowhere'), { tool: '1' });
    expect(told(index)).toEqual({ drills: [], points: [] });
    expect(await readdir(reports)).toEqual([]);
  });

  it('is whole whichever of many at once wrote it last', async () => {
    for (const id of ['a', 'b', 'c']) {
      await write(id, eventsOf({ id, begins: 0, sees: [1, 2], source: '/s', ends: 'passed' }));
    }
    const all = await Promise.all(Array.from({ length: 8 }, async () => open()));
    const [first] = all;
    for (const one of all) expect(told(one.index)).toEqual(first && told(first.index));
    expect((await open()).read).toEqual([]);
    expect(await readdir(join(reports, '.index'))).toEqual(['drills.jsonl']);
  });

  it('takes a copy of a folder for no second drill', async () => {
    const events = eventsOf({ id: 'a', begins: 0, sees: [1, 2], source: '/s', ends: 'passed' });
    for (const id of ['a', 'a-copy']) await write(id, events);
    const { index } = await open();
    expect(index.drills.map(({ folder }) => folder)).toEqual(['a']);
    expect(timesDrawn(index.drills, '/s')).toEqual({ 'point-1': 1 });
    expect(pointsOf(index, '/s').map(({ timesDrawn: times }) => times)).toEqual([1, 0]);
  });

  it('tells a journal that cannot be read, and asks for it again the next time', async () => {
    await write('a', aPassedDrill().events);
    const refusing = {
      tool: '1',
      readJournal: async () => Promise.reject(Object.assign(new Error('no'), { code: 'EIO' })),
    };
    const index = await openDrillIndex(reports, refusing);
    expect(index.unreadable).toEqual([{ drillId: 'a', code: 'EIO' }]);
    expect((await open()).read).toEqual(['a']);
  });
});

describe('the recovery points that draws saw', () => {
  it('are kept once each, with when they were last seen, how often drawn, and by what proven', async () => {
    await write('a', eventsOf({ id: 'a', begins: 0, sees: [1, 2], source: '/s', ends: 'passed' }));
    await write('b', eventsOf({ id: 'b', begins: 5, sees: [1, 3], source: '/s', ends: 'not restored' }));
    await write('c', eventsOf({ id: 'c', begins: 6, sees: [9], source: '/t', ends: 'passed' }));
    const { index } = await open();
    const [a, b] = index.drills;
    expect(pointsOf(index, '/s')).toMatchObject([
      { id: 'point-1', lastSeen: b?.startedAt, timesDrawn: 2, proven: { by: 'a', at: a?.resources[0]?.verifiedAt } },
      { id: 'point-2', lastSeen: a?.startedAt, timesDrawn: 0 },
      { id: 'point-3', lastSeen: b?.startedAt, timesDrawn: 0 },
    ]);
    expect(pointsOf(index, '/s')[1]).not.toHaveProperty('proven');
    expect(pointsOf(index, '/t').map(({ id }) => id)).toEqual(['point-9']);
  });

  it('leave with the last drill that saw them', async () => {
    await write('a', eventsOf({ id: 'a', begins: 0, sees: [1, 2], source: '/s', ends: 'passed' }));
    await write('b', eventsOf({ id: 'b', begins: 5, sees: [2, 3], source: '/s', ends: 'passed' }));
    await open();
    await rm(join(reports, 'a'), { recursive: true });
    const { index } = await open();
    expect(pointsOf(index, '/s').map(({ id }) => id)).toEqual(['point-2', 'point-3']);
  });

  it('are one list where checkouts gave one source several paths', async () => {
    await write('a', eventsOf({ id: 'a', begins: 0, sees: [1, 2], source: '/s', ends: 'passed' }));
    await write('b', eventsOf({ id: 'b', begins: 5, sees: [2, 3], source: '/t', ends: 'passed' }));
    const { index } = await open();
    const history = pointHistory({
      stored: index.points(),
      drills: index.drills,
      now: addMillis(STARTED_AT, 9 * HOUR),
    });
    const merged = history.of([
      { kind: 'postgres', source: '/s' },
      { kind: 'postgres', source: '/t' },
    ]);
    expect(merged.map(({ id, proven }) => [id, proven?.by])).toEqual([
      ['point-1', 'a'],
      ['point-2', 'b'],
      ['point-3', undefined],
    ]);
  });
});
