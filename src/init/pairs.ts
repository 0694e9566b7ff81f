import { epochMillisOf } from '../support/time.ts';
import type { FoundResource } from './found.ts';

/** How far apart backups of one moment are taken at most. */
export const LARGEST_SKEW = { text: '10m', millis: 600_000 } as const;

/** Resources whose points were taken together, by name: the first with those that follow it, each in one group at most. */
export function takenTogether(resources: readonly FoundResource[]): readonly (readonly string[])[] {
  const grouped = new Set<string>();
  return resources.flatMap((first) => {
    if (grouped.has(first.name)) return [];
    const others = resources.filter((one) => one !== first && !grouped.has(one.name) && pairUp(first, one));
    if (others.length === 0) return [];
    const names = [first, ...others].map(({ name }) => name);
    for (const name of names) grouped.add(name);
    return [names];
  });
}

/** Whether at least half of the points of the one that has fewer lie close to one of the other. */
function pairUp(one: FoundResource, other: FoundResource): boolean {
  const [fewer, more] = [one, other]
    .map(({ points }) => points.map(({ capturedAt }) => epochMillisOf(capturedAt)))
    .toSorted((a, b) => a.length - b.length);
  if (!fewer || !more || fewer.length === 0) return false;
  const paired = fewer.filter((at) => more.some((near) => Math.abs(near - at) <= LARGEST_SKEW.millis));
  return paired.length * 2 >= fewer.length;
}
