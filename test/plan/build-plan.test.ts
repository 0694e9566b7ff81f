import { expect, test } from 'vitest';
import { type PlanInput, buildPlan } from '../../src/plan/build-plan.ts';
import type { RestoreSpec } from '../../src/runbook/restore-spec.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { aRecoveryPoint, aRestore, aRunbook } from '../support/runbook-builder.ts';

function planFor(restores: readonly RestoreSpec[], change: Partial<PlanInput> = {}) {
  return buildPlan({
    drillId: 'shop-1',
    runbook: aRunbook(restores),
    startedAt: '2026-11-20T03:00:00.000Z',
    drawn: restores.map((spec) => ({
      spec,
      point: aRecoveryPoint(spec.source, 'a', 1),
      draw: {
        resource: spec.name,
        strategy: 'random',
        seed: '1',
        candidates: [],
        excluded: [],
        candidatesDigest: '',
        index: 0,
      },
      successorAvailableAt: '2026-11-20T01:00:00.000Z',
    })),
    sha256Hex,
    ...change,
  });
}

test('nothing is restored before isolation is proven, and nothing is checked before the resource is proven from inside', () => {
  const { steps } = planFor([aRestore('orders')]);
  expect(steps.map(({ id, needs, after }) => [id, needs, after])).toEqual([
    ['sandbox', [], []],
    ['isolation', ['sandbox'], []],
    ['restore:orders', ['isolation'], []],
    ['connect:orders', ['restore:orders'], []],
    ['check:orders-accepts-logins', ['connect:orders'], []],
    ['check:orders-has-no-orphans', ['connect:orders'], ['check:orders-accepts-logins']],
  ]);
});

test('on AWS the probe is made beside the restores, awaited before they are looked at, and isolation proven again last', () => {
  const place = {
    provider: 'aws',
    account: '123456789012',
    region: 'eu-west-1',
    sharesAccountWithSources: true,
  } as const;
  const restores = [aRestore('orders')];
  const runbook = aRunbook(restores, { sandbox: { ...place, expiresAfter: 7_200_000, minimumIsolation: 'VPC' } });
  const { steps } = planFor(restores, { runbook });
  const needs = Object.fromEntries(steps.map((step) => [step.id, step.needs]));
  expect(needs['probe']).toEqual(['isolation']);
  expect(needs['connect:orders']).toEqual(['restore:orders', 'probe']);
  const last = steps.at(-1);
  expect(last).toMatchObject({ id: 'isolation:end', kind: 'isolation' });
  const resources = steps.filter(({ id }) => /^(restore|connect|check):/.test(id)).map(({ id }) => id);
  expect(last?.after).toEqual(resources);
});

test('a resource waits until what it needs can be connected to', () => {
  const { steps } = planFor([aRestore('orders'), aRestore('billing', { needs: ['orders'] })]);
  expect(steps.find(({ id }) => id === 'restore:billing')?.needs).toEqual(['isolation', 'connect:orders']);
});

test('the sandbox expires when the runbook says, counted from the start of the drill', () => {
  expect(planFor([aRestore('orders')]).sandbox.expiresAt).toBe('2026-11-20T05:00:00.000Z');
});

test('a point is superseded by its successor only when it is restored to its own end', () => {
  const to = (kind: 'backup-end' | 'latest') =>
    planFor([aRestore('orders', { recoveryPoint: { pick: { kind: 'random' }, to: { kind } } })]).resources[0]
      ?.supersededAt;
  expect([to('backup-end'), to('latest')]).toEqual(['2026-11-20T01:00:00.000Z', undefined]);
});

test('the digest changes with anything in the plan, and with nothing else', () => {
  const { digest } = planFor([aRestore('orders')]);
  expect(planFor([aRestore('orders')]).digest).toBe(digest);
  expect(planFor([aRestore('orders', { database: 'other' })]).digest).not.toBe(digest);
});

test('groups are planned with the moments that their resources are to reach, and a plan without any says nothing of them', () => {
  const time = '2026-11-19T03:30:00.000Z';
  const replayed = aRestore('billing', { recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'time', time } } });
  const restores = [aRestore('orders'), replayed];
  const groups = [{ name: 'shop', of: ['orders', 'billing'], maxSkew: 60_000 }];
  const plan = planFor(restores, { runbook: aRunbook(restores, { groups }) });
  const moments = [
    { resource: 'orders', at: '2026-11-19T01:00:00.000Z' },
    { resource: 'billing', at: time },
  ];
  expect(plan.groups).toEqual([{ ...groups[0], moments, expectedSkew: 9_000_000 }]);
  expect(planFor(restores)).not.toHaveProperty('groups');
  expect(planFor(restores, { runbook: aRunbook(restores, { groups: [] }) }).digest).toBe(planFor(restores).digest);
});
