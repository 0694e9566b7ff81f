import type { Store, StoredEntry } from './store.ts';

/** The newest of the epochs of a name: `<name>/<epoch>.json` says who has it, `<epoch>.released.json` that it was given back. */
export interface Epoch {
  readonly number: number;
  readonly isReleased: boolean;
}

/** As many epochs below the newest stay: a listing that was under way while one was made may not have seen it. */
const KEPT = 3;

/** The newest epoch among the entries below a name; 0 stands for none, and is free. */
export function newestEpoch(name: string, entries: readonly StoredEntry[]): Epoch {
  const keys = new Set(entries.map(({ key }) => key));
  const number = Math.max(0, ...numbersOf(name, entries));
  return { number, isReleased: number === 0 || keys.has(releasedKey(name, number)) };
}

export function epochKey(name: string, number: number): string {
  return `${name}/${number}.json`;
}

export function releasedKey(name: string, number: number): string {
  return `${name}/${number}.released.json`;
}

/**
 * Makes the epoch after the one that was seen; `undefined` where somebody else was faster.
 *
 * Who saw an old state may make an epoch anew that has been removed; so one is had only when it is the newest also
 * afterwards. The newest is never removed before there is a newer one.
 */
export async function makeEpoch(store: Store, name: string, seen: Epoch, text: string): Promise<number | undefined> {
  const number = seen.number + 1;
  if (!(await store.create(epochKey(name, number), text))) return undefined;
  const entries = await store.list(`${name}/`);
  if (newestEpoch(name, entries).number === number) {
    await prune(store, name, number, entries);
    return number;
  }
  await store.remove(epochKey(name, number));
  return undefined;
}

/** Removes the texts of old epochs, the oldest first, so that whose own is there can tell by the newest. */
async function prune(store: Store, name: string, newest: number, entries: readonly StoredEntry[]): Promise<void> {
  const old = numbersOf(name, entries).filter((number) => number < newest - KEPT);
  for (const number of old.sort((a, b) => a - b)) {
    const below = `${name}/${number}.`;
    const rest = entries.map(({ key }) => key).filter((key) => key.startsWith(below) && key !== epochKey(name, number));
    // Its own text last: it is by it that one whose removal was cut short is found again.
    for (const key of [...rest, epochKey(name, number)]) await store.remove(key);
  }
}

function numbersOf(name: string, entries: readonly StoredEntry[]): number[] {
  const pattern = /^([1-9][0-9]*)\.json$/;
  return entries.flatMap(({ key }) => {
    const number = key.startsWith(`${name}/`) ? pattern.exec(key.slice(name.length + 1))?.[1] : undefined;
    return number === undefined ? [] : [Number(number)];
  });
}
