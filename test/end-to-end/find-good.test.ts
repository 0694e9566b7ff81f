import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';

let estate: RealEstate;
let runbook: string;
const CHECK = ['--check', 'the-contents-are-those-of-the-source', '--json'];

beforeAll(async () => {
  estate = await realEstate();
  runbook = await estate.runbook('search', { pick: 'base/01-opening' });
});
afterEach(async () => {
  expect(await tracesOf(estate.folder)).toEqual([]);
});
afterAll(async () => {
  await estate.remove();
});

interface Printed {
  readonly outcome: string;
  readonly cutShortBy: string | null;
  readonly points: number;
  readonly drills: readonly { readonly drillId: string; readonly id: string; readonly verdict: string }[];
}

/** When the recovery point after the damaged one was captured: before it, what went wrong stayed wrong. */
async function eveningOf(): Promise<string> {
  const { stdout } = await estate.drillbook(['recovery-points', runbook, '--json']);
  const [listed] = JSON.parse(stdout) as { listing: { points: { id: string; capturedAt: string }[] } }[];
  return listed?.listing.points.find(({ id }) => id === 'base/05-evening')?.capturedAt ?? '';
}

test('finds the last recovery point before the damage with drills that each leave a report', async () => {
  const before = await eveningOf();
  const { code, stdout, stderr } = await estate.drillbook(['find-good', runbook, ...CHECK, '--before', before]);
  expect(code, stderr).toBe(0);
  const result = JSON.parse(stdout) as Printed;
  expect(result).toMatchObject({
    outcome: 'exact',
    points: 4,
    lastGood: { id: 'base/03-noon' },
    firstBad: { id: 'base/04-afternoon' },
    lost: { until: before },
  });
  expect(result.drills.map(({ id, verdict }) => [id, verdict])).toEqual([
    ['base/04-afternoon', 'bad'],
    ['base/02-morning', 'good'],
    ['base/03-noon', 'good'],
  ]);
  const reports = await Promise.all(result.drills.map(async ({ drillId }) => estate.report(drillId)));
  expect(reports.map(({ verdict }) => verdict)).toEqual(['failed', 'passed', 'passed']);
  expect(stderr).toContain("drill 1: 'base/04-afternoon'");
  expect(stderr).toMatch(/at most 3 more follow/);
});

test('an interrupted search tears its drill down, begins no other, and tells what it knows: exit 130', async () => {
  const before = await readdir(join(estate.folder, 'reports'));
  const { child, ended } = estate.start(['find-good', runbook, ...CHECK]);
  let [seen, told] = ['', false];
  child.stderr?.on('data', (text: string) => {
    seen += text;
    if (told || !seen.includes('isolation: level')) return;
    told = child.kill('SIGINT');
  });
  const { code, stdout, stderr } = await ended;
  expect(code, stderr).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'nothing-known', cutShortBy: 'interrupted' });
  const after = await readdir(join(estate.folder, 'reports'));
  expect(after.filter((name) => !before.includes(name) && !name.startsWith('.'))).toHaveLength(1);
});

test.each([
  ['without a check', [], 2, /--check/],
  ['with a budget of nothing', [...CHECK, '--budget', '0'], 2, /--budget/],
  ['in a time of which there is nothing', [...CHECK, '--before', '2020-01-01'], 3, /captured in that time/],
])('says what is wrong %s', async (_, args, expected, told) => {
  const { code, stderr } = await estate.drillbook(['find-good', runbook, ...args]);
  expect([code, stderr]).toEqual([expected, expect.stringMatching(told)]);
});
