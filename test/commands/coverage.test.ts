import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coverageCommand } from '../../src/commands/coverage.ts';
import type { DrillEvent } from '../../src/drill/events.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { type AwsWorld, startAwsWorld } from '../support/aws/aws-world.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { A_PROBLEM, STARTED_AT, aJournal } from '../support/journal-builder.ts';
import { aRestore, aRunbook } from '../support/runbook-builder.ts';
import { PUBLISH, type Workplace, workplace } from '../support/workplace.ts';

const DAY = 86_400_000;
const world = await startAwsWorld();
let place: Workplace;

beforeEach(async () => {
  place = await workplace();
  for (const [name, value] of Object.entries(world?.env ?? {})) vi.stubEnv(name, value);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await place.remove();
  await world?.reset();
});

afterAll(async () => {
  await world?.stop();
});

/** The runbook of the workplace, as journals hold it. */
function shop(change: Partial<Runbook> = {}, names: readonly string[] = ['orders']): Runbook {
  const restores = names.map((name) => aRestore(name, { source: join(place.cwd, 'backups') }));
  return aRunbook(restores, { name: 'shop', file: join(place.cwd, 'runbooks', 'shop.yaml'), ...change });
}

/** A drill that passed; all of them start at the same moment unless a drill says that it started later. */
function passed(runbook: Runbook, drillId: string, later = 0): readonly DrillEvent[] {
  const names = runbook.restore.map(({ name }) => name);
  const journal = aJournal(runbook).after(later).started({ drillId }).planned().sandboxed();
  for (const name of names) journal.restored(name);
  return journal.checked().tornDown().finished().events;
}

function failed(runbook: Runbook, drillId: string, later = 0): readonly DrillEvent[] {
  const journal = aJournal(runbook).after(later).started({ drillId }).planned().sandboxed();
  return journal.restoreFailed(A_PROBLEM).tornDown().finished().events;
}

function tenDaysLater() {
  return fakeClock(Date.parse(STARTED_AT) + 10 * DAY);
}

interface Printed {
  readonly runbooks: readonly {
    readonly runbook: string;
    readonly drills: number;
    readonly lastDrill: { readonly drillId: string; readonly verdict: string } | null;
    readonly verifiedAt: string | null;
    readonly verifiedSecondsAgo: number | null;
    readonly resources: readonly {
      readonly resource: string;
      readonly drills: number;
      readonly verifiedBy: string | null;
      readonly verifiedAt: string | null;
      readonly candidates: number;
      readonly neverDrawn: readonly string[];
    }[];
  }[];
}

/** What the command prints, ten days after the first drill. */
async function coverage(options: { publish?: boolean } = {}) {
  let printed = '';
  const io = { ...place.io, stdout: (text: string) => void (printed += text) };
  const code = await coverageCommand({ reports: 'reports', json: true, ...options }, io, tenDaysLater());
  const { runbooks } = JSON.parse(printed) as Printed;
  return { code, runbooks, shop: runbooks.find(({ runbook }) => runbook === 'shop') };
}

describe('coverage of a runbook', () => {
  it('that was never drilled says just that', async () => {
    await place.runbook('shop');
    expect(await coverageCommand({ reports: 'reports' }, place.io)).toBe(0);
    expect(place.stdout()).toBe('shop: never drilled\n');
  });

  it('tells the last drill, the last verified restore with its age, and what was never drawn', async () => {
    await place.runbook('shop');
    await place.journal('shop-1', passed(shop(), 'shop-1'));
    await place.journal('shop-2', failed(shop(), 'shop-2', 3 * DAY));
    const { code, shop: told } = await coverage();
    expect(code).toBe(0);
    expect(told).toMatchObject({ drills: 2, lastDrill: { drillId: 'shop-2', verdict: 'inconclusive' } });
    expect((told?.verifiedSecondsAgo ?? 0) * 1_000).toBeGreaterThan(10 * DAY - 3_600_000);
    expect((told?.verifiedSecondsAgo ?? 0) * 1_000).toBeLessThan(10 * DAY);
    const [orders] = told?.resources ?? [];
    expect(orders).toMatchObject({ resource: 'orders', drills: 2, verifiedBy: 'shop-1' });
    expect(orders?.candidates).toBeGreaterThan(1);
    expect(orders?.neverDrawn.length).toBeLessThan(orders?.candidates ?? 0);
    expect(orders?.neverDrawn.length).toBeGreaterThan(0);
  });

  it('says it in words too', async () => {
    await place.runbook('shop');
    await place.journal('shop-1', passed(shop(), 'shop-1'));
    await coverageCommand({ reports: 'reports' }, place.io, tenDaysLater());
    expect(place.stdout()).toMatch(
      /^shop: 1 drill, the last one 10d ago, passed \(shop-1\)\n {2}orders: 1 drill, last verified 9d 23h ago by shop-1; 1 of 4 recovery points proven, 3 never drawn\n {4}stale: the runbook has changed since\n {4}1 of 1 random draws restored: with 95 % confidence at least 5 % of recovery points restore\n$/,
    );
  });

  it('counts from the moment of verification, though the teardown ended days later', async () => {
    await place.runbook('shop');
    const journal = aJournal(shop()).started({ drillId: 'shop-1' }).planned().sandboxed().restored().checked();
    await place.journal(
      'shop-1',
      journal
        .after(5 * DAY)
        .tornDown()
        .finished().events,
    );
    expect((await coverage()).shop?.verifiedAt).toMatch(/^2026-11-20T03:/);
  });

  it('takes nothing for verified that is not restored, verified and torn down clean', async () => {
    await place.runbook('shop');
    const left = aJournal(shop()).started({ drillId: 'shop-1' }).planned().sandboxed().restored().checked();
    const resource = { type: 'database', id: 'orders', name: 'orders' } as never;
    await place.journal('shop-1', left.tornDown([resource]).finished().events);
    await place.journal('shop-2', failed(shop(), 'shop-2'));
    expect((await coverage()).shop).toMatchObject({ drills: 2, verifiedAt: null });
  });

  it('does not believe a journal that was changed, nor one from the future', async () => {
    await place.runbook('shop');
    const file = await place.journal('shop-1', passed(shop(), 'shop-1'));
    expect((await coverage()).shop?.verifiedAt).not.toBeNull();
    await writeFile(file, `${await readFile(file, 'utf8')}not an event\n`);
    await place.journal('shop-2', passed(shop(), 'shop-2', 400 * DAY));
    const later = await coverage();
    expect(later.shop?.verifiedAt).toBeNull();
  });

  it('does not take another source of the same name for the one that was verified, nor a moved checkout for another', async () => {
    await place.runbook('shop');
    const moved = aRunbook([aRestore('orders', { source: '/elsewhere/backups' })], {
      name: 'shop',
      file: '/elsewhere/runbooks/shop.yaml',
    });
    await place.journal('shop-1', passed(moved, 'shop-1'));
    expect((await coverage()).shop?.resources[0]?.verifiedBy).toBe('shop-1');
    const other = shop({ restore: [aRestore('orders', { source: '/other/backups' })] });
    await place.journal('shop-2', passed(other, 'shop-2', DAY));
    expect((await coverage()).shop?.resources[0]?.verifiedBy).toBe('shop-1');
  });

  it('is as old as the resource that waits longest, and has no age while one of them was never verified', async () => {
    const text = await readFile(join(place.cwd, await place.runbook('shop')), 'utf8');
    await writeFile(
      join(place.cwd, 'runbooks', 'shop.yaml'),
      text
        .replace('checks:', '  users: { kind: postgres, source: ../backups }\nchecks:')
        .concat('  - { integrity: users are sound, of: users, kind: structure }\n'),
    );
    await place.journal('shop-1', passed(shop(), 'shop-1', 4 * DAY));
    const one = await coverage();
    expect(one.shop?.verifiedAt).toBeNull();
    expect(one.shop?.resources.map(({ verifiedBy }) => verifiedBy)).toEqual(['shop-1', null]);
    await place.journal('shop-0', passed(shop({}, ['orders', 'users']), 'shop-0'));
    const both = await coverage();
    expect(both.shop?.verifiedAt).toBe(both.shop?.resources[1]?.verifiedAt);
    expect(both.shop?.resources[0]?.verifiedBy).toBe('shop-1');
  });

  it('is told of valid runbooks beside one with a mistake, and exits with 2', async () => {
    await place.runbook('shop');
    await place.runbook('wrong', ['colour: red']);
    const { code, runbooks } = await coverage();
    expect(code).toBe(2);
    expect(runbooks.map(({ runbook }) => runbook)).toEqual(['shop']);
    expect(place.stderr()).toContain('unknown-key');
  });
});

interface Put {
  readonly MetricData: readonly {
    readonly MetricName: string;
    readonly Value: number;
    readonly Dimensions: readonly { readonly Value: string }[];
  }[];
}

describe.runIf(world)('coverage that publishes', () => {
  const aws = world as AwsWorld;
  const sent = () =>
    aws.log
      .of('monitoring', 'PutMetricData')
      .flatMap(({ json }) => (json as Put).MetricData)
      .map(({ MetricName, Value, Dimensions }) => [MetricName, ...Dimensions.map((one) => one.Value), Value]);

  it('sends the age of the last verified restore, and no request names a drill', async () => {
    await place.runbook('shop', [PUBLISH]);
    await place.runbook('silent');
    await place.journal('shop-20261120t030000z-0a1b2c', passed(shop(), 'shop-20261120t030000z-0a1b2c'));
    const { code } = await coverage({ publish: true });
    expect(code).toBe(0);
    expect(sent()).toEqual([['DaysSinceVerifiedRestore', 'shop', expect.closeTo(10, 1)]]);
    expect(JSON.stringify(aws.log.calls)).not.toContain('0a1b2c');
  });

  it('sends nothing of what was never verified, so that its alarm sees that data is missing', async () => {
    await place.runbook('shop', [PUBLISH]);
    await place.journal('shop-1', failed(shop(), 'shop-1'));
    const { code } = await coverage({ publish: true });
    expect(code).toBe(0);
    expect(aws.log.calls).toEqual([]);
    expect(place.stderr()).toContain("nothing is sent for 'shop'");
  });

  it('sends nothing unless it is asked to', async () => {
    await place.runbook('shop', [PUBLISH]);
    await place.journal('shop-1', passed(shop(), 'shop-1'));
    await coverage();
    expect(aws.log.calls).toEqual([]);
  });

  it('exits with 3 when one figure cannot be sent, and still sends the others', async () => {
    for (const name of ['shop', 'stall']) {
      await place.runbook(name, [PUBLISH]);
      await place.journal(`${name}-1`, passed(shop({ name }), `${name}-1`));
    }
    aws.faults.add({ service: 'monitoring', kind: 'error', status: 403, code: 'AccessDenied', times: 1 });
    expect((await coverage({ publish: true })).code).toBe(3);
    expect(aws.log.of('monitoring').map(({ status }) => status)).toEqual([403, 200]);
    expect(place.stderr()).toContain('[publish/cloudwatch]');
  });
});
