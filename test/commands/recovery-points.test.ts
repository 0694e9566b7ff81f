import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecoveryPointListing } from '../../src/catalog/recovery-point.ts';
import { recoveryPointsCommand } from '../../src/commands/recovery-points.ts';
import { parseSearchArguments } from '../../src/commands/search-arguments.ts';
import { execute } from '../probe/sqlite/databases.ts';
import { aJournal } from '../support/journal-builder.ts';
import { aRestore, aRunbook } from '../support/runbook-builder.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

let place: Workplace;

beforeEach(async () => {
  place = await workplace();
  await place.runbook('shop');
  const runbook = aRunbook([aRestore('orders', { source: join(place.cwd, 'backups') }), aRestore('users')], {
    name: 'shop',
    file: join(place.cwd, 'runbooks', 'shop.yaml'),
  });
  const journal = aJournal(runbook).started({ drillId: 'shop-1' });
  journal.planned((plan) => ({
    ...plan,
    resources: plan.resources.map((one) => ({ ...one, point: { ...one.point, tags: ['weekly'] } })),
  }));
  await place.journal(
    'shop-1',
    journal.sandboxed().restored('orders').restored('users').checked().tornDown().finished().events,
  );
});
afterEach(async () => {
  await place.remove();
});

interface Printed {
  readonly resource?: string;
  readonly kind?: string;
  readonly source: string;
  readonly listing: {
    readonly points: readonly { readonly id: string; readonly proven: { readonly by: string } | null }[];
    readonly unusable?: RecoveryPointListing['unusable'];
  };
}

async function search(target: string | undefined, written: Partial<Parameters<typeof parseSearchArguments>[0]>) {
  const parsed = parseSearchArguments({ reports: 'reports', recorded: true, json: true, ...written });
  if ('refusal' in parsed) throw new Error(parsed.refusal);
  let printed = '';
  const code = await recoveryPointsCommand(target, parsed, { ...place.io, stdout: (text) => void (printed += text) });
  const listings = JSON.parse(printed) as readonly Printed[];
  return { code, listings, ids: listings.flatMap(({ listing }) => listing.points.map(({ id }) => id)) };
}

describe('recorded recovery points', () => {
  it('are all that any draw saw, of every source, each with when it was last proven and by what', async () => {
    const { code, listings } = await search(undefined, {});
    expect(code).toBe(0);
    expect(listings.map(({ source }) => source).sort()).toEqual(['/backups/users', join(place.cwd, 'backups')].sort());
    const orders = listings.find(({ source }) => source === join(place.cwd, 'backups'))?.listing.points;
    expect(orders?.map(({ id, proven }) => [id, proven?.by])).toEqual([
      ['orders-2', undefined],
      ['orders-8', undefined],
      ['orders-14', 'shop-1'],
      ['orders-20', undefined],
    ]);
  });

  it.each<[string, Partial<Parameters<typeof parseSearchArguments>[0]>, readonly string[]]>([
    ['of a source', { source: 'users' }, ['users-2', 'users-8', 'users-14', 'users-20']],
    ['captured after a moment', { source: 'users', after: '2026-11-19T14:00:00Z' }, ['users-14', 'users-20']],
    ['captured before one', { source: 'users', before: '2026-11-19T14:00:00Z' }, ['users-2', 'users-8']],
    ['captured on a day', { source: 'users', after: '2026-11-20' }, []],
    ['that carry a tag', { tag: 'weekly' }, ['orders-14', 'users-14']],
    ['of a consistency', { consistency: 'crash' }, []],
    ['that are proven', { proven: true }, ['orders-14', 'users-14']],
    ['that never were', { source: 'users', unproven: true }, ['users-2', 'users-8', 'users-20']],
  ])('can be searched for those %s', async (_name, written, ids) => {
    expect((await search(undefined, written)).ids.sort()).toEqual([...ids].sort());
  });

  it('of a runbook are those of its sources', async () => {
    const { listings } = await search(join('runbooks', 'shop.yaml'), {});
    expect(listings.map(({ resource }) => resource)).toEqual(['orders']);
    expect(listings[0]?.listing.points.length).toBe(4);
  });

  it('are said in words too', async () => {
    await recoveryPointsCommand(
      undefined,
      { reports: 'reports', recorded: true, search: { proven: true }, source: 'users' },
      place.io,
    );
    expect(place.stdout()).toMatch(
      /^\/backups\/users: 1 recovery points\n {2}users-14 {2}\S+Z {2}application-consistent {2}proven \S+Z by shop-1\n$/,
    );
  });

  it('of a folder are those of all sources in it', async () => {
    expect((await search('backups', {})).listings.map(({ source }) => source)).toEqual([join(place.cwd, 'backups')]);
    await mkdir(join(place.cwd, 'back'));
    expect((await search('back', {})).listings).toEqual([]);
  });

  it('of nothing are an empty JSON array', async () => {
    expect((await search(undefined, { source: 'nowhere' })).listings).toEqual([]);
  });
});

it('a source that is asked says what it cannot use, which a search for something leaves out', async () => {
  await mkdir(join(place.cwd, 'backups', 'torn'), { recursive: true });
  await writeFile(join(place.cwd, 'backups', 'torn', 'base.tar'), 'nothing');
  const parsed = { reports: 'reports', search: {} };
  expect(await recoveryPointsCommand(undefined, parsed, place.io)).toBe(0);
  expect(place.stdout()).toContain('orders (');
  expect(place.stdout()).toContain('not usable');
  const found = await search(undefined, { recorded: false, proven: true });
  expect(found.listings).toMatchObject([{ resource: 'orders', listing: { points: [], unusable: [] } }]);
});

describe('what a folder holds', () => {
  async function put(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const path = join(place.cwd, 'found', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
  }
  const header = '--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n';
  const dump = `${header}\n--\n-- PostgreSQL database dump complete\n--\n`;
  const found = async () => {
    const { code, listings } = await search('found', { recorded: false });
    return { code, listings: listings.map((one) => ({ ...one, source: one.source.slice(place.cwd.length + 1) })) };
  };

  it('is told of every kind, source by source, with what cannot be used of it and why', async () => {
    await put({ 'orders/monday.sql': dump, 'orders/tuesday.sql': header, 'uploads/2026-11-20/a.png': 'a' });
    execute(join(place.cwd, 'found', 'app.db'), 'create table t (a); insert into t values (1)');
    expect(await found()).toMatchObject({
      code: 0,
      listings: [
        { kind: 'sqlite', source: 'found', listing: { points: [{ id: 'app.db', proven: null }], unusable: [] } },
        {
          kind: 'postgres-dump',
          source: 'found/orders',
          listing: {
            points: [{ id: 'monday.sql' }],
            unusable: [{ id: 'tuesday.sql', problem: { code: 'restore/dump-truncated', blames: 'backup' } }],
          },
        },
        { kind: 'files', source: 'found/uploads', listing: { points: [{ id: '2026-11-20' }] } },
      ],
    });
    await recoveryPointsCommand('found', { reports: 'reports', search: {} }, place.io);
    expect(place.stdout()).toMatch(/found\/orders, of kind 'postgres-dump': 1 recovery points\n {2}monday\.sql/);
    expect(place.stdout()).toMatch(/ {2}tuesday\.sql {2}not usable: .*\n {4}hint: /);
  });

  it('is told even where nothing of it can be used, or nothing is there', async () => {
    await put({ 'orders/tuesday.sql': header });
    expect(await found()).toMatchObject({
      listings: [{ source: 'found', listing: { points: [], unusable: [{ id: 'orders/tuesday.sql' }] } }],
    });
    await rm(join(place.cwd, 'found/orders'), { recursive: true });
    expect(await found()).toMatchObject({ code: 0, listings: [{ source: 'found', listing: { points: [] } }] });
  });

  it('is told once of an empty dump, whichever kind it would be of, beside sound dumps and alone', async () => {
    const mysql =
      '-- MySQL dump 10.13  Distrib 8.0.36\n-- Server version\t8.0.36\n-- Dump completed on 2026-11-20  1:02:03\n';
    await put({ 'crm/monday.sql': mysql, 'crm/tuesday.sql': '', 'orders/monday.sql': dump, 'orders/tuesday.sql': '' });
    await put({
      'users/tuesday.sql': '',
      'users/tuesday.sql.gz': '',
      'users/wednesday.dump': '',
      'users/.gitkeep': '',
    });
    await put({ 'left/3050.dat.gz': 'x', 'left/blobs.toc': '' });
    const { code, listings } = await found();
    expect(code).toBe(0);
    const told = listings.flatMap(({ source, listing }) =>
      (listing.unusable ?? []).map(({ id, problem }) => `${source}/${id} ${problem.code}`),
    );
    expect(told.sort()).toEqual([
      'found/crm/tuesday.sql restore/empty-dump',
      'found/left restore/dump-truncated',
      'found/orders/tuesday.sql restore/empty-dump',
      'found/users/tuesday.sql restore/empty-dump',
      'found/users/tuesday.sql.gz restore/empty-dump',
      'found/users/wednesday.dump restore/empty-dump',
    ]);
    expect(listings.flatMap(({ kind }) => kind ?? [])).toEqual(['mysql', 'postgres-dump']);
  });

  it('keeps a set of archives where one of them is empty', async () => {
    const tar = '\0'.repeat(1_024);
    await put({ 'uploads/monday.tar': tar, 'uploads/tuesday.tar': '', 'orders/monday.sql': dump });
    expect((await found()).listings).toMatchObject([
      { kind: 'postgres-dump', source: 'found/orders' },
      { kind: 'files', source: 'found/uploads', listing: { points: [{ id: 'monday.tar' }] } },
    ]);
  });

  it('but opens with a password alone is named, and is no answer', async () => {
    for (const name of ['data', 'index', 'keys', 'snapshots']) await put({ [`repository/${name}/x`]: '' });
    await put({ 'repository/config': '', 'orders/monday.sql': dump });
    expect(await found()).toMatchObject({ code: 3, listings: [{ source: 'found/orders' }] });
    expect(place.stderr()).toMatch(/repository of restic.*\[restore\/repository-closed\]\nhint: Write a runbook/);
  });
});

it.each([
  [{ after: 'yesterday' }, /--after/],
  [{ before: '2026-13-01' }, /--before/],
  [{ consistency: 'some' }, /'application' or 'crash'/],
  [{ proven: true, unproven: true }, /nothing is both/],
])('a search for %o is refused with what to write', (written, refusal) => {
  expect(parseSearchArguments({ reports: 'reports', ...written })).toEqual({
    refusal: expect.stringMatching(refusal) as string,
  });
});
