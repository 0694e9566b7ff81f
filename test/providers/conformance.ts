import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RecoveryPoint } from '../../src/catalog/recovery-point.ts';
import type { DrillIdentity, Failure, Provider, RemovalPermit, ResourceState } from '../../src/providers/provider.ts';
import type { Resource } from '../../src/providers/resource.ts';
import type { RestoreSpec } from '../../src/runbook/restore-spec.ts';
import type { Clock } from '../../src/support/clock.ts';
import { addMillis } from '../../src/support/time.ts';

/** A provider in a world of its own, and what the suite needs to do to that world from outside. */
export interface ProviderFixture {
  readonly provider: Provider;
  readonly clock: Clock;
  /** Where all sandboxes of this world lie. */
  readonly folder: string;
  /** A drill that begins now and whose sandbox expires in an hour. */
  drill(id: string): DrillIdentity;
  readonly spec: RestoreSpec;
  readonly point: RecoveryPoint;
  /** A source with more recovery points than one answer of the service holds, where there is such a limit. */
  readonly many: { readonly spec: RestoreSpec; readonly count: number };
  /** Puts something that no drill made where a drill's own might lie. */
  plantUnmarked(drill: DrillIdentity): Promise<Resource>;
  isUntouched(planted: Resource): Promise<boolean>;
  /** Kills the work on a restore that is under way. */
  killWork(restored: Resource): Promise<void>;
  /** A digest of all that the sources hold. */
  sourceDigest(): Promise<string>;
  /** Errors as they come, and what they mean. */
  readonly errors: readonly { readonly error: unknown; readonly class: Failure['class'] }[];
  close(): Promise<void>;
}

const never = new AbortController().signal;
const HOUR = 3_600_000;

/** The contract of `Provider`, which every one of them keeps. */
export function describeProvider(name: string, open: () => Promise<ProviderFixture>): void {
  describe(`the provider '${name}' keeps the contract:`, () => {
    let fixture: ProviderFixture;
    beforeEach(async () => (fixture = await open()));
    afterEach(async () => fixture.close());
    describeStarting(() => fixture);
    describeRemoval(() => fixture);
    describeReading(() => fixture);
  });
}

function describeStarting(the: () => ProviderFixture): void {
  test('a sandbox and a restore in it become ready, each in its place of the answer', async () => {
    const drill = the().drill('drill-1');
    const [sandbox, restored] = await startBoth(the(), drill);
    await untilKind(the(), restored, 'ready');
    const states = await the().provider.look([restored, sandbox], never);
    expect(states.map(({ kind }) => kind)).toEqual(['ready', 'ready']);
    expect(states[0]).toMatchObject({ endpoint: { kind: 'postgres' }, facts: { moment: {} } });
  });

  test('the same token again makes nothing new and gives the same resource', async () => {
    const drill = the().drill('drill-1');
    const first = await startBoth(the(), drill);
    expect(await startBoth(the(), drill)).toEqual(first);
    await untilListed(the(), drill, first.length);
    await untilKind(the(), first[1], 'ready');
    expect(await startBoth(the(), drill)).toEqual(first);
    expect(await listed(the(), drill)).toHaveLength(first.length);
  });

  test('what was started is listed, with its drill and its expiry, and under no other drill', async () => {
    const [one, other] = [the().drill('drill-1'), the().drill('drill-10')];
    const mine = await startBoth(the(), one);
    const theirs = await startBoth(the(), other);
    await untilListed(the(), one, mine.length);
    await untilListed(the(), other, theirs.length);
    const all = await the().provider.listMarked({ place: { provider: 'local', folder: the().folder } }, never);
    expect(all.map(({ resource }) => resource.id).sort()).toEqual([...mine, ...theirs].map(({ id }) => id).sort());
    expect(all.find(({ resource }) => resource.id === mine[0].id)).toEqual({
      resource: mine[0],
      drillId: 'drill-1',
      expiresAt: one.sandbox.expiresAt,
    });
  });

  test('work that was killed is lost, and starting it again with the same token brings it to its end', async () => {
    const drill = the().drill('drill-1');
    const [, restored] = await startBoth(the(), drill);
    await the().killWork(restored);
    await untilKind(the(), restored, 'lost');
    expect((await startBoth(the(), drill))[1]).toEqual(restored);
    await untilKind(the(), restored, 'ready');
  });

  test('nothing is started when the signal has aborted', async () => {
    const drill = the().drill('drill-1');
    const start = the().provider.start({ kind: 'sandbox', drill, token: 'drill-1/sandbox' }, AbortSignal.abort());
    await expect(start).rejects.toSatisfy((error) => the().provider.classify(error).class === 'transient');
    await the().clock.sleep(the().provider.properties.absenceGrace);
    expect(await listed(the(), drill)).toEqual([]);
  });
}

function describeRemoval(the: () => ProviderFixture): void {
  test('what was removed is gone and no longer listed, and removing it again is fine', async () => {
    const drill = the().drill('drill-1');
    const [sandbox, restored] = await startBoth(the(), drill);
    await untilKind(the(), restored, 'ready');
    for (const resource of [restored, sandbox]) {
      await the().provider.startRemoval(resource, permitOf(drill, [sandbox, restored]), never);
      await untilKind(the(), resource, 'gone');
      await the().provider.startRemoval(resource, permitOf(drill, [sandbox, restored]), never);
    }
    expect(await listed(the(), drill)).toEqual([]);
  });

  test('work that is under way is removed too', async () => {
    const drill = the().drill('drill-1');
    const [sandbox, restored] = await startBoth(the(), drill);
    await the().provider.startRemoval(restored, permitOf(drill, [sandbox, restored]), never);
    await untilKind(the(), restored, 'gone');
    expect((await listed(the(), drill)).map(({ id }) => id)).not.toContain(restored.id);
  });

  test('what a drill did not make is refused and stays as it is', async () => {
    const drill = the().drill('drill-1');
    const planted = await the().plantUnmarked(drill);
    await expectRefusal(the(), planted, permitOf(drill, [planted]));
    expect(await the().isUntouched(planted)).toBe(true);
  });

  test("another drill's, what is in no journal, and what is older than the drill, are refused", async () => {
    const [drill, other] = [the().drill('drill-1'), the().drill('drill-2')];
    const both = await startBoth(the(), drill);
    const later = { ...drill, startedAt: addMillis(drill.startedAt, HOUR) };
    for (const permit of [permitOf(other, both), permitOf(drill, []), permitOf(later, both)]) {
      await expectRefusal(the(), both[1], permit);
      await expectRefusal(the(), both[0], permit);
    }
    await untilKind(the(), both[1], 'ready');
  });

  test('what has not expired, or not by the margin, is refused to a sweep; what has is removed', async () => {
    const drill = the().drill('drill-1');
    const [sandbox, restored] = await startBoth(the(), drill);
    const at = (past: number): RemovalPermit => ({
      kind: 'expired',
      now: addMillis(drill.sandbox.expiresAt, past),
      margin: 1_000,
    });
    await expectRefusal(the(), sandbox, at(-1));
    await expectRefusal(the(), restored, at(999));
    for (const resource of [restored, sandbox]) {
      await the().provider.startRemoval(resource, at(1_000), never);
      await untilKind(the(), resource, 'gone');
    }
    expect(await listed(the(), drill)).toEqual([]);
  });
}

function describeReading(the: () => ProviderFixture): void {
  test('all recovery points of a source are listed, whatever their number, each under an id of its own', async () => {
    const { spec, count } = the().many;
    const { points } = await the().provider.listRecoveryPoints(spec, never);
    expect(new Set(points.map(({ id }) => id)).size).toBe(count);
    expect(points).toHaveLength(count);
  });

  test('the source is the same, byte for byte, after a restore and its removal', async () => {
    const before = await the().sourceDigest();
    const drill = the().drill('drill-1');
    await the().provider.listRecoveryPoints(the().spec, never);
    const both = await startBoth(the(), drill);
    await untilKind(the(), both[1], 'ready');
    await the().provider.startRemoval(both[0], permitOf(drill, both), never);
    await untilKind(the(), both[0], 'gone');
    expect(await the().sourceDigest()).toBe(before);
  });

  test('isolation is told of with its level and with proofs', async () => {
    const [sandbox] = await startBoth(the(), the().drill('drill-1'));
    const { level, proofs } = await the().provider.proveIsolation(sandbox, undefined, never);
    expect(['L0', 'L1', 'L2']).toContain(level);
    expect(proofs.length).toBeGreaterThan(0);
  });

  test('what never was is gone', async () => {
    const id = `${the().folder}/never`;
    const resource = { provider: the().provider.kind, type: 'sandbox', id, name: 'sandbox', token: 'never' };
    expect(await the().provider.look([resource], never)).toEqual([{ kind: 'gone' }]);
  });

  test('errors get their class, a code, words and a hint', () => {
    for (const { error, class: wanted } of the().errors) {
      const { class: given, problem } = the().provider.classify(error);
      expect(given, problem.message).toBe(wanted);
      expect(problem.code).toMatch(/^[a-z]+\/[a-z-]+$/);
      expect(problem.message).toMatch(/^[a-z'].*[^.]$/);
      expect(problem.hint).toMatch(/^[A-Z].*\.$/);
    }
  });
}

function permitOf(drill: DrillIdentity, ledger: readonly Resource[]): RemovalPermit {
  return { kind: 'own-drill', drill, ledger };
}

async function startBoth(
  { provider, spec, point }: ProviderFixture,
  drill: DrillIdentity,
): Promise<[Resource, Resource]> {
  const sandbox = await provider.start({ kind: 'sandbox', drill, token: `${drill.drillId}/sandbox` }, never);
  const token = `${drill.drillId}/restore:${spec.name}`;
  return [sandbox, await provider.start({ kind: 'restore', drill, token, spec, point }, never)];
}

async function expectRefusal({ provider }: ProviderFixture, resource: Resource, permit: RemovalPermit): Promise<void> {
  const removal = provider.startRemoval(resource, permit, never);
  await expect(removal).rejects.toSatisfy((error) => provider.classify(error).class === 'denied');
}

async function listed({ provider, folder }: ProviderFixture, { drillId }: DrillIdentity): Promise<readonly Resource[]> {
  return (await provider.listMarked({ place: { provider: 'local', folder }, drillId }, never)).map(
    ({ resource }) => resource,
  );
}

/** What was made may stay out of listings for the grace that the provider names. */
async function untilListed(fixture: ProviderFixture, drill: DrillIdentity, count: number): Promise<void> {
  const { absenceGrace, pollInterval } = fixture.provider.properties;
  for (let waited = 0; waited <= absenceGrace; waited += pollInterval(waited)) {
    if ((await listed(fixture, drill)).length === count) return;
    await fixture.clock.sleep(pollInterval(waited));
  }
  expect(await listed(fixture, drill)).toHaveLength(count);
}

const PATIENCE = 20_000;

async function untilKind(fixture: ProviderFixture, resource: Resource, kind: ResourceState['kind']): Promise<void> {
  const { pollInterval } = fixture.provider.properties;
  let seen = '';
  for (let waited = 0; waited < PATIENCE; waited += pollInterval(waited)) {
    const [state] = await fixture.provider.look([resource], never);
    seen = JSON.stringify(state);
    if (state?.kind === kind) return;
    await fixture.clock.sleep(pollInterval(waited));
  }
  expect.fail(`waited for '${resource.name}' to be ${kind}, and saw ${seen}`);
}
