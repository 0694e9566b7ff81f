import { expect, test } from 'vitest';
import { type Begun, type Fire, fireName, ledgerOn } from '../../src/schedule/ledger.ts';
import { type StoreCall, memoryStore } from '../../src/store/memory-store.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { addMillis } from '../../src/support/time.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { scheduleOf } from './schedules.ts';

function opened(hook?: (call: StoreCall) => Promise<void>) {
  const clock = fakeClock();
  const store = memoryStore({ clock, ...(hook && { hook }) });
  return { clock, store, ledger: ledgerOn(store, sha256Hex) };
}

const now = '2026-11-20T03:00:00.000Z';
const later = '2026-12-01T00:00:00.500Z';
const daily = scheduleOf({ kind: 'day', at: 180 });
const fire: Fire = { drill: 'shop', due: now };
const other: Fire = { drill: 'books', due: now };
const begun: Begun = { startedAt: now, plannedAt: now, runbooks: ['orders'] };
const ran = { how: 'ran', startedAt: now, endedAt: later, drillIds: ['orders-1'] } as const;
const missed = { how: 'missed', endedAt: later, because: 'nobody was there' } as const;

test('a schedule owes nothing for the time before it was first seen', async () => {
  const { ledger } = opened();
  expect(await ledger.openSince('shop', daily, now)).toBe(now);
  expect(await ledger.openSince('shop', daily, later)).toBe(now);
  expect(await ledger.openSince('books', daily, later)).toBe(later);
});

test.each([
  ['another time of day', scheduleOf({ kind: 'day', at: 181 }), later],
  ['another timezone', scheduleOf({ kind: 'day', at: 180 }, 'Europe/Vienna'), later],
  ['another jitter', { ...daily, jitter: 1 }, now],
  ['a new blackout', { ...daily, blackouts: [{ from: now, until: later }] }, now],
])('a schedule with %s owes from its own first day on, or none of that', async (_title, changed, since) => {
  const { ledger } = opened();
  await ledger.openSince('shop', daily, now);
  expect(await ledger.openSince('shop', changed, later)).toBe(since);
});

test('of two who see a schedule first at once, both are told the same', async () => {
  const { ledger } = opened();
  const both = await Promise.all([now, later].map(async (at) => ledger.openSince('shop', daily, at)));
  expect(new Set(both).size).toBe(1);
});

test('what was settled is owed no more, to the last whole second and to the latest that was said', async () => {
  const { ledger } = opened();
  await ledger.openSince('shop', daily, now);
  await ledger.settle('shop', daily, later);
  await ledger.settle('shop', daily, addMillis(now, 1_000));
  expect(await ledger.openSince('shop', daily, addMillis(later, 1))).toBe(later);
  expect(await ledger.openSince('shop', scheduleOf({ kind: 'day', at: 1 }), now)).toBe(now);
});

test('a fire is known from when it was begun, or told late, until it has ended', async () => {
  const { ledger, store } = opened();
  expect(await ledger.known('shop')).toEqual([]);
  await ledger.openSince('shop', daily, now);
  await ledger.settle('shop', daily, later);
  await ledger.begin(fire, begun);
  const next = { drill: 'shop', due: '2026-11-21T03:00:00.000Z' };
  await ledger.markLateTold(next);
  await ledger.begin({ drill: 'shop-2', due: '2026-11-22T03:00:00.000Z' }, begun);
  expect(await ledger.known('shop')).toEqual([fire.due, next.due]);
  await ledger.end(fire, ran);
  expect(await ledger.known('shop')).toEqual([next.due]);
  await ledger.tidy(fire);
  await ledger.end(next, missed);
  expect(await ledger.known('shop')).toEqual([]);
  await store.create('ledger/shop/notes/a.json', '{}');
  expect(await ledger.known('shop')).toEqual([]);
});

test('a fire is begun once: who comes second changes nothing', async () => {
  const { ledger } = opened();
  expect(await ledger.look(fire)).toEqual({ isLateTold: false, entries: [] });
  await ledger.begin(fire, begun);
  await ledger.begin(fire, { ...begun, startedAt: later });
  expect(await ledger.look(fire)).toMatchObject({ begun, isLateTold: false });
  await ledger.markLateTold(fire);
  await ledger.markLateTold(fire);
  expect(await ledger.look(fire)).toMatchObject({ begun, isLateTold: true });
});

test('a fire has one end, the first, and is then open to nobody', async () => {
  const { ledger } = opened();
  await ledger.begin(fire, begun);
  expect(await ledger.ended(fire)).toBeUndefined();
  await ledger.end(fire, ran);
  await ledger.end(fire, missed);
  expect(await ledger.ended(fire)).toEqual(ran);
  expect(await ledger.look(fire)).toBeUndefined();
});

test('of a fire that has ended its end stays, and nothing else', async () => {
  const { ledger, store } = opened();
  await ledger.begin(fire, begun);
  await ledger.markLateTold(fire);
  await store.create(`${fireName(fire)}/1.json`, '{}');
  await ledger.end(fire, ran);
  await ledger.tidy(fire);
  await ledger.tidy(fire);
  const left = (await store.list('ledger/shop/')).map(({ key }) => key);
  expect(left).toEqual(['ledger/shop/20261120t030000z/ended.json']);
});

test('a runbook is the turn of one fire at a time', async () => {
  const { ledger } = opened();
  expect(await ledger.turnOf('orders')).toBeUndefined();
  const taken = await Promise.all([fire, other].map(async (one) => ledger.takeTurn('orders', one)));
  expect(taken.filter(Boolean)).toHaveLength(1);
  const [winner, loser] = taken[0] ? [fire, other] : [other, fire];
  expect(await ledger.turnOf('orders')).toEqual(winner);
  expect(await ledger.takeTurn('orders', winner)).toBe(true);
  expect(await ledger.takeTurn('orders', loser)).toBe(false);
  expect(await ledger.takeTurn('books', loser)).toBe(true);
});

test('a turn is over when it was given back by the fire whose it is', async () => {
  const { ledger } = opened();
  await ledger.takeTurn('orders', fire);
  await ledger.giveTurnBack('orders', other);
  expect(await ledger.turnOf('orders')).toEqual(fire);
  await ledger.giveTurnBack('orders', fire);
  await ledger.giveTurnBack('orders', fire);
  expect(await ledger.turnOf('orders')).toBeUndefined();
  expect(await ledger.takeTurn('orders', other)).toBe(true);
});

test('a turn is over when its fire has ended, though nobody gave it back', async () => {
  const { ledger } = opened();
  await ledger.takeTurn('orders', fire);
  await ledger.end(fire, ran);
  await ledger.tidy(fire);
  expect(await ledger.turnOf('orders')).toBeUndefined();
  expect(await ledger.takeTurn('orders', other)).toBe(true);
  expect(await ledger.turnOf('orders')).toEqual(other);
});

test('a turn passes from a fire that is named only while it is that one', async () => {
  const { ledger } = opened();
  await ledger.takeTurn('orders', fire);
  const third = { drill: 'mails', due: now };
  expect(await ledger.takeTurn('orders', other, third)).toBe(false);
  expect(await ledger.takeTurn('orders', other, fire)).toBe(true);
  expect(await ledger.takeTurn('orders', third, fire)).toBe(false);
  expect(await ledger.turnOf('orders')).toEqual(other);
});
