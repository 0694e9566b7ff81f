import { expect, it } from 'vitest';
import type { Judgement } from '../../src/checks/check.ts';
import { ProblemError } from '../../src/diagnostics/problem-error.ts';
import { memoryJournal } from '../../src/journal/memory-journal.ts';
import { memoryWorld } from '../../src/providers/memory/memory-world.ts';
import type { CheckSpec, Retry } from '../../src/runbook/check-spec.ts';
import type { Observation } from '../../src/probe/observation.ts';
import { buildReport } from '../../src/report/build-report.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aRecoveryPoint, aRestore, aRunbook } from '../support/runbook-builder.ts';
import { drillStarted, healthyObservation, resumeToTheEnd } from '../support/simulated-drill.ts';

const REFUSED: Observation = { kind: 'login', accepted: false, refusal: 'cannot_connect_now (57P03)' };
const PROBLEM = { code: 'check/connection-lost', message: 'gone', hint: 'Look.', blames: 'environment' as const };
const SECOND = 1_000;

interface Told {
  readonly judgement: Judgement | undefined;
  readonly lines: number;
  /** From the first look to the judgement, in milliseconds. */
  readonly took: number;
  /** When each look was taken, in milliseconds after the first. */
  readonly looks: readonly number[];
  readonly shown: string | undefined;
}

/** Drills one database whose smoke check is tried again; the n-th look at it shows what `seen` gives for n. */
async function drill(retry: Retry | undefined, seen: (look: number) => Observation): Promise<Told> {
  const plain = aRunbook([aRestore('orders')]);
  const checks = plain.checks.map((check): CheckSpec =>
    check.purpose === 'smoke' && retry ? { ...check, retry } : check,
  );
  const runbook = { ...plain, checks };
  const clock = fakeClock();
  const listings = new Map([
    ['/backups/orders', { points: [aRecoveryPoint('/backups/orders', 'a', 1)], unusable: [] }],
  ]);
  const disk = [await memoryJournal(clock).append(drillStarted(runbook))];
  const looks: number[] = [];
  await resumeToTheEnd({
    world: memoryWorld({ listings }),
    clock,
    disk,
    observe(request) {
      if (request.kind !== 'login') return healthyObservation(request);
      looks.push(clock.monotonic());
      return seen(looks.length);
    },
  });
  const lines = disk.filter((event) => event.type === 'check-judged' && event.step === 'check:orders-accepts-logins');
  const [line] = lines;
  if (line?.type !== 'check-judged') throw new Error('the check was not judged');
  const [first = 0] = looks;
  const shown = buildReport(disk, { tool: '0.1.0' }).checks.find(({ purpose }) => purpose === 'smoke')?.observed;
  return {
    judgement: line.judgement,
    lines: lines.length,
    took: line.mono - first,
    looks: looks.map((at) => at - first),
    shown,
  };
}

it('is looked at again at its interval until it passes, and is one line of the journal with its tries', async () => {
  const seen = (look: number): Observation => (look < 4 ? REFUSED : { kind: 'login', accepted: true });
  const told = await drill({ every: 2 * SECOND, within: 30 * SECOND }, seen);
  expect(told).toMatchObject({ looks: [0, 2_000, 4_000, 6_000], lines: 1, judgement: { outcome: 'passed', tries: 4 } });
  expect(told.shown).toBe('accepted (4 tries)');
});

it('that passes at once says nothing of tries', async () => {
  const told = await drill({ every: SECOND, within: 30 * SECOND }, () => ({ kind: 'login', accepted: true }));
  expect(told.judgement).not.toHaveProperty('tries');
  expect(told.shown).toBe('accepted');
});

it('that could not be looked at is not passed yet, and is looked at again', async () => {
  const seen = (look: number): Observation =>
    look === 1 ? { kind: 'unobservable', problem: PROBLEM } : { kind: 'login', accepted: true };
  expect(await drill({ every: SECOND, within: 30 * SECOND }, seen)).toMatchObject({
    judgement: { outcome: 'passed', tries: 2 },
  });
});

it('whose look goes wrong in itself is looked at again too', async () => {
  const seen = (look: number): Observation => {
    if (look === 1) throw new ProblemError(PROBLEM);
    return { kind: 'login', accepted: true };
  };
  expect(await drill({ every: SECOND, within: 30 * SECOND }, seen)).toMatchObject({
    judgement: { outcome: 'passed', tries: 2 },
  });
});

it('has failed by its last look when its time is over, which is taken at the end of that time', async () => {
  const seen = (look: number): Observation =>
    look < 3 ? { kind: 'unobservable', problem: PROBLEM } : { ...REFUSED, refusal: `no ${look}` };
  const told = await drill({ every: 4 * SECOND, within: 10 * SECOND }, seen);
  expect(told.looks).toEqual([0, 4_000, 8_000, 10_000]);
  expect(told.judgement).toMatchObject({ outcome: 'failed', tries: 4 });
  expect(told.judgement?.because).toContain('no 4');
});

it("ends at the check's own deadline, by its last look", async () => {
  const told = await drill({ every: 25 * SECOND, within: 3_600 * SECOND }, () => REFUSED);
  expect(told.looks).toEqual([0, 25_000, 50_000]);
  expect(told.judgement).toMatchObject({ outcome: 'failed', tries: 3 });
  expect(told.took).toBeLessThanOrEqual(60 * SECOND);
});

it('is looked at once where the runbook says nothing of tries', async () => {
  expect((await drill(undefined, () => REFUSED)).looks).toEqual([0]);
});
