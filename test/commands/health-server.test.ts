import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type HealthServer, serveHealth } from '../../src/commands/health-server.ts';
import { type ReportsPlace, reportsPlace } from '../../src/commands/reports-place.ts';
import type { Fire } from '../../src/schedule/ledger.ts';
import { timetable } from '../schedule/simulated-years.ts';
import { scheduleOf } from '../schedule/schedules.ts';
import { aPassedDrill, aShop } from '../support/journal-builder.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const NOW = '2026-11-20T12:00:00.000Z';
let place: Workplace;
let health: HealthServer;
let underWay: readonly Fire[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.parse(NOW), toFake: ['Date'] });
  place = await workplace();
  const runbook = aShop();
  const drill = {
    name: 'nightly',
    file: '/drills/nightly.yaml',
    runbooks: [runbook.file],
    objectives: {},
    concurrency: 1,
    schedule: scheduleOf({ kind: 'day', at: 180 }),
    notify: [],
  };
  health = await serveHealth(
    { host: '127.0.0.1', port: 0 },
    {
      drills: [{ drill, runbooks: [runbook] }],
      reports: reportsPlace('reports', place.io) as ReportsPlace,
      scheduler: { tick: async () => Promise.resolve(undefined), idle: async () => {}, underWay: () => underWay },
      timetable,
    },
  );
});
afterEach(async () => {
  vi.useRealTimers();
  await health.close();
  await place.remove();
});

async function get(path: string): Promise<Response> {
  if ('code' in health.state) throw new Error(health.state.message);
  return fetch(`http://127.0.0.1:${health.state.port}${path}`);
}

test('/healthz says what is under way and what is due next', async () => {
  underWay = [{ drill: 'nightly', due: '2026-11-20T03:00:00.000Z' }];
  const answer = await get('/healthz');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  const due = '2026-11-21T03:00:00.000Z';
  expect(await answer.json()).toEqual({
    status: 'ok',
    lookedAt: NOW,
    underWay,
    drills: [{ drill: 'nightly', next: { due, beginsAt: due } }],
  });
});

test('/healthz is 503 when it was not looked what is due for more than two minutes, until it is again', async () => {
  vi.setSystemTime('2026-11-20T12:02:00.000Z');
  expect((await get('/healthz')).status).toBe(200);
  vi.setSystemTime('2026-11-20T12:02:00.001Z');
  const stuck = await get('/healthz?full');
  expect([stuck.status, await stuck.json()]).toMatchObject([503, { status: 'stuck', lookedAt: NOW }]);
  health.looked('2026-11-20T12:02:00.000Z');
  expect((await get('/healthz')).status).toBe(200);
});

test('/metrics has the figures of the last drill of each scheduled runbook, and there is nothing else', async () => {
  const { events } = aPassedDrill();
  await place.journal('shop-20261120t030000z-0a1b2c', events);
  const answer = await get('/metrics');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    expect.stringMatching(/^text\/plain; version=0\.0\.4/),
  ]);
  expect(await answer.text()).toMatch(/^drillbook_\w+\{[^}]*runbook="shop"[^}]*\} \S+$/m);
  expect((await get('/')).status).toBe(404);
});
