import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import type { PointVerdict, SearchedPoint } from '../../src/catalog/find-good.ts';
import { parseFindGoodArguments } from '../../src/commands/find-good-arguments.ts';
import {
  type Searched,
  exitCodeOfSearch,
  findGoodInWords,
  findGoodResult,
} from '../../src/commands/find-good-result.ts';
import { runbookAtPoint, runbookOfCheck } from '../../src/commands/find-good-runbook.ts';
import { type SearchEnd, searchByDrills, verdictOfTry } from '../../src/commands/find-good-search.ts';
import { findGoodCommand } from '../../src/commands/find-good.ts';
import { interruptedBy } from '../../src/commands/signals.ts';
import type { DrillEnd } from '../../src/commands/run-drill.ts';
import type { Problem } from '../../src/diagnostics/problem.ts';
import { buildReport } from '../../src/report/build-report.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { type JournalBuilder, aJournal } from '../support/journal-builder.ts';
import { aRestore, aRunbook } from '../support/runbook-builder.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const CHECK = { id: 'orders-has-no-orphans', of: 'orders', name: 'orders has no orphans' };
const twoResources = () => aJournal(aRunbook([aRestore('orders', { needs: ['users'] }), aRestore('users')]));
const begun = () => twoResources().started().planned().sandboxed();

function problem(blames: Problem['blames']): Problem {
  return { code: 'restore/broken', message: `the ${blames} did it`, hint: 'Look.', blames };
}

function ended(journal: JournalBuilder, interrupted = false): DrillEnd {
  return { kind: 'ended', report: buildReport(journal.events, { tool: '0.1.0' }), interrupted };
}

const whole = () => begun().restored('users').restored();
const interruption = { type: 'drill-aborted', ...interruptedBy('SIGINT') } as const;

describe('what a drill shows of the check', () => {
  const cases: readonly [string, DrillEnd, PointVerdict, RegExp][] = [
    ['it passed', ended(whole().checked().tornDown().finished()), 'good', /./],
    [
      'it failed',
      ended(
        whole()
          .checked({ [CHECK.id]: { outcome: 'failed', because: '3 orphans' } })
          .tornDown()
          .finished(),
      ),
      'bad',
      /3 orphans/,
    ],
    [
      'another check failed',
      ended(
        whole()
          .checked({ 'orders-accepts-logins': { outcome: 'failed' } })
          .tornDown()
          .finished(),
      ),
      'good',
      /./,
    ],
    [
      'it could not look',
      ended(
        whole()
          .checked({ [CHECK.id]: { outcome: 'errored', because: 'no answer' } })
          .tornDown()
          .finished(),
      ),
      'unknown',
      /no answer/,
    ],
    [
      'its backup is proven bad',
      ended(begun().restored('users').restoreFailed(problem('backup'))),
      'bad',
      /backup did it/,
    ],
    [
      'the backup of what it needs is proven bad',
      ended(begun().restoreFailed(problem('backup'), 'users')),
      'unknown',
      /./,
    ],
    [
      'the machine failed',
      ended(begun().restored('users').restoreFailed(problem('environment'))),
      'unknown',
      /environment/,
    ],
    [
      'it was interrupted before',
      ended(begun().add(interruption).tornDown().finished(), true),
      'unknown',
      /interrupted/,
    ],
    [
      'it was interrupted after it had passed',
      ended(whole().checked().add(interruption).tornDown().finished(), true),
      'good',
      /./,
    ],
    ['there is no journal', { kind: 'stopped', problem: problem('environment') }, 'unknown', /environment/],
  ];
  test.each(cases)('%s', (_, end, verdict, because) => {
    const shown = verdictOfTry(end, CHECK);
    expect([shown.verdict, shown.because]).toEqual([verdict, expect.stringMatching(because)]);
  });
});

function pointsOf(count: number): SearchedPoint[] {
  return Array.from({ length: count }, (_, n) => ({ id: `p${n}`, capturedAt: `2026-11-0${n + 1}T00:00:00.000Z` }));
}

const GOOD = ended(whole().checked().tornDown().finished());
const BAD = ended(
  whole()
    .checked({ [CHECK.id]: { outcome: 'failed', because: '3 orphans' } })
    .tornDown()
    .finished(),
);

/** Points 0 to 7, good below 3, unless `ends` says how the nth drill ends. */
async function search(ends: Readonly<Record<number, DrillEnd>> = {}, abort = new AbortController()) {
  const order: string[] = [];
  const told: number[] = [];
  const end = await searchByDrills({
    check: CHECK,
    points: pointsOf(8),
    budget: 5,
    signal: abort.signal,
    drill: async ({ id }, { number, follow }) => {
      order.push(id);
      told.push(follow);
      return Promise.resolve({ drillId: `d${number}`, end: ends[number] ?? (id < 'p3' ? GOOD : BAD) });
    },
  });
  return { ...end, order, told };
}

describe('a search by drills', () => {
  test('goes on until the border is found, and says before each drill how many may follow', async () => {
    const { order, told, found, cut } = await search();
    expect(order).toEqual(['p7', 'p3', 'p1', 'p2']);
    expect(told).toEqual([4, 3, 2, 0]);
    expect([found.outcome, found.lastGood?.id, found.firstBad?.id, cut]).toEqual(['exact', 'p2', 'p3', undefined]);
  });

  const left = whole().checked();
  const created = left.events.flatMap((event) => (event.type === 'resource-created' ? [event.resource] : []));
  const leaked = ended(left.tornDown(created.slice(0, 1)).finished());
  const cuts: readonly [string, DrillEnd, SearchEnd['cut'], number, string | undefined][] = [
    ['left something', leaked, 'leaked', 4, 'p3'],
    ['was interrupted', ended(begun().add(interruption).tornDown().finished(), true), 'interrupted', 130, undefined],
    ['could not be journaled', { kind: 'stopped', problem: problem('environment') }, 'stopped', 3, undefined],
    ['could not keep its reports', { ...GOOD, problem: problem('environment') }, 'stopped', 3, 'p3'],
  ];
  test.each(cuts)('ends with what is known after a drill that %s', async (_, end, cut, code, lastGood) => {
    const searched = await search({ 2: end });
    expect([searched.order, searched.cut, searched.found.lastGood?.id]).toEqual([['p7', 'p3'], cut, lastGood]);
    const result = findGoodResult({ ...SEARCHED, end: searched });
    expect([result.outcome, result.cutShortBy, exitCodeOfSearch(result)]).toEqual(['narrowed', cut, code]);
    expect(result.between[0]?.because).toBe('not tried: the search was cut short');
  });

  test('begins no drill once it is interrupted', async () => {
    const abort = new AbortController();
    abort.abort();
    const { order, cut, found } = await search({}, abort);
    expect([order, cut, found.outcome]).toEqual([[], 'interrupted', 'nothing-known']);
  });
});

const SEARCHED: Omit<Searched, 'end'> = {
  runbook: { name: 'shop' },
  check: CHECK,
  spec: { name: 'orders', source: '/backups/orders' },
  window: {},
  budget: 5,
  points: pointsOf(8),
  unusable: [{ id: 'torn', problem: problem('backup') }],
  now: '2026-11-10T00:00:00.000Z',
};

describe('the result of a search', () => {
  test('tells both ends, the drills, what is lost, and what was not to be searched', async () => {
    const result = findGoodResult({ ...SEARCHED, end: await search() });
    expect(Object.keys(result)).toEqual(
      'schema runbook check resource source window points budget outcome cutShortBy lastGood firstBad between contradictions lost drills unusable'.split(
        ' ',
      ),
    );
    expect(result).toMatchObject({
      lastGood: { id: 'p2', drillId: 'd4' },
      firstBad: { id: 'p3', drillId: 'd2' },
      lost: { from: '2026-11-03T00:00:00.000Z', until: SEARCHED.now, seconds: 7 * 86_400 },
      unusable: [{ id: 'torn', because: 'the backup did it' }],
    });
    expect(result.drills.map(({ drillId, verdict }) => [drillId, verdict])).toEqual([
      ['d1', 'bad'],
      ['d2', 'bad'],
      ['d3', 'good'],
      ['d4', 'good'],
    ]);
    const words = findGoodInWords(result);
    expect(words).toContain("last good: 'p2', captured 2026-11-03 00:00:00 UTC");
    expect(words).toMatch(/loses 7 d of data/);
    expect(words).toMatch(/bad {6}'p3' {2}d2: 3 orphans/);
    expect(words).toContain('taken for granted');
    expect(words).toContain("not searched: 'torn'");
  });

  test('says of each point between why it was not told', async () => {
    const errored = ended(
      whole()
        .checked({ [CHECK.id]: { outcome: 'errored', because: 'no answer' } })
        .tornDown(),
    );
    const result = findGoodResult({ ...SEARCHED, end: await search({ 3: errored, 4: errored, 5: errored }) });
    expect(result.between.map(({ id, because }) => [id, because])).toEqual([
      ['p0', 'could not be told: no answer'],
      ['p1', 'could not be told: no answer'],
      ['p2', 'could not be told: no answer'],
    ]);
    expect(findGoodInWords(result)).toContain('older than the first bad: 3 recovery points');
  });

  test.each([
    ['the time asked for', '2026-11-08T00:00:00.000Z', 5],
    ['now, where that lies ahead', '2027-01-01T00:00:00.000Z', 7],
  ])('counts what is lost up to %s', async (_, before, days) => {
    const result = findGoodResult({ ...SEARCHED, window: { before }, end: await search() });
    expect(result.lost?.seconds).toBe(days * 86_400);
  });

  test('tells a good one that is newer than a bad one', () => {
    const [p0, p1, p2] = pointsOf(3) as [SearchedPoint, SearchedPoint, SearchedPoint];
    const found = { lastGood: p0, firstBad: p1, between: [], outcome: 'exact', contradictions: [p2] } as const;
    expect(findGoodInWords(findGoodResult({ ...SEARCHED, end: { tries: [], found } }))).toMatch(/contradiction: 'p2'/);
  });

  test.each([
    ['exact', null, 0],
    ['nothing-bad', null, 0],
    ['none-good', null, 1],
    ['narrowed', null, 3],
    ['nothing-known', null, 3],
    ['exact', 'leaked', 4],
    ['none-good', 'interrupted', 130],
    ['none-good', 'stopped', 1],
    ['exact', 'stopped', 3],
  ] as const)('%s, cut short by %s: exit %i', (outcome, cutShortBy, code) => {
    expect(exitCodeOfSearch({ outcome, cutShortBy })).toBe(code);
  });
});

describe('the runbook of a check', () => {
  const target = { channel: 'x' } as unknown as NonNullable<Runbook['notify']>[number];
  const runbook = aRunbook(
    [
      aRestore('orders', {
        needs: ['users'],
        recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'latest' }, within: 1 },
      }),
      aRestore('users', { needs: ['base'] }),
      aRestore('base'),
      aRestore('mail', { needs: ['orders'] }),
    ],
    {
      cutover: { zone: 'Z1', records: [{ name: 'db', to: 'mail' }] },
      publish: { cloudWatch: { namespace: 'x' } },
      notify: [target],
      groups: [{ name: 'all', of: ['orders', 'mail'], maxSkew: 1 }],
    },
  );
  const check = runbook.checks.find(({ id }) => id === CHECK.id)!;

  it('holds its resource, what that needs, and all checks of those', () => {
    const { restore, checks } = runbookOfCheck(runbook, check);
    expect(restore.map(({ name }) => name)).toEqual(['orders', 'users', 'base']);
    expect(checks).toHaveLength(6);
    expect(checks.some(({ of }) => of === 'mail')).toBe(false);
  });

  it('switches nothing, publishes nothing, tells nobody and holds nothing against the moment of another', () => {
    const without = ['cutover', 'publish', 'notify', 'groups'];
    expect(Object.keys(runbook)).toEqual(expect.arrayContaining(without));
    const keys = Object.keys(runbookOfCheck(runbook, check));
    expect(keys.filter((key) => without.includes(key))).toEqual([]);
  });

  it('restores one point of its resource to its own end, whatever the runbook draws, and leaves the others', () => {
    const { restore } = runbookAtPoint(runbookOfCheck(runbook, check), check, 'p3');
    expect(restore[0]?.recoveryPoint).toEqual({ pick: { kind: 'id', id: 'p3' }, to: { kind: 'backup-end' } });
    expect(restore[1]?.recoveryPoint.pick).toEqual({ kind: 'random' });
  });
});

describe('the arguments of find-good', () => {
  const written = { check: 'x', budget: '10', reports: 'reports' };

  it('takes days and moments', () => {
    expect(parseFindGoodArguments({ ...written, after: '2026-11-01', before: '2026-11-20T03:00:00+01:00' })).toEqual({
      check: 'x',
      budget: 10,
      reports: 'reports',
      window: { after: '2026-11-01T00:00:00.000Z', before: '2026-11-20T02:00:00.000Z' },
    });
  });

  it.each([
    [{ before: 'yesterday' }, /'yesterday' is no moment\nhint: Write --before/],
    [{ after: '2026-02-30' }, /Write --after/],
    [{ after: '2026-11-02', before: '2026-11-02' }, /nothing lies after/],
    [{ budget: '0' }, /--budget/],
    [{ budget: '2.5' }, /--budget/],
    [{ budget: '-1' }, /--budget/],
  ])('refuses %j', (change, refusal) => {
    const parsed = parseFindGoodArguments({ ...written, ...change });
    expect('refusal' in parsed ? parsed.refusal : 'accepted').toMatch(refusal);
  });
});

describe('find-good', () => {
  let place: Workplace;
  beforeEach(async () => {
    place = await workplace();
  });
  afterEach(async () => {
    await place.remove();
  });
  const options = { window: {}, budget: 3, reports: 'reports' };

  it('lists the checks that there are, where the one asked for is none: exit 2', async () => {
    const file = await place.runbook('shop');
    expect(await findGoodCommand(file, { ...options, check: 'nope' }, place.io)).toBe(2);
    expect(place.stderr()).toMatch(/no check 'nope' .*\nhint: .*every-index-is-sound/);
    expect(place.stdout()).toBe('');
  });

  it('knows nothing of a source that holds nothing: exit 3, and a result all the same', async () => {
    const file = await place.runbook('shop');
    const asked = { ...options, check: 'every-index-is-sound', json: true };
    expect(await findGoodCommand(file, asked, place.io)).toBe(3);
    expect(place.stderr()).toContain('[find-good/no-recovery-point]');
    expect(JSON.parse(place.stdout())).toMatchObject({ outcome: 'nothing-known', points: 0, drills: [] });
  });
});
