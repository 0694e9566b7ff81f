import type { FoundResource } from '../../src/init/found.ts';
import { addMillis } from '../../src/support/time.ts';

/** The moment at which the runbooks of tests are written. */
export const NOW = '2026-11-20T12:00:00.000Z';

const DAY = 86_400_000;

/** Moments a day apart, the newest of them nine hours ago. */
export function daily(count: number): FoundResource['points'] {
  return Array.from({ length: count }, (_, index) => ({
    id: `day-${index}`,
    capturedAt: addMillis('2026-11-20T03:00:00.000Z', (index + 1 - count) * DAY),
  }));
}

/** A source with a week of backups. */
export function aFoundResource(name: string, changes: Partial<FoundResource> = {}): FoundResource {
  return {
    name,
    kind: 'postgres',
    source: `../backups/${name}`,
    points: daily(7),
    databases: [],
    hasWal: false,
    bytes: 1_000,
    ...changes,
  };
}
