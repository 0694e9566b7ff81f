import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { SHOP, execute } from '../probe/sqlite/databases.ts';
import { treeHash } from '../support/tree-hash.ts';
import { wholeTest } from '../support/whole.ts';

let estate: RealEstate;

beforeAll(async () => {
  estate = await realEstate();
});
afterAll(async () => {
  expect(await tracesOf(estate.folder)).toEqual([]);
  await estate.remove();
});

const DUMP = `--
-- PostgreSQL database dump
--

-- Dumped from database version 15.18
-- Dumped by pg_dump version 15.18

CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8';
\\connect shop
CREATE TABLE public.orders (id integer PRIMARY KEY, placed_at timestamptz NOT NULL);
COPY public.orders (id, placed_at) FROM stdin;
1\t2026-11-20 03:00:00+00
\\.

--
-- PostgreSQL database dump complete
--
`;

interface PrintedReport {
  readonly verdict: string;
  readonly checks: readonly { readonly id: string; readonly outcome: string }[];
  readonly teardown: { readonly outcome: string };
}

/** The drill of a runbook just as it was written. */
async function drillOf(folder: string, name: string) {
  const written = await estate.drillbook(['init', folder, '--name', name]);
  expect(written.code, written.stderr).toBe(0);
  expect(written.stdout).toMatch(
    new RegExp(`^runbooks/${name}\\.yaml\n  npx drillbook validate runbooks/${name}\\.yaml\n`),
  );
  const file = `runbooks/${name}.yaml`;
  expect((await estate.drillbook(['validate', file])).code).toBe(0);
  const { code, stdout, stderr } = await estate.drillbook(['run', file, '--seed', '1', '--json']);
  return { code, stderr, report: JSON.parse(stdout || '{}') as PrintedReport };
}

describe('a runbook that nobody has touched since init wrote it', () => {
  wholeTest('drills base backups, with the database that their catalog names', async () => {
    const source = join('.drillbook', 'sample', 'bookshop');
    const before = await treeHash(join(estate.folder, source));
    // This seed draws one that is sound, and not the newest, whose age nobody knows by the time this runs.
    const { code, report, stderr } = await drillOf(source, 'base');
    expect([code, report.verdict, report.teardown.outcome], stderr).toEqual([0, 'passed', 'clean']);
    expect(await readFile(join(estate.folder, 'runbooks', 'base.yaml'), 'utf8')).toMatch(/^ {4}database: bookshop$/m);
    expect(await treeHash(join(estate.folder, source))).toBe(before);
  });

  test('drills dumps, copies of SQLite and folders of files, each in its own folder', async () => {
    const folder = join(estate.folder, 'services');
    for (const name of ['shop', 'app', 'media/2026-11-20']) await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, 'shop', 'shop.sql'), DUMP);
    await writeFile(join(folder, 'media', '2026-11-20', 'a.jpg'), 'a');
    execute(join(folder, 'app', 'app.db'), SHOP);
    const { code, report, stderr } = await drillOf('services', 'services');
    expect([code, report.verdict, report.teardown.outcome], stderr).toEqual([0, 'passed', 'clean']);
    expect(report.checks.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['every-index-and-page-of-app-is-sound', 'passed'],
      ['the-files-of-media-are-there', 'passed'],
      ['shop-accepts-logins', 'passed'],
      ['every-index-and-page-of-shop-is-sound', 'passed'],
    ]);
  });
});
