import { describe, expect, test } from 'vitest';
import { objectivesOf } from '../../src/drill/objectives.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { A_PROBLEM, STARTED_AT, aJournal, aPassedDrill, aShop } from '../support/journal-builder.ts';
import { aRestore, aRunbook } from '../support/runbook-builder.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function shopWith(objectives: Runbook['objectives'], change: Partial<Runbook> = {}): Runbook {
  return aShop({ objectives, ...change });
}

function freshness(id: string, change: Partial<CheckSpec> = {}): CheckSpec {
  const common = { id, name: id, purpose: 'integrity', severity: 'fail', of: 'orders', database: 'postgres' } as const;
  return { ...common, kind: 'freshness', query: 'select now()', within: 60_000, ...change } as CheckSpec;
}

describe('the measured RTO', () => {
  test('runs from line 1 to the last required integrity check', () => {
    const { rto } = objectivesOf(aPassedDrill().events);
    expect(rto).toMatchObject({
      outcome: 'met',
      measured: 2_148,
      target: 15 * MINUTE,
      until: 'verified',
      usable: 2_025,
      verified: 2_148,
    });
  });

  test('runs to the last required smoke check when the runbook says so', () => {
    const runbook = shopWith({ rto: { target: 2_100, until: 'usable' } });
    expect(objectivesOf(aPassedDrill(runbook).events).rto).toMatchObject({ outcome: 'met', measured: 2_025 });
  });

  test('may be off by as long as the end of each stage went unnoticed, and by no more', () => {
    const { events } = aJournal()
      .started()
      .planned()
      .sandboxed()
      .add({ type: 'step-started', step: 'restore:orders', attempt: 1, token: 't' })
      .after(30 * MINUTE)
      .add({ type: 'stage-finished', step: 'restore:orders', stage: 'instance', noticedWithin: 16_000 })
      .restored()
      .checked();
    const noticed = events.map((event) => (event.type === 'step-succeeded' ? { ...event, noticedWithin: 500 } : event));
    const rounding = 2;
    expect(objectivesOf(noticed).rto.error).toBe(16_000 + 2 * 500 + rounding);
  });

  test('is missed when it is longer than its target, and says so when that is within its error', () => {
    const rtoOf = (target: number) =>
      objectivesOf(aPassedDrill(shopWith({ rto: { target, until: 'verified' } })).events).rto;
    expect(rtoOf(2_148)).toMatchObject({ outcome: 'met' });
    expect(rtoOf(2_147)).toMatchObject({
      outcome: 'missed',
      because: expect.stringContaining('less than the error') as string,
    });
    expect(rtoOf(1_000).because).toBeUndefined();
  });

  test.each([
    ['a smoke check', 'orders-accepts-logins', 'failed'],
    ['an integrity check', 'orders-has-no-orphans', 'failed'],
    ['an integrity check', 'orders-has-no-orphans', 'errored'],
    ['an integrity check', 'orders-has-no-orphans', 'skipped'],
  ] as const)('does not exist when %s (%s) %s', (_, id, outcome) => {
    const journal = aJournal()
      .started()
      .planned()
      .sandboxed()
      .restored()
      .checked({ [id]: { outcome } });
    const { rto } = objectivesOf(journal.events);
    expect(rto.outcome).toBe('unmeasured');
    expect(rto.measured).toBeUndefined();
  });

  test('does not exist when a smoke check failed, though the clock would stop at the integrity checks alone', () => {
    const journal = aJournal().started().planned().sandboxed().restored();
    const { rto } = objectivesOf(journal.checked({ 'orders-accepts-logins': { outcome: 'failed' } }).events);
    expect(rto).toMatchObject({ outcome: 'unmeasured', verified: 2_148 });
    expect(rto.usable).toBeUndefined();
  });

  test('does not exist without a required check of its kind', () => {
    const checks = aShop().checks.map((check) => ({ ...check, severity: 'warn' as const }));
    expect(objectivesOf(aPassedDrill(aShop({ checks })).events).rto).toMatchObject({
      outcome: 'unmeasured',
      because: 'there is no required integrity check',
    });
  });

  test('is shown without a target, but neither met nor missed', () => {
    const { rto, rpo } = objectivesOf(aPassedDrill(shopWith({})).events);
    expect(rto).toMatchObject({ outcome: 'unmeasured', measured: 2_148, because: 'the runbook sets no target' });
    expect(rto).not.toHaveProperty('target');
    expect(rpo).toMatchObject({ outcome: 'unmeasured', because: 'the runbook sets no target' });
  });

  test('a miss of an interrupted drill is unmeasured, a met one stays met and says so', () => {
    const drill = (target: number) => {
      const journal = aJournal(shopWith({ rto: { target, until: 'verified' } }))
        .started()
        .planned()
        .sandboxed()
        .resumed(MINUTE);
      return objectivesOf(journal.restored().checked().tornDown().finished().events).rto;
    };
    expect(drill(30_000)).toMatchObject({ outcome: 'unmeasured', measured: 62_148 });
    expect(drill(HOUR)).toMatchObject({
      outcome: 'met',
      because: 'met, although the controller was interrupted once in between, for 60 s',
    });
  });

  test('an interruption after the last check says nothing about it', () => {
    const journal = aJournal(shopWith({ rto: { target: 1_000, until: 'verified' } }))
      .started()
      .planned()
      .sandboxed();
    const { rto } = objectivesOf(journal.restored().checked().resumed(MINUTE).tornDown().finished().events);
    expect(rto.outcome).toBe('missed');
  });

  test('a clock that was set back makes nothing look quick: the longer time counts', () => {
    const journal = aJournal(shopWith({ rto: { target: MINUTE, until: 'verified' } }))
      .started()
      .planned()
      .sandboxed();
    const { rto } = objectivesOf(
      journal
        .after(2 * HOUR)
        .wallOnly(-2 * HOUR)
        .restored()
        .checked().events,
    );
    expect(rto).toMatchObject({ outcome: 'unmeasured', measured: 2 * HOUR + 2_148 });
  });

  test('a clock that was set forward makes a miss unmeasured', () => {
    const journal = aJournal(shopWith({ rto: { target: MINUTE, until: 'verified' } }))
      .started()
      .planned()
      .sandboxed();
    const { rto } = objectivesOf(journal.wallOnly(HOUR).restored().checked().events);
    expect(rto).toMatchObject({ outcome: 'unmeasured', measured: HOUR + 2_148, error: expect.any(Number) as number });
    expect(rto.error).toBeGreaterThanOrEqual(HOUR);
  });

  test('over a restart of the machine a clock that was set back measures nothing', () => {
    const journal = aJournal().started().planned().sandboxed().resumed(MINUTE, 'boot-b').wallOnly(-HOUR);
    const { rto } = objectivesOf(journal.restored().checked().events);
    expect(rto.outcome).toBe('unmeasured');
    expect(rto.measured).toBeUndefined();
  });

  test('is off by what waiting for looks added: as the restore says, else at most 2 s a look', () => {
    expect(objectivesOf(aPassedDrill().events).rto.error).toBe(2 + 40 + 50);
    const journal = aJournal().started().planned().sandboxed().restored('orders', 'no facts').checked();
    expect(objectivesOf(journal.events).rto.error).toBe(2 + 40 + 1_630);
  });
});

describe('the measured RPO', () => {
  const rpoOf = (runbook: Runbook, started = {}) =>
    objectivesOf(
      aJournal(runbook).started(started).planned().sandboxed().restored().checked().tornDown().finished().events,
    );

  test('is measured from the moment at which the next recovery point became available', () => {
    const { rpo, disasterAt } = rpoOf(aShop());
    expect(disasterAt).toMatchObject({ at: '2026-11-19T14:26:40.000Z' });
    expect(rpo).toMatchObject({ outcome: 'met', measured: 26 * MINUTE + 42_000 });
    expect(rpo.source).toContain("the engine's last replayed transaction");
  });

  test('is not met where the error of the data moment may carry it over the target', () => {
    const within = (error: number) =>
      objectivesOf(
        aJournal(aShop())
          .started()
          .planned()
          .sandboxed()
          .restored('orders', { dataMoments: [{ source: 'recovery-point', at: '2026-11-19T14:00:00.000Z', error }] })
          .checked()
          .tornDown()
          .finished().events,
      ).rpo;
    expect(within(30 * MINUTE)).toMatchObject({ outcome: 'met', measured: 26 * MINUTE + 40_000 });
    expect(within(40 * MINUTE)).toMatchObject({
      outcome: 'unmeasured',
      because: 'it is within the target by less than the error of the measurement',
    });
  });

  test('is measured from the start of the drill for the newest point', () => {
    const newest = aRestore('orders', { recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'latest' } } });
    const { rpo, disasterAt } = rpoOf(aRunbook([newest]));
    expect(disasterAt).toEqual({ at: STARTED_AT, source: 'the start of the drill' });
    expect(rpo).toMatchObject({ outcome: 'missed', measured: 13 * HOUR + 2_000 });
  });

  test('is measured from the disaster that the runbook names, and sooner from the one of the command line', () => {
    const runbook = aShop({ disasterAt: '2026-11-19T14:10:00.000Z' });
    expect(rpoOf(runbook).rpo.measured).toBe(10 * MINUTE + 2_000);
    expect(rpoOf(runbook, { disasterAt: '2026-11-19T14:20:00.000Z' }).rpo.measured).toBe(20 * MINUTE + 2_000);
  });

  test('is unmeasured when the data is newer than the disaster', () => {
    const { rpo } = rpoOf(aShop({ disasterAt: '2026-11-19T13:00:00.000Z' }));
    expect(rpo).toMatchObject({
      outcome: 'unmeasured',
      because: expect.stringContaining('is newer than the disaster') as string,
    });
    expect(rpo.measured).toBeUndefined();
  });

  test('takes the moment of a freshness check that passed, the oldest of several, and none of one that failed', () => {
    const checks = [...aShop().checks, freshness('payments'), freshness('logins')];
    const momentOf = (at: string) => ({ dataMoment: { source: 'query', at, error: 5 } as const });
    const drill = (outcome: 'passed' | 'failed') =>
      objectivesOf(
        aJournal(aShop({ checks }))
          .started()
          .planned()
          .sandboxed()
          .restored()
          .checked({
            payments: { ...momentOf('2026-11-19T13:50:00.000Z'), outcome },
            logins: momentOf('2026-11-19T13:55:00.000Z'),
          }).events,
      );
    expect(drill('passed').losses[0]?.dataMoment).toEqual({
      source: 'query',
      at: '2026-11-19T13:50:00.000Z',
      error: 5,
    });
    expect(drill('failed').losses[0]?.dataMoment?.at).toBe('2026-11-19T13:55:00.000Z');
    expect(drill('passed').rpo.error).toBe(1_005);
  });

  test("falls back to the recovery point's own time where the restore says nothing", () => {
    const journal = aJournal().started().planned().sandboxed().restored('orders', 'no facts').checked();
    expect(objectivesOf(journal.events).losses[0]?.dataMoment).toMatchObject({
      source: 'recovery-point',
      at: '2026-11-19T14:00:00.000Z',
    });
  });

  test('is that of the resource that lost most, each measured against its own disaster', () => {
    const newest = aRestore('stock', { recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'latest' } } });
    const runbook = aRunbook([aRestore('orders'), newest]);
    const journal = aJournal(runbook).started().planned().sandboxed();
    const recent = [{ source: 'last-replayed-transaction', at: '2026-11-20T02:58:00.000Z', error: 1 }] as const;
    const { rpo, losses, disasterAt } = objectivesOf(
      journal.restored('orders').restored('stock', { dataMoments: recent }).checked().events,
    );
    expect(losses.map(({ loss }) => loss)).toEqual([26 * MINUTE + 42_000, 2 * MINUTE]);
    expect(rpo).toMatchObject({ outcome: 'met', measured: 26 * MINUTE + 42_000 });
    expect(disasterAt?.at).toBe('2026-11-19T14:26:40.000Z');
  });

  test('is unmeasured unless every planned resource was restored', () => {
    const runbook = aRunbook([aRestore('orders'), aRestore('stock')]);
    const journal = aJournal(runbook)
      .started()
      .planned()
      .sandboxed()
      .restored('orders')
      .restoreFailed(A_PROBLEM, 'stock');
    expect(objectivesOf(journal.events).rpo).toMatchObject({
      outcome: 'unmeasured',
      because: "'stock' was not restored",
    });
    expect(objectivesOf(aJournal().started().events).rpo).toMatchObject({ outcome: 'unmeasured' });
  });

  test('a miss counted from the start of the drill is unmeasured when the clock was wrong', () => {
    const newest = aRestore('orders', { recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'latest' } } });
    const journal = aJournal(aRunbook([newest]))
      .started()
      .planned()
      .sandboxed()
      .wallOnly(-30 * HOUR);
    expect(objectivesOf(journal.restored().checked().events).rpo).toMatchObject({
      outcome: 'unmeasured',
      because: expect.stringContaining('the clock was set back') as string,
    });
  });
});
