import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportSchema } from '../../src/report/report-schema.ts';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { textsBelow, treeHash } from '../support/tree-hash.ts';

let estate: RealEstate;

beforeAll(async () => {
  estate = await realEstate();
});
afterAll(async () => {
  expect(await tracesOf(estate.folder)).toEqual([]);
  await estate.remove();
});

interface PrintedReport {
  readonly verdict: string;
  readonly drillId: string;
  readonly checks: readonly { readonly id: string; readonly outcome: string; readonly because?: string }[];
  readonly problems: readonly { readonly code: string; readonly hint: string }[];
  readonly teardown: { readonly outcome: string };
  readonly rto: { readonly outcome: string; readonly measuredSeconds: number };
  readonly rpo: { readonly outcome: string; readonly measuredSeconds: number };
}

async function drill(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
  const ended = await estate.drillbook(['run', file, '--json', ...args], { env });
  return { ...ended, report: JSON.parse(ended.stdout || '{}') as PrintedReport };
}

test('a good recovery point passes: exit 0, one JSON document on stdout, every form of the report, the source untouched', async () => {
  const runbook = await estate.runbook('good', { pick: 'base/05-evening' });
  const source = join(estate.folder, '.drillbook', 'sample', 'bookshop');
  const before = await treeHash(source);
  const { code, report, stderr } = await drill(runbook);
  expect([code, report.verdict, report.teardown.outcome], stderr).toEqual([0, 'passed', 'clean']);
  expect(report.rto.outcome).toBe('met');
  expect(report.rto.measuredSeconds).toBeGreaterThan(0);
  const ajv = new Ajv({ strict: true, allErrors: true });
  addFormats.default(ajv);
  expect(ajv.validate(reportSchema, report), JSON.stringify(ajv.errors)).toBe(true);
  const files = await readdir(join(estate.folder, 'reports', report.drillId));
  expect(files.sort()).toEqual(['journal.jsonl', 'junit.xml', 'report.html', 'report.json', 'report.md']);
  expect((await estate.drillbook(['verify', report.drillId])).code).toBe(0);
  expect(await treeHash(source)).toBe(before);
});

test('a drill that names several runbooks drills them all, with its objectives, and gives the worst exit code', async () => {
  const [good, damaged] = [
    await estate.runbook('first', { pick: 'base/01-opening' }),
    await estate.runbook('second', { pick: 'base/04-afternoon' }),
  ];
  const file = join(estate.folder, 'runbooks', 'both.yaml');
  await writeFile(file, `drill: both\nrunbooks: ['${good}', '${damaged}']\nobjectives: { rto: 11m }\n`);
  const { code, stdout, stderr } = await estate.drillbook(['run', file, '--json']);
  const reports = JSON.parse(stdout || '[]') as readonly {
    runbook: string;
    verdict: string;
    rto: { targetSeconds: number };
  }[];
  expect([code, reports.map(({ runbook, verdict, rto }) => [runbook, verdict, rto.targetSeconds])], stderr).toEqual([
    1,
    [
      ['first', 'passed', 660],
      ['second', 'failed', 660],
    ],
  ]);
});

test('the silently damaged recovery point fails: exit 1, and the table is named', async () => {
  const runbook = await estate.runbook('damaged', { pick: 'base/04-afternoon' });
  const { code, report } = await drill(runbook);
  expect([code, report.verdict, report.teardown.outcome]).toEqual([1, 'failed', 'clean']);
  expect(report.checks.find(({ id }) => id === 'the-contents-are-those-of-the-source')?.because).toMatch(
    /'public\.orders' has/,
  );
});

test('evidence that was edited afterwards is found out', async () => {
  const runbook = await estate.runbook('edited', { pick: 'base/01-opening' });
  const { report } = await drill(runbook);
  const file = join(estate.folder, 'reports', report.drillId, 'report.json');
  await writeFile(file, JSON.stringify({ ...report, verdict: 'passed', seed: 'another' }));
  const verified = await estate.drillbook(['verify', report.drillId]);
  expect([verified.code, verified.stdout]).toEqual([1, expect.stringContaining('report.json')]);
});

test('no password and no value of a row reaches a report, stdout or stderr', async () => {
  const runbook = await estate.runbook('secrets', {
    pick: 'base/01-opening',
    checks: `
  - { smoke: wrong password, of: orders, kind: login, user: postgres, password: { env: CANARY } }
  - { integrity: text does not match, of: orders, kind: sql, query: select name from customers where id = 7, expect: { matches: '^Nobody$' } }
  - { integrity: error with a value, of: orders, kind: sql, query: "select count(*) from customers where name::int = 3", expect: { atLeast: 1 } }
  - { integrity: the contents are those of the source, of: orders, kind: manifest }`,
  });
  const ended = await drill(runbook, [], { ...process.env, CANARY: 'hunter2-canary' });
  expect(ended.report.checks.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'errored', 'passed']);
  expect(ended.code).toBe(1);
  const texts = [
    ...(await textsBelow(join(estate.folder, 'reports'))),
    ['stdout', ended.stdout],
    ['stderr', ended.stderr],
  ];
  for (const canary of ['hunter2-canary', 'Customer 7', '@bookshop.example', 'leave with the neighbour']) {
    for (const [file, text] of texts) expect(text?.includes(canary), `'${canary}' in ${file}`).toBe(false);
  }
});

test('a wrong runbook ends in exit 2 with every problem at its place, and nothing is left behind', async () => {
  const file = join(estate.folder, 'runbooks', 'wrong.yaml');
  await writeFile(file, 'runbook: wrong\nowners: me\nrestore: {}\n');
  const before = await readdir(join(estate.folder, 'reports'));
  const { code, stderr, stdout } = await estate.drillbook(['run', file]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/wrong\.yaml:2:1 .*'owners'/);
  expect(stderr).toMatch(/hint: .*owner/);
  expect(stderr).not.toMatch(/ at .*\.js:/);
  expect(await readdir(join(estate.folder, 'reports'))).toEqual(before);
});

test.each<[string, readonly string[], number, RegExp]>([
  ['an unknown command', ['frobnicate'], 2, /frobnicate/],
  ['no runbook', ['run'], 2, /runbook/],
  ['a runbook that is not there', ['run', 'nowhere.yaml'], 2, /nowhere\.yaml/],
  ['a folder for a runbook', ['run', 'runbooks'], 2, /runbooks/],
  ['a time without a zone', ['run', 'x.yaml', '--disaster-at', '2026-11-20T03:00:00'], 2, /zone/],
  ['a duration that is none', ['run', 'x.yaml', '--keep-on-failure', 'long'], 2, /duration/],
  ['a drill that is not there', ['report', 'nothing-here'], 2, /nothing-here/],
  ['an id that leaves its folder', ['teardown', '../../etc'], 2, /no drill/],
  ['an unknown format', ['report', '--format', 'pdf'], 2, /pdf/],
  ['a source that is not there', ['recovery-points', 'no-such-folder'], 2, /no-such-folder/],
])('%s ends in a sentence, a hint or the usage, and no stack trace', async (_name, args, code, says) => {
  const ended = await estate.drillbook(args);
  expect(ended.code, ended.stderr).toBe(code);
  expect(ended.stderr).toMatch(says);
  expect(ended.stderr).not.toMatch(/ at .*\.js:/);
});

test('a source without recovery points is refused before anything is made: exit 3, a code and a hint', async () => {
  const runbook = await estate.runbook('unknown-point', { pick: 'base/99-never' });
  const { code, report } = await drill(runbook);
  expect([code, report.verdict]).toEqual([3, 'inconclusive']);
  expect(report.problems.map((problem) => problem.code)).toContain('select/no-recovery-point');
  expect(report.teardown.outcome).toBe('clean');
});

test('recovery-points, plan, report and doctor answer, in words and in JSON', async () => {
  const runbook = await estate.runbook('readers', { pick: 'base/01-opening' });
  const points = await estate.drillbook(['recovery-points', runbook, '--json']);
  expect(JSON.parse(points.stdout)).toMatchObject([{ resource: 'orders', listing: { unusable: [] } }]);
  expect((await estate.drillbook(['recovery-points', runbook])).stdout).toMatch(/base\/04-afternoon/);
  const folder = join(estate.folder, '.drillbook', 'sample', 'bookshop');
  expect((await estate.drillbook(['recovery-points', folder])).stdout).toMatch(/6 recovery points/);
  const plan = await estate.drillbook(['plan', runbook, '--seed', '7', '--json']);
  expect(JSON.parse(plan.stdout)).toMatchObject({
    runbook: 'readers',
    resources: [{ point: { id: 'base/01-opening' } }],
  });
  expect((await estate.drillbook(['plan', runbook])).stdout).toMatch(/restore:orders/);
  for (const format of ['text', 'json', 'md', 'html', 'junit']) {
    expect((await estate.drillbook(['report', '--format', format])).code).toBe(0);
  }
  expect((await estate.drillbook(['doctor'])).stdout).toMatch(/isolation/);
  expect((await estate.drillbook(['validate', runbook])).code).toBe(0);
});
