import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunningFire } from '../../src/schedule/carry-fire.ts';
import { runDaemon, runOnce } from '../../src/schedule/daemon.ts';
import { ledgerOn } from '../../src/schedule/ledger.ts';
import { type Scheduler, openScheduler } from '../../src/schedule/scheduler.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { systemClock } from '../../src/support/clock.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { leasePorts } from '../store/lease-ports.ts';
import { timetable } from './simulated-years.ts';

describe('a daemon', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-20T03:00:00.000Z') }));
  afterEach(() => void vi.useRealTimers());

  function kept(change: Partial<Scheduler> = {}) {
    const abort = new AbortController();
    const looks: string[] = [];
    const troubles: unknown[] = [];
    const scheduler: Scheduler = {
      tick: async () => Promise.resolve(undefined),
      idle: async () => Promise.resolve(),
      underWay: () => [],
      ...change,
    };
    const onLook = async (at: string) => Promise.resolve(void looks.push(at.slice(14, 19)));
    const trouble = (error: unknown) => void troubles.push(error);
    const ended = runDaemon({ scheduler, clock: systemClock, onLook, trouble }, abort.signal);
    return { abort, looks, troubles, ended };
  }

  test('looks at once and every ten seconds, and not any more once it is told to end', async () => {
    const { abort, looks, ended } = kept();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(looks).toEqual(['00:00', '00:10', '00:20']);
    abort.abort();
    await ended;
    await vi.advanceTimersByTimeAsync(25_000);
    expect(looks).toHaveLength(3);
  });

  test('goes on after a look that failed, which it tells and does not count', async () => {
    const tick = vi
      .fn<Scheduler['tick']>()
      .mockRejectedValueOnce(new Error('unreachable'))
      .mockResolvedValue(undefined);
    const { abort, looks, troubles, ended } = kept({ tick });
    await vi.advanceTimersByTimeAsync(15_000);
    expect([looks, troubles]).toEqual([['00:10'], [new Error('unreachable')]]);
    abort.abort();
    await ended;
  });

  test('ends only when all that it has set going has ended', async () => {
    let finish = () => {};
    const idle = async () => new Promise<void>((resolve) => void (finish = resolve));
    const { abort, ended } = kept({ idle });
    let hasEnded = false;
    void ended.then(() => (hasEnded = true));
    abort.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hasEnded).toBe(false);
    finish();
    await ended;
  });
});

describe('a single run', () => {
  const aDrill = (name: string, at: number) => ({
    drill: {
      name,
      schedule: { recurrence: { kind: 'day', at }, timezone: 'UTC', jitter: 0, windows: [], blackouts: [] },
    } as const,
    runbooks: ['shop'],
  });

  function once(runFire: (fire: RunningFire) => 'finished' | 'unfinished') {
    const clock = fakeClock(Date.parse('2026-11-20T00:00:00.000Z'));
    const store = memoryStore({ clock });
    const ran: string[] = [];
    const scheduler = openScheduler({
      ...leasePorts('here', { store, clock }),
      ledger: ledgerOn(store, sha256Hex),
      timetable,
      drills: [aDrill('first', 180), aDrill('second', 181)],
      runFire: async (fire) => {
        ran.push(fire.drill);
        const kind = runFire(fire);
        return Promise.resolve(kind === 'finished' ? { kind, drillIds: [] } : { kind, because: 'no room' });
      },
      told: async () => Promise.resolve(),
      trouble: () => {},
    });
    return { clock, scheduler, ran };
  }

  test('leaves at once with nothing due, and sees to its end all that is due, though one runbook is drilled once at a time', async () => {
    const { clock, scheduler, ran } = once(() => 'finished');
    await runOnce(scheduler, new AbortController().signal);
    expect(ran).toEqual([]);
    clock.advance(4 * 3_600_000);
    await runOnce(scheduler, new AbortController().signal);
    expect(ran).toEqual(['first', 'second']);
  });

  test('leaves what could not be finished to the next one', async () => {
    const { clock, scheduler, ran } = once(() => 'unfinished');
    await runOnce(scheduler, new AbortController().signal);
    clock.advance(4 * 3_600_000);
    await runOnce(scheduler, new AbortController().signal);
    expect(ran).toEqual(['first']);
  });
});
