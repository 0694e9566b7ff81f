import { describe, expect, it } from 'vitest';
import { freshnessCheck } from '../../src/checks/freshness.ts';
import { aContext, common, unreachableServer } from '../support/check-builder.ts';

const spec = { ...common, kind: 'freshness' as const, query: 'select max(created_at) from orders', within: 3_600_000 };

function judge(newestAt: string | undefined, change: Parameters<typeof aContext>[0] = {}, observedAt?: string) {
  const seen = { kind: 'freshness' as const, ...(newestAt && { newestAt }), ...(observedAt && { observedAt }) };
  return freshnessCheck.judge(spec, seen, aContext(change));
}

it('passes data as old as it may be, and tells up to when there is data', () => {
  expect(judge('2026-11-16T02:00:00.000Z')).toEqual({
    outcome: 'passed',
    observed: '2026-11-16T02:00:00.000Z',
    expected: 'data of 2026-11-16T02:00:00.000Z or later',
    dataMoment: { source: 'query', at: '2026-11-16T02:00:00.000Z', error: 1 },
  });
});

it('fails older data, and still tells up to when there is some', () => {
  expect(judge('2026-11-16T01:59:59.999Z')).toMatchObject({
    outcome: 'failed',
    dataMoment: { at: '2026-11-16T01:59:59.999Z' },
  });
});

it('fails when the query gives no timestamp', () => {
  const judgement = judge(undefined);
  expect(judgement.outcome).toBe('failed');
  expect(judgement.dataMoment).toBeUndefined();
});

it('is errored when the server is out of reach', () => {
  const judgement = freshnessCheck.judge(spec, { kind: 'unobservable', problem: unreachableServer }, aContext());
  expect(judgement.outcome).toBe('errored');
});

describe('a timestamp ahead of the restored moment', () => {
  it('is errored and no data moment, since it would look fresh for ever', () => {
    const judgement = judge('2026-11-16T03:01:00.001Z');
    expect(judgement).toMatchObject({ outcome: 'errored', problem: { code: 'check/timestamp-in-future' } });
    expect(judgement.dataMoment).toBeUndefined();
  });

  it('counts as that moment, with its distance as error, where clocks may differ as much', () => {
    expect(judge('2026-11-16T03:00:30.000Z')).toMatchObject({
      outcome: 'passed',
      dataMoment: { at: '2026-11-16T03:00:00.000Z', error: 30_000 },
    });
  });

  it('is compared with the time that was replayed to', () => {
    const restored = { recoveryPointId: 'monday', target: { kind: 'time' as const, time: '2026-11-16T09:00:00.000Z' } };
    expect(judge('2026-11-16T08:59:00.000Z', { restored }).outcome).toBe('passed');
    expect(judge('2026-11-16T09:02:00.000Z', { restored }).outcome).toBe('errored');
  });

  it('is compared with the moment of the look where all WAL was replayed', () => {
    const restored = { recoveryPointId: 'monday', target: { kind: 'latest' as const } };
    expect(judge('2026-11-17T00:00:00.000Z', { restored }, '2026-11-18T00:00:00.000Z').outcome).toBe('passed');
    expect(judge('2030-01-01T00:00:00.000Z', { restored }, '2026-11-18T00:00:00.000Z').outcome).toBe('errored');
  });
});
