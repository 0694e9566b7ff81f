import type { RecoveryPoint } from '../../../src/catalog/recovery-point.ts';
import { memoryProvider } from '../../../src/providers/memory/memory-provider.ts';
import { memoryWorld } from '../../../src/providers/memory/memory-world.ts';
import type { RestoreSpec } from '../../../src/runbook/restore-spec.ts';
import { sha256Hex } from '../../../src/support/sha256-hex.ts';
import { addMillis } from '../../../src/support/time.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { describeProvider } from '../conformance.ts';

const SOURCE = '/backups';

describeProvider('memory', async () => {
  const clock = fakeClock();
  const points = Array.from({ length: 2_500 }, (_, n) => pointOf(`base-${n}`));
  const world = memoryWorld({ listings: new Map([[SOURCE, { points, unusable: [] }]]) });
  const provider = memoryProvider(world, clock);
  const spec = specOf('orders');
  const classes = ['transient', 'denied', 'permanent'] as const;
  return {
    provider,
    clock,
    folder: '/sandboxes',
    spec,
    point: pointOf('base-1'),
    many: { spec, count: points.length },
    drill: (drillId) => {
      const startedAt = clock.now();
      const expiresAt = addMillis(startedAt, 3_600_000);
      const sandbox = { provider: 'memory', expiresAt, minimumIsolation: 'L2', folder: '/sandboxes' } as const;
      return { drillId, startedAt, sandbox, sources: [] };
    },
    async plantUnmarked({ drillId }) {
      const resource = {
        provider: 'memory',
        type: 'sandbox',
        id: `planted:${drillId}`,
        name: 'sandbox',
        token: 'planted',
      };
      const at = clock.now();
      const course = { takes: 0, end: 'ready', deaths: 0 } as const;
      world.things.set(resource.id, {
        resource,
        createdAt: at,
        course,
        startedAt: at,
        deathsLeft: 0,
        stagesLeft: 0,
        finishedCopies: 0,
      });
      return Promise.resolve(resource);
    },
    isUntouched: async ({ id }) => Promise.resolve(world.things.get(id)?.goneAt === undefined && world.things.has(id)),
    async killWork({ id }) {
      const thing = world.things.get(id);
      if (thing) thing.deathsLeft = 1;
      return Promise.resolve();
    },
    sourceDigest: async () => Promise.resolve(sha256Hex(JSON.stringify([...world.listings]))),
    errors: await Promise.all(classes.map(async (one) => ({ error: await errorOf(one), class: one }))),
    close: async () => Promise.resolve(),
  };
});

/** An error as the world gives it. */
async function errorOf(failure: 'transient' | 'denied' | 'permanent'): Promise<unknown> {
  const world = memoryWorld({ faultOf: () => ({ kind: 'refused', class: failure }) });
  return memoryProvider(world, fakeClock())
    .look([], new AbortController().signal)
    .catch((error: unknown) => error);
}

function specOf(name: string): RestoreSpec {
  return {
    name,
    kind: 'postgres',
    source: SOURCE,
    needs: [],
    recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'backup-end' } },
    database: 'postgres',
    superuser: 'postgres',
    preload: [],
  };
}

function pointOf(id: string): RecoveryPoint {
  return {
    id,
    provider: 'memory',
    kind: 'postgres',
    location: `${SOURCE}/${id}`,
    capturedAt: '2026-11-20T01:00:00.000Z',
    capturedAtSource: 'a test',
    availableAt: '2026-11-20T01:00:01.000Z',
    consistency: 'application',
    format: 'memory',
    engine: { name: 'postgres', version: '18.4' },
    tags: [],
  };
}
