import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReportedControl, ReportedProof } from '../../src/report/report.ts';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { treeHash } from '../support/tree-hash.ts';

let estate: RealEstate;

beforeAll(async () => {
  estate = await realEstate();
});
afterAll(async () => {
  expect(await tracesOf(estate.folder)).toEqual([]);
  await estate.remove();
});

interface Printed {
  readonly verdict: string;
  readonly because: string;
  readonly teardown: { readonly outcome: string };
  readonly problems: readonly unknown[];
  readonly controls: readonly ReportedControl[];
  readonly proofs: readonly ReportedProof[];
}

async function proven(name: string, checks: readonly string[]) {
  const file = await estate.runbook(name, {
    pick: 'base/05-evening',
    checks: checks.map((check) => `  - ${check}`).join('\n'),
  });
  const { code, stdout, stderr } = await estate.drillbook(['run', file, '--prove-checks', '--json']);
  return { code, stderr, report: JSON.parse(stdout) as Printed };
}

test('every integrity check of a real restore notices what it claims to, and the backup stays as it is', async () => {
  const source = join(estate.folder, '.drillbook', 'sample', 'bookshop');
  const before = await treeHash(source);
  const { code, report, stderr } = await proven('able', [
    '{ integrity: no table has shrunk, of: orders, kind: row-counts, tables: { orders: { atLeast: 32000 } } }',
    '{ integrity: every index and page is sound, of: orders, kind: structure }',
    '{ integrity: every row refers to one that is there, of: orders, kind: foreign-keys }',
    '{ integrity: contents match the manifest, of: orders, kind: manifest }',
  ]);
  expect(
    report.proofs.map(({ check, outcome }) => `${check} ${outcome}`),
    stderr,
  ).toEqual([
    'no-table-has-shrunk caught',
    'no-table-has-shrunk caught',
    'every-index-and-page-is-sound caught',
    'every-index-and-page-is-sound caught',
    'every-row-refers-to-one-that-is-there caught',
    'contents-match-the-manifest caught',
    'contents-match-the-manifest caught',
    'contents-match-the-manifest caught',
  ]);
  expect(report.controls.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'passed', 'passed']);
  expect([code, report.verdict, report.teardown.outcome]).toEqual([0, 'passed', 'clean']);
  expect(await treeHash(source)).toBe(before);
});

test('checks that could never fail, or fail on every copy, are named, and the drill has not passed', async () => {
  const { code, report, stderr } = await proven('unable', [
    '{ integrity: no table has shrunk, of: orders, kind: row-counts, tables: { orders: { atLeast: 32000 } } }',
    '{ integrity: all is well, of: orders, kind: command, run: [/bin/true], expect: { exitCode: 0 } }',
    `{ integrity: it is the bookshop, of: orders, kind: command, run: [/bin/sh, -c, 'test "$PGDATABASE" = bookshop'], expect: { exitCode: 0 } }`,
  ]);
  expect([code, report.verdict], stderr).toEqual([3, 'inconclusive']);
  expect(report.because).toBe(
    "Integrity check 'all is well' of 'orders' stayed green on a copy although everything in it was deleted (and 1 more reason).",
  );
  expect(report.controls.map(({ outcome }) => outcome)).toEqual(['passed', 'passed', 'failed']);
  expect(report.proofs.map(({ outcome }) => outcome)).toEqual(['caught', 'caught', 'missed', 'no-control']);
  expect(report.problems).toMatchObject([{ code: 'prove/no-control', where: 'control:it-is-the-bookshop' }]);
});
