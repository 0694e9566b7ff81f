import { describe, expect, it } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import { type DrillSummary, summaryOfDrill } from '../../src/history/drill-summary.ts';
import { provesDigest } from '../../src/history/proves-digest.ts';
import { buildReport } from '../../src/report/build-report.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { STORIES } from '../support/drill-stories.ts';
import { A_PROBLEM, aJournal, aPassedDrill, aShop } from '../support/journal-builder.ts';
import { aRestore, aRunbook } from '../support/runbook-builder.ts';

function summary(events: readonly DrillEvent[], bad?: { line: number; because: string }): DrillSummary {
  const made = summaryOfDrill({ events, ...(bad && { bad }) });
  if (made === undefined) throw new Error('a journal with a beginning has a summary');
  return made;
}

describe('the summary of a drill', () => {
  it('tells all that is asked of one that passed', () => {
    const runbook = aShop({ owner: 'platform', tier: 'gold', tags: ['eu'] });
    expect(summary(aPassedDrill(runbook).events)).toEqual({
      drillId: 'shop-20261120t030000z-0a1b2c',
      runbook: 'shop',
      owner: 'platform',
      tier: 'gold',
      tags: ['eu'],
      startedAt: '2026-11-20T03:00:00.000Z',
      finishedAt: '2026-11-20T03:00:02.318Z',
      finished: true,
      trusted: true,
      tool: '0.1.0',
      verdict: 'passed',
      teardown: 'clean',
      verified: true,
      seedChosen: false,
      rto: { outcome: 'met', target: 900, measured: 2.148 },
      rpo: { outcome: 'met', target: 3_600, measured: 1_602 },
      proves: provesDigest(runbook),
      settings: ['fsync=off'],
      interruptions: 0,
      resources: [
        {
          name: 'orders',
          kind: 'postgres',
          source: '/backups/orders',
          relativeSource: '../backups/orders',
          point: {
            id: 'orders-14',
            capturedAt: '2026-11-19T14:00:00.000Z',
            engine: 'postgres 18',
            consistency: 'application',
            tags: [],
          },
          strategy: 'random',
          candidates: 4,
          engineVersion: '18.4',
          restoreSeconds: 1.63,
          bytesRestored: 48_300_000,
          verifiedAt: '2026-11-20T03:00:02.148Z',
          outcome: 'passed',
        },
      ],
    });
  });

  it.each(Object.keys(STORIES))('says of one that is %s what its report says', (story) => {
    const events = STORIES[story]?.() ?? [];
    const { verdict, teardown, startedAt, finishedAt, seedChosen, settings, interruptions } = buildReport(events, {
      tool: '0.1.0',
    });
    expect(summary(events)).toMatchObject({
      verdict,
      teardown: teardown.outcome,
      startedAt,
      finishedAt,
      seedChosen,
      settings,
      interruptions: interruptions.length,
      verified: verdict === 'passed' && teardown.outcome === 'clean',
    });
  });

  it('says for a resource what became of it, whatever became of the others', () => {
    const two = aRunbook([aRestore('orders'), aRestore('users')]);
    const events = aJournal(two).started().planned().sandboxed().restored('orders');
    events.restoreFailed({ ...A_PROBLEM, blames: 'backup' }, 'users');
    const judged = events.checked({
      'users-accepts-logins': { outcome: 'skipped' },
      'users-has-no-orphans': { outcome: 'skipped' },
    });
    expect(summary(judged.tornDown().finished().events).resources.map(({ outcome }) => outcome)).toEqual([
      'passed',
      'failed',
    ]);
  });

  it('proves nothing of a journal that was changed, and holds no resource to be verified by it', () => {
    const changed = summary(aPassedDrill().events, { line: 9, because: 'it is not an event' });
    expect(changed).toMatchObject({ trusted: false, verified: false });
    expect(changed.resources[0]).not.toHaveProperty('verifiedAt');
  });

  it('is not finished once a teardown was begun anew', () => {
    const events = aPassedDrill().add({ type: 'teardown-started' }).events;
    expect(summary(events).finished).toBe(false);
  });

  it('knows that nothing could be drawn, and for which resource', () => {
    const [told] = summary(STORIES['refused']?.() ?? []).resources;
    expect(told).toMatchObject({ name: 'orders', lacksPoint: true, outcome: 'inconclusive' });
    expect(told).not.toHaveProperty('point');
    expect(summary(aPassedDrill().events).resources[0]).not.toHaveProperty('lacksPoint');
  });

  it('is none of a journal that has lost its beginning', () => {
    expect(summaryOfDrill({ events: aPassedDrill().events.slice(1) })).toBeUndefined();
    expect(summaryOfDrill({ events: [] })).toBeUndefined();
  });
});

describe('the digest of what a runbook proves', () => {
  const shop = aShop();
  const [check] = shop.checks;

  it.each<[string, Partial<Runbook>]>([
    [
      'which recovery point is drawn',
      {
        restore: [
          aRestore('orders', { recoveryPoint: { pick: { kind: 'latest' }, within: 1, to: { kind: 'backup-end' } } }),
        ],
      },
    ],
    ['its objectives, whose figures are compared themselves', { objectives: {} }],
    ['its owner, its limits and who is told', { owner: 'me', tags: ['x'], limits: { ...shop.limits, drill: 1 } }],
    [
      'the words and the order of its checks',
      { checks: [...shop.checks].reverse().map((one) => ({ ...one, name: 'other', id: 'other' })) },
    ],
    [
      'where its checkout lies',
      { file: '/elsewhere/shop.yaml', restore: [aRestore('orders', { source: '/backups/orders' })] },
    ],
  ])('does not depend on %s', (what, change) => {
    const moved =
      what === 'where its checkout lies'
        ? aShop({ restore: [aRestore('orders', { source: '/backups/orders' })] })
        : shop;
    expect(provesDigest({ ...moved, ...change })).toBe(provesDigest(moved));
  });

  it.each<[string, Partial<Runbook>]>([
    ['a check is left out', { checks: shop.checks.slice(1) }],
    ['a check only warns', { checks: [{ ...check!, severity: 'warn' }, ...shop.checks.slice(1)] }],
    ['another source is restored', { restore: [aRestore('orders', { source: '/backups/users' })] }],
    [
      'WAL is replayed to the end',
      { restore: [aRestore('orders', { recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'latest' } } })] },
    ],
    ['its resources must be of one moment', { groups: [{ name: 'g', of: ['orders', 'users'], maxSkew: 1 }] }],
  ])('is another one when %s', (_what, change) => {
    expect(provesDigest({ ...shop, ...change })).not.toBe(provesDigest(shop));
  });
});
