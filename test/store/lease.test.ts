import { expect, test } from 'vitest';
import { type Lease, type LeasePorts, lookAtLease, takeLease, whileHeld } from '../../src/store/lease.ts';
import { type StoreCall, memoryStore } from '../../src/store/memory-store.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { leasePorts } from './lease-ports.ts';

const MINUTE = 60_000;
const never = new AbortController().signal;

function world(hook?: (call: StoreCall) => Promise<void>) {
  const clock = fakeClock();
  const store = memoryStore({ clock, ...(hook && { hook }) });
  return { clock, store, ports: (name: string) => leasePorts(name, { store, clock }) };
}

async function taken(ports: LeasePorts, name = 'l'): Promise<Lease> {
  const outcome = await takeLease(ports, name);
  if (outcome.kind === 'refused') throw new Error(`refused: ${JSON.stringify(outcome.holder)}`);
  return outcome.lease;
}

test('of twenty who take a name at once, one has it', async () => {
  const { ports } = world();
  const outcomes = await Promise.all(Array.from({ length: 20 }, async (_, n) => takeLease(ports(`host-${n}`), 'l')));
  expect(outcomes.filter(({ kind }) => kind === 'taken')).toHaveLength(1);
});

test('a name that is held is refused with its holder, and had when it was released', async () => {
  const { ports, clock } = world();
  const lease = await taken(ports('a'));
  expect(await takeLease(ports('b'), 'l')).toEqual({
    kind: 'refused',
    holder: { ...ports('a').owner, at: clock.now() },
  });
  expect(await lease.stillHeld()).toBe(true);
  await lease.release();
  expect(await lease.stillHeld()).toBe(false);
  expect((await taken(ports('b'))).epoch).toBe(2);
  await lease.release();
  expect(await takeLease(ports('c'), 'l')).toMatchObject({ kind: 'refused', holder: { host: 'b' } });
});

test('names are held apart, also where one begins with the other', async () => {
  const { ports } = world();
  await taken(ports('a'), 'l/1');
  await taken(ports('b'), 'l');
  await taken(ports('b'), 'l/11');
  expect(await takeLease(ports('c'), 'l/1')).toMatchObject({ holder: { host: 'a' } });
});

test('the lease of a process that is seen dead is taken at once, by one of all who try', async () => {
  const { store, clock } = world();
  const ports = (name: string) => leasePorts(name, { store, clock, alive: { a: 'dead' } });
  const lease = await taken(ports('a'));
  const outcomes = await Promise.all(['b', 'c', 'd'].map(async (name) => takeLease(ports(name), 'l')));
  expect(outcomes.filter(({ kind }) => kind === 'taken')).toHaveLength(1);
  expect(await lease.stillHeld()).toBe(false);
});

test('the lease of a process that is seen alive is respected, however long it has said nothing', async () => {
  const { store, clock } = world();
  const ports = (name: string) => leasePorts(name, { store, clock, alive: { a: 'alive' } });
  await taken(ports('a'));
  clock.advance(24 * 60 * MINUTE);
  expect(await takeLease(ports('b'), 'l')).toMatchObject({ kind: 'refused' });
});

test('a holder elsewhere is dead ten minutes after it last said that it lives', async () => {
  const { ports, clock } = world();
  const lease = await taken(ports('a'));
  clock.advance(9 * MINUTE);
  await lease.beat();
  clock.advance(10 * MINUTE);
  expect(await takeLease(ports('b'), 'l')).toMatchObject({ kind: 'refused' });
  clock.advance(1);
  expect(await takeLease(ports('b'), 'l')).toMatchObject({ kind: 'taken' });
  expect(await lease.stillHeld()).toBe(false);
});

test('a holder elsewhere is not dead because the clock here is ahead of the one of the store', async () => {
  const { store, clock, ports } = world();
  await taken(ports('a'));
  clock.advance(MINUTE);
  const ahead = { ...clock, now: () => new Date(Date.parse(clock.now()) + 3_600_000).toISOString() };
  expect(await takeLease(leasePorts('b', { store, clock: ahead }), 'l')).toMatchObject({ kind: 'refused' });
  clock.advance(10 * MINUTE);
  expect(await takeLease(leasePorts('b', { store, clock: ahead }), 'l')).toMatchObject({ kind: 'taken' });
});

test('an instance has again what it forgot, and so is told that it had it', async () => {
  const { store, ports } = world();
  const forgotten = await taken(ports('a'));
  expect(await lookAtLease(ports('a'), 'l', await store.list('l/'))).toMatchObject({ kind: 'mine' });
  const lease = await taken(ports('a'));
  expect([await forgotten.stillHeld(), await lease.stillHeld()]).toEqual([false, true]);
});

test('old epochs are removed, and who slept through them takes none of them again', async () => {
  let isAsleep = false;
  let wake = () => {};
  const { store, ports, clock } = world();
  const slow = {
    ...ports('slow'),
    store: {
      ...store,
      create: async (key: string, text: string) => {
        if (isAsleep) await new Promise<void>((resolve) => (wake = resolve));
        return store.create(key, text);
      },
    },
  };
  await (await taken(ports('a'))).release();
  isAsleep = true;
  const late = takeLease(slow, 'l');
  for (let n = 0; n < 20; n += 1) await (await taken(ports('a'))).release();
  const holder = await taken(ports('b'));
  expect((await store.list('l/')).length).toBeLessThan(10);
  expect(await store.read('l/2.json')).toBeUndefined();
  wake();
  expect(await late).toEqual({ kind: 'refused' });
  expect(await holder.stillHeld()).toBe(true);
  expect(await takeLease(ports('c'), 'l')).toMatchObject({ kind: 'refused', holder: { host: 'b' } });
  expect(clock.now()).toBe('2026-11-20T03:00:00.000Z');
});

test('work is done while its lease is held, and its holder is taken for alive all the time', async () => {
  const { ports, clock } = world();
  const lease = await taken(ports('a'));
  const work = whileHeld(lease, { clock, signal: never }, async (signal) => {
    for (let n = 0; n < 60; n += 1) {
      await clock.sleep(MINUTE / 2, signal);
      expect(await takeLease(ports('b'), 'l')).toMatchObject({ kind: 'refused' });
    }
    return signal.aborted;
  });
  expect(await work).toEqual({ result: false, isHeld: true });
});

test('work hears that its lease was taken', async () => {
  const { store, clock, ports } = world();
  const lease = await taken(ports('a'));
  const seesDead = leasePorts('b', { store, clock, alive: { a: 'dead' } });
  const { result, isHeld } = await whileHeld(lease, { clock, signal: never }, async (signal) => {
    await taken(seesDead);
    await clock.sleep(60 * MINUTE, signal);
    return signal;
  });
  expect([result.aborted, isHeld]).toEqual([true, false]);
  expect(Date.parse(clock.now())).toBeLessThan(Date.parse('2026-11-20T03:02:00.000Z'));
});

test.each([
  ['fails', async () => Promise.reject(new Error('no space'))],
  ['hangs', async () => new Promise<void>(() => {})],
])('work is told to end before others may take it for dead where every call of the store %s', async (_, down) => {
  let isDown = false;
  const { ports, clock } = world(async () => (isDown ? down() : Promise.resolve()));
  const lease = await taken(ports('a'));
  const { isHeld } = await whileHeld(lease, { clock, signal: never }, async (signal) => {
    isDown = true;
    await clock.sleep(60 * MINUTE, signal);
  });
  expect(isHeld).toBe(false);
  const minutes = (Date.parse(clock.now()) - Date.parse('2026-11-20T03:00:00.000Z')) / MINUTE;
  expect(minutes).toBeGreaterThanOrEqual(8);
  expect(minutes).toBeLessThan(10);
});

test('work survives a store that is away for less than eight minutes, and a host that slept', async () => {
  let isDown = false;
  const { ports, clock } = world(async () => {
    if (isDown) throw new Error('away');
    await Promise.resolve();
  });
  const lease = await taken(ports('a'));
  const { isHeld } = await whileHeld(lease, { clock, signal: never }, async (signal) => {
    isDown = true;
    await clock.sleep(6 * MINUTE, signal);
    isDown = false;
    await clock.sleep(60 * MINUTE, signal);
    clock.advance(60 * MINUTE);
    await clock.sleep(5 * MINUTE, signal);
  });
  expect(isHeld).toBe(true);
});

test('work that throws leaves nobody who says that its holder lives', async () => {
  const { ports, store, clock } = world();
  const lease = await taken(ports('a'));
  const work = whileHeld(lease, { clock, signal: never }, async () => Promise.reject(new Error('broken')));
  await expect(work).rejects.toThrow('broken');
  await clock.sleep(30 * MINUTE);
  expect((await store.list('l/')).map(({ key }) => key)).toEqual(['l/1.json']);
});

test('who is told to end hears it through the work it does', async () => {
  const { ports, clock } = world();
  const lease = await taken(ports('a'));
  const ending = new AbortController();
  const { result, isHeld } = await whileHeld(lease, { clock, signal: ending.signal }, async (signal) => {
    ending.abort();
    return Promise.resolve(signal.aborted);
  });
  expect([result, isHeld]).toEqual([true, true]);
});
