import { describe, expect, it } from 'vitest';
import { groupsOf } from '../../src/drill/consistency.ts';
import { recordOf } from '../../src/drill/record.ts';
import { verdictOf } from '../../src/drill/verdict.ts';
import type { DataMoment, RestoreFacts } from '../../src/providers/resource.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import { aGroupedDrill, aGroupedShop, groupStory, reaching } from '../support/group-story.ts';
import { A_PROBLEM, aPassedDrill } from '../support/journal-builder.ts';

const MINUTE = 60_000;
const AT_TWO = '2026-11-19T14:00:00.000Z';

function restored(orders: Partial<RestoreFacts>, uploads: Partial<RestoreFacts>, maxSkew = 15 * MINUTE) {
  return aGroupedDrill(aGroupedShop(maxSkew)).restored('orders', orders).restored('uploads', uploads);
}

function measured(orders: Partial<RestoreFacts>, uploads: Partial<RestoreFacts>, maxSkew?: number) {
  const { events } = restored(orders, uploads, maxSkew).checked().tornDown().finished();
  const [group] = groupsOf(recordOf(events));
  return { ...group, verdict: verdictOf(events).verdict };
}

describe('a consistency group', () => {
  it('is met or missed by the moments that were really restored', () => {
    const verdicts = [groupStory(15 * MINUTE, 12 * MINUTE), groupStory(5 * MINUTE, 12 * MINUTE)].map((events) => [
      groupsOf(recordOf(events))[0]?.outcome,
      verdictOf(events).verdict,
    ]);
    expect(verdicts).toEqual([
      ['met', 'passed'],
      ['missed', 'failed'],
    ]);
  });

  it('is met where its error leaves it within its limit, unmeasured between, and missed a millisecond beyond it', () => {
    const [orders, uploads] = [reaching(AT_TWO, 'query'), reaching('2026-11-19T14:12:00.000Z', 'recovery-point')];
    expect(measured(orders, uploads, 12 * MINUTE + 1_002)).toMatchObject({ outcome: 'met', error: 1_002 });
    expect(measured(orders, uploads, 12 * MINUTE)).toMatchObject({ outcome: 'unmeasured' });
    expect(measured(orders, uploads, 12 * MINUTE - 1)).toMatchObject({
      outcome: 'missed',
      because: 'it was missed by less than the error of the measurement',
    });
  });

  it('takes the widest that the errors of its moments allow, whichever of them lie outermost', () => {
    const moment = (at: string, error: number): Partial<RestoreFacts> => ({
      dataMoments: [{ source: 'recovery-point', at, error }],
    });
    const far = measured(moment(AT_TWO, 4_000), moment('2026-11-19T14:01:00.000Z', 30_000));
    expect([far.measured, far.error]).toEqual([MINUTE, 1_000 + 34_000]);
    const same = measured(moment(AT_TWO, 4_000), moment(AT_TWO, 30_000));
    expect([same.measured, same.error]).toEqual([0, 1_000 + 60_000]);
  });

  it('is measured by the best source of each, so by the freshness checks that passed', () => {
    const runbook = aGroupedShop(MINUTE);
    const freshness: CheckSpec = {
      id: 'recent',
      name: 'orders are recent',
      purpose: 'integrity',
      severity: 'fail',
      of: 'orders',
      database: 'postgres',
      kind: 'freshness',
      query: 'select max(at) from orders',
      within: 600_000,
    };
    const dataMoment: DataMoment = { source: 'query', at: '2026-11-19T13:50:00.000Z', error: 1 };
    const { events } = aGroupedDrill({ ...runbook, checks: [...runbook.checks, freshness] })
      .restored('orders', reaching(AT_TWO, 'last-replayed-transaction'))
      .restored('uploads', reaching(AT_TWO, 'recovery-point'))
      .checked({ recent: { dataMoment } })
      .tornDown()
      .finished();
    expect(groupsOf(recordOf(events))).toMatchObject([
      { outcome: 'missed', measured: 10 * MINUTE, moments: [{ moment: { source: 'query' } }, { resource: 'uploads' }] },
    ]);
  });

  it('is unmeasured where only an old last transaction sets it apart, since nobody may have written', () => {
    const quiet = reaching('2026-11-19T09:00:00.000Z', 'last-replayed-transaction');
    const files = reaching('2026-11-19T14:12:00.000Z', 'recovery-point');
    expect(measured(quiet, files)).toMatchObject({
      outcome: 'unmeasured',
      verdict: 'inconclusive',
      because: expect.stringContaining("over the target, but nothing says whether 'orders' lacks data") as string,
    });
    // Backups that lie too far apart themselves are no matter of writes.
    expect(measured(quiet, files, 5 * MINUTE)).toMatchObject({ outcome: 'missed', verdict: 'failed' });
    // Nor is a backup that is older than the plan took it to be.
    const old = reaching('2026-11-19T09:00:00.000Z', 'recovery-point');
    expect(measured(old, files)).toMatchObject({ outcome: 'missed', verdict: 'failed' });
  });

  it('is unmeasured, with its moments so far, until all its resources are restored', () => {
    const runbook = aGroupedShop(MINUTE);
    const half = aGroupedDrill(runbook).restored('orders').restoreFailed(A_PROBLEM, 'uploads').checked();
    expect(groupsOf(recordOf(half.events))).toMatchObject([
      { outcome: 'unmeasured', moments: [{ resource: 'orders' }], because: "'uploads' was not restored" },
    ]);
    expect(groupsOf(recordOf(half.events.slice(0, 2)))).toMatchObject([
      { outcome: 'unmeasured', moments: [], because: 'nothing was planned' },
    ]);
  });

  it('is not spoken of where the runbook has none', () => {
    const { events } = aPassedDrill();
    expect(groupsOf(recordOf(events))).toEqual([]);
    expect(verdictOf(events).because).not.toContain('group');
  });
});
