import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CommandIo } from '../../src/commands/io.ts';
import { type ReportsPlace, reportsPlace } from '../../src/commands/reports-place.ts';
import { drillIdOf, noDrills, runFire } from '../../src/commands/run-fire.ts';
import { scheduledDrills } from '../../src/commands/scheduled-drills.ts';
import type { Problem } from '../../src/diagnostics/problem.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const fire = {
  drill: 'nightly',
  due: '2026-11-20T03:00:00.000Z',
  startedAt: '2026-11-20T03:12:00.000Z',
  lateBy: 720_000,
};

let place: Workplace;

beforeEach(async () => {
  place = await workplace();
  await place.runbook('bookshop');
  await place.runbook('orders');
  await mkdir(join(place.cwd, 'drills'));
  const schedule = "schedule: { every: day, at: '03:00', timezone: UTC }";
  const text = `drill: nightly\nrunbooks: [../runbooks/bookshop.yaml, ../runbooks/orders.yaml]\nconcurrency: 1\n${schedule}\n`;
  await writeFile(join(place.cwd, 'drills', 'nightly.yaml'), text);
});

afterEach(async () => place.remove());

async function runner(io: CommandIo = place.io, change: Partial<ReportsPlace> = {}) {
  const { drills } = await scheduledDrills(io);
  const reports = { ...(reportsPlace('reports', io) as ReportsPlace), ...change };
  return { drills, reports, io, carried: noDrills() };
}

const idOf = (name: string) => drillIdOf(fire, { name });
const journal = async (name: string) => readFile(join(place.cwd, 'reports', idOf(name), 'journal.jsonl'), 'utf8');
const running = () => new AbortController().signal;

test('the id of a drill says its runbook and due, and is another one for each drill, due and runbook', () => {
  expect(idOf('bookshop')).toMatch(/^bookshop-20261120t030000z-[0-9a-f]{6}$/);
  const others = [
    drillIdOf({ ...fire, drill: 'weekly' }, { name: 'bookshop' }),
    drillIdOf({ ...fire, due: '2026-11-21T03:00:00.000Z' }, { name: 'bookshop' }),
    idOf('orders'),
  ];
  expect(new Set([idOf('bookshop'), ...others].map((id) => id.slice(-6))).size).toBe(4);
  expect(idOf('bookshop')).toBe(drillIdOf({ drill: fire.drill, due: fire.due }, { name: 'bookshop' }));
});

test('all runbooks of a fire are drilled, each with the occasion in its journal, and their exit codes count together', async () => {
  const whole = await runner();
  expect(await runFire(whole, fire, running())).toEqual({
    kind: 'finished',
    drillIds: [idOf('bookshop'), idOf('orders')],
  });
  for (const name of ['bookshop', 'orders']) {
    const [started = ''] = (await journal(name)).split('\n');
    const { drill, due, lateBy } = fire;
    expect(JSON.parse(started)).toMatchObject({ type: 'drill-started', occurrence: { drill, due, lateBy } });
  }
  // Their sources hold nothing.
  expect(whole.carried).toEqual({ underWay: new Set(), code: 3, wasInterrupted: false });
});

test('a fire that ends before its second drill has begun is unfinished, and begins only that one later', async () => {
  const abort = new AbortController();
  const seen: string[][] = [];
  const io = {
    ...place.io,
    stdout: () => {
      abort.abort();
    },
    stderr: () => void seen.push([...first.carried.underWay]),
  };
  const first = await runner(io);
  const end = await runFire(first, fire, abort.signal);
  expect(end).toEqual({ kind: 'unfinished', because: "'orders' was not begun before the scheduler had to end" });
  expect(seen[0]).toEqual([idOf('bookshop')]);
  const before = await journal('bookshop');
  await expect(journal('orders')).rejects.toThrow('ENOENT');
  expect(await runFire(await runner(), fire, running())).toMatchObject({ kind: 'finished' });
  expect([await journal('bookshop'), await journal('orders')]).toEqual([
    before,
    expect.stringContaining('drill-finished'),
  ]);
});

test('a drill that is aborted counts as interrupted, and not again when its fire is looked at later', async () => {
  const abort = new AbortController();
  const io = { ...place.io, stderr: () => abort.abort() };
  const first = await runner(io);
  await runFire(first, fire, abort.signal);
  expect(first.carried).toMatchObject({ code: 130, wasInterrupted: true });
  expect(await journal('bookshop')).toContain('the drill was interrupted by the scheduler');
  const later = await runner();
  expect(await runFire(later, fire, running())).toMatchObject({ kind: 'finished' });
  expect(later.carried).toMatchObject({ code: 3, wasInterrupted: false });
});

test('a drill whose evidence could not be kept leaves its fire unfinished', async () => {
  const problem: Problem = { code: 'x', message: 'the bucket is away', hint: 'Wait.', blames: 'environment' };
  const end = await runFire(await runner(place.io, { keep: async () => Promise.resolve(problem) }), fire, running());
  expect(end).toEqual({ kind: 'unfinished', because: 'the bucket is away; the bucket is away' });
});

test('a fire of a drill that is gone is unfinished', async () => {
  const end = await runFire(await runner(), { ...fire, drill: 'gone' }, running());
  expect(end).toEqual({ kind: 'unfinished', because: "there is no drill 'gone' any more" });
});
