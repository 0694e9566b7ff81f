import { expect, it } from 'vitest';
import { memoryJournal } from '../../src/journal/memory-journal.ts';
import type { ObservationRequest } from '../../src/probe/observation.ts';
import { memoryWorld } from '../../src/providers/memory/memory-world.ts';
import type { CheckSpec, Retry } from '../../src/runbook/check-spec.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aRecoveryPoint, aRestore, aRunbook } from '../support/runbook-builder.ts';
import { drillStarted, healthyObservation, resumeToTheEnd } from '../support/simulated-drill.ts';

const MINUTE = 60_000;

/** How long each look waits for the program's answer, in a drill whose checks have `limit`; each look takes a minute. */
async function patienceOfLooks(limit: number, retry?: Retry): Promise<readonly number[]> {
  const plain = aRunbook([aRestore('orders')]);
  const checks = plain.checks.map((check): CheckSpec => {
    if (check.purpose !== 'smoke') return check;
    const { id, name, purpose, severity, of, database } = check;
    const start = { argv: ['node', 'server.js'], reads: [], env: {} };
    const http = { kind: 'http', start, port: 80, path: '/', status: 200 } as const;
    return { id, name, purpose, severity, of, database, ...http, ...(retry && { retry }) };
  });
  const runbook = { ...plain, checks, limits: { ...plain.limits, check: limit } };
  const clock = fakeClock();
  const listings = new Map([
    ['/backups/orders', { points: [aRecoveryPoint('/backups/orders', 'a', 1)], unusable: [] }],
  ]);
  const waits: number[] = [];
  await resumeToTheEnd({
    world: memoryWorld({ listings }),
    clock,
    disk: [await memoryJournal(clock).append(drillStarted(runbook))],
    observe(request: ObservationRequest) {
      if (request.kind !== 'http') return healthyObservation(request);
      waits.push(request.patience ?? Number.NaN);
      return { kind: 'http', answer: { kind: 'silent', because: 'it is silent' } };
    },
  });
  return waits;
}

it('a program that is to answer is waited for until shortly before the deadline of its check', async () => {
  expect(await patienceOfLooks(10 * MINUTE)).toEqual([10 * MINUTE - 2_000]);
});

it('a program is waited for as long as it may be tried, and no longer than there is time', async () => {
  const tried = await patienceOfLooks(10 * MINUTE, { every: MINUTE, within: 2 * MINUTE });
  expect(tried).toEqual([2 * MINUTE, 2 * MINUTE, 2 * MINUTE]);
  const short = await patienceOfLooks(2 * MINUTE, { every: MINUTE, within: 2 * MINUTE });
  expect(short.slice(0, 2)).toEqual([2 * MINUTE - 2_000, MINUTE - 2_000]);
});
