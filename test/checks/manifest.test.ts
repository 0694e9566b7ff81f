import { describe, expect, it } from 'vitest';
import type { CheckContext } from '../../src/checks/check.ts';
import { manifestCheck } from '../../src/checks/manifest.ts';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { Contents } from '../../src/probe/observation.ts';
import { aContext, aManifest, common, unreachableServer } from '../support/check-builder.ts';

const spec = { ...common, kind: 'manifest' as const, file: '/manifests/{recoveryPoint}.json' };
const bounded = [{ table: 'orders', where: 'year < 2026', rows: 900, contentHash: '333' }];
const [customers, orders] = aManifest().contents.tables;
if (!customers || !orders) throw new Error('the manifest has two tables');

/** The restored contents; by default those of the manifest. */
function judge(contents: Partial<Contents>, manifest: Manifest = aManifest(), change: Partial<CheckContext> = {}) {
  const observation = { kind: 'contents' as const, contents: { ...manifest.contents, ...contents } };
  return manifestCheck.judge(spec, observation, aContext({ manifest, ...change }));
}

function prepare(manifest: Manifest, change: Partial<CheckContext> = {}) {
  return manifestCheck.prepare(spec, aContext({ manifest, ...change }));
}

describe('what a manifest is compared with', () => {
  const elsewhere = aManifest({ moment: { recoveryPointId: 'tuesday' } });

  it('is everything, in a restore of its own recovery point to the end of the backup', () => {
    expect(prepare(aManifest({ contents: { bounded } }))).toEqual({
      kind: 'contents',
      database: 'shop',
      bounded: [{ table: 'orders', where: 'year < 2026' }],
      scope: 'all',
    });
  });

  it('is everything, where the replay ended at its WAL position', () => {
    const atPosition = aManifest({ moment: { recoveryPointId: 'tuesday', lsn: '00/05000000' } });
    expect(prepare(atPosition)).toMatchObject({ scope: 'all' });
  });

  it('is nothing, where its WAL position is only near its moment', () => {
    const near = aManifest({ moment: { recoveryPointId: 'tuesday', lsn: '0/5000000', approximate: true } });
    expect(prepare(near)).toMatchObject({ outcome: 'skipped' });
  });

  it.each([{ kind: 'latest' as const }, { kind: 'time' as const, time: '2026-11-16T09:00:00.000Z' }])(
    'is nothing, where more than its recovery point was replayed (%o)',
    (target) => {
      const restored = { recoveryPointId: 'monday', target, lsn: '0/5000000' };
      expect(prepare(aManifest(), { restored })).toMatchObject({ outcome: 'skipped' });
    },
  );

  it('is nothing, in a restore of another recovery point, and the judgement says of which moment it is', () => {
    expect(prepare(elsewhere)).toEqual({
      outcome: 'skipped',
      observed: 'nothing',
      expected: 'the contents of the manifest',
      because:
        "the manifest describes recovery point 'tuesday' at 2026-11-16T03:00:00.000Z, which is not the moment that was restored",
    });
    expect(judge({}, elsewhere).outcome).toBe('skipped');
  });

  it.each([
    ['by its WAL position', { lsn: '0/4FFFFFF' }, '0/5000000', 'bounded'],
    ['by a WAL position with more digits', { lsn: '0/FFFFFFF' }, '1/0', 'bounded'],
    ['by its time', { lsn: '' }, undefined, 'bounded'],
    ['not by its WAL position', { lsn: '0/5000001' }, '0/5000000', undefined],
    ['not by its time', { lsn: '', at: '2026-11-16T03:00:00.001Z' }, undefined, undefined],
  ])('is its bounded entries, where the restored moment is later (%s)', (_title, moment, lsn, scope) => {
    const manifest = aManifest({ moment: { recoveryPointId: 'sunday', ...moment }, contents: { bounded } });
    const restored = { recoveryPointId: 'monday', target: { kind: 'backup-end' as const }, ...(lsn && { lsn }) };
    const prepared = prepare(manifest, { restored });
    expect(prepared).toMatchObject(scope ? { kind: 'contents', scope } : { outcome: 'skipped' });
  });

  it('is nothing, where there is no manifest, no readable one, or one of another database', () => {
    const bad = { code: 'check/bad-manifest', message: 'x', hint: 'y', blames: 'environment' as const };
    expect(manifestCheck.prepare(spec, aContext())).toMatchObject({
      outcome: 'errored',
      problem: { code: 'check/no-manifest' },
    });
    expect(manifestCheck.prepare(spec, aContext({ manifest: bad }))).toMatchObject({
      outcome: 'errored',
      problem: bad,
    });
    expect(prepare({ ...aManifest(), database: 'other' })).toMatchObject({
      outcome: 'errored',
      problem: { code: 'check/manifest-of-another-database' },
    });
  });
});

describe('contents', () => {
  it('pass when they are those of the manifest', () => {
    expect(judge({})).toEqual({
      outcome: 'passed',
      observed: 'no difference in 2 tables',
      expected: '2 tables with 40010 rows and their content hashes',
    });
  });

  it.each<[string, Partial<Contents>, string]>([
    [
      'lost rows',
      { tables: [customers, { ...orders, rows: 39_864 }] },
      "'public.orders' has 39864 rows instead of 40000",
    ],
    [
      'changed rows',
      { tables: [customers, { ...orders, contentHash: '9' }] },
      "'public.orders' has the same number of rows, but other contents",
    ],
    ['lack a table', { tables: [customers] }, "'public.orders' is missing"],
    [
      'have a table more',
      { tables: [customers, orders, { ...orders, table: 'public.new' }] },
      "'public.new' is not in the manifest",
    ],
    [
      'are damaged',
      { tables: [customers, { table: 'public.orders', fault: 'data_corrupted (XX001) in block 2' }] },
      "'public.orders' is damaged: data_corrupted (XX001) in block 2",
    ],
    [
      'have another schema',
      { schemaFingerprint: 'b', schemaParts: { columns: '1', functions: 'x', triggers: 'y' } },
      'the schema differs in its functions, triggers',
    ],
    ['have another schema of unknown parts', { schemaFingerprint: 'b' }, 'the schema differs'],
  ])('fail when they %s, and the difference is named', (_title, contents, because) => {
    expect(judge(contents)).toMatchObject({ outcome: 'failed', because });
  });

  it('fail with the first differences by name and the number of the others', () => {
    const tables = Array.from({ length: 8 }, (_, index) => ({ table: `t${index}`, rows: 1, contentHash: '1' }));
    expect(judge({ tables: [] }, aManifest({ contents: { tables } })).because).toMatch(/'t4' is missing; and 3 more$/);
  });

  it('are errored when this server could not read a table, unless something differs', () => {
    const unreadable = { table: 'public.orders', unreadable: unreachableServer };
    expect(judge({ tables: [customers, unreadable] })).toMatchObject({
      outcome: 'errored',
      problem: unreachableServer,
    });
    expect(judge({ tables: [{ ...customers, rows: 9 }, unreadable] }).outcome).toBe('failed');
  });

  it('are errored when the server is out of reach', () => {
    const observation = { kind: 'unobservable' as const, problem: unreachableServer };
    expect(manifestCheck.judge(spec, observation, aContext({ manifest: aManifest() })).outcome).toBe('errored');
  });

  it('never pass without anything compared', () => {
    expect(judge({}, aManifest({ contents: { tables: [] } })).outcome).toBe('failed');
    expect(judge({}, aManifest({ contents: { tables: [{ table: 't', rows: 0, contentHash: '0' }] } })).outcome).toBe(
      'failed',
    );
    expect(judge({}, aManifest({ contents: { tables: [{ table: 't' }] } })).outcome).toBe('failed');
  });

  it('are skipped when all agree but the schema was recorded by another major', () => {
    const older = aManifest({ contents: { engineMajor: '17' } });
    expect(judge({ engineMajor: '18' }, older)).toMatchObject({ outcome: 'skipped' });
    expect(judge({ engineMajor: '18', tables: [customers] }, older).outcome).toBe('failed');
  });
});

describe('bounded entries', () => {
  const sunday = aManifest({ moment: { recoveryPointId: 'sunday' }, contents: { bounded } });

  it('pass on their own for a later moment, and the judgement says what was left out', () => {
    expect(judge({ tables: [], schemaFingerprint: 'other' }, sunday)).toEqual({
      outcome: 'passed',
      observed: 'no difference in 1 bounded entry',
      expected: '1 bounded entry with 900 rows and their content hashes',
      because:
        "only bounded entries were compared, since the manifest describes recovery point 'sunday' at 2026-11-16T03:00:00.000Z: whole tables and the schema were skipped",
    });
  });

  it('fail when they lost rows', () => {
    expect(
      judge({ bounded: [{ ...bounded[0], table: 'orders', where: 'year < 2026', rows: 899 }] }, sunday),
    ).toMatchObject({
      outcome: 'failed',
      because: "'orders' where year < 2026 has 899 rows instead of 900",
    });
    expect(judge({ bounded: [] }, sunday).outcome).toBe('failed');
  });

  it('fail when they never held a row', () => {
    const empty = aManifest({
      moment: { recoveryPointId: 'sunday' },
      contents: { bounded: [{ table: 'orders', where: 'false', rows: 0, contentHash: '0' }] },
    });
    expect(judge({}, empty).outcome).toBe('failed');
  });

  it('are compared beside whole tables for the very moment', () => {
    const monday = aManifest({ contents: { bounded } });
    expect(judge({}, monday)).toMatchObject({
      outcome: 'passed',
      observed: 'no difference in 2 tables and 1 bounded entry',
    });
    expect(judge({ bounded: [] }, monday).outcome).toBe('failed');
  });
});
