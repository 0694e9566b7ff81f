import { expect, test } from 'vitest';
import { verdictOf } from '../../../src/drill/verdict.ts';
import { listAccount } from '../../support/aws/account-listing.ts';
import { awsStage, placeOf } from '../../support/aws/aws-stage.ts';
import { describeOnAws, problemsOf } from '../../support/aws/describe-on-aws.ts';
import type { QuietClock } from '../../support/aws/quiet-clock.ts';
import { failingRestore, stuckRestore } from '../../support/aws/rds/timeline.ts';
import { type Stage, resumeToTheEnd } from '../../support/simulated-drill.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { casesFor, isWhole } from '../../support/whole.ts';

await describeOnAws('a drill on AWS', ({ aws, clock, planter, begin }) => {
  test('passes, restores once, and leaves the account as it was', async () => {
    const { stage, before } = await begin();
    await resumeToTheEnd(stage);
    expect(problemsOf(stage.disk)).toEqual([]);
    expect(verdictOf(stage.disk)).toMatchObject({ verdict: 'passed', gaps: [], warnings: [] });
    expect(await listAccount(aws)).toEqual(before);
    expect(aws.log.of('rds', 'RestoreDBInstanceFromDBSnapshot')).toHaveLength(1);
  });

  // What each state means is held by the table of states; here, that a drill asks it.
  const ends = [
    'incompatible-restore',
    'failed',
    'restore-error',
    'incompatible-network',
    'incompatible-option-group',
    'incompatible-parameters',
    'insufficient-capacity',
    'inaccessible-encryption-credentials',
    'storage-full',
  ] as const;
  test.each(casesFor(ends))(
    'that ends in %s fails at once, with the events that explain it, and is torn down',
    async (status) => {
      const { stage, before } = await begin();
      aws.rds.setTimeline({ source: /orders-production/ }, failingRestore(status, 5_000));
      await resumeToTheEnd(stage);
      const failed = stage.disk.find((event) => event.type === 'step-failed');
      const started = stage.disk.find((event) => event.type === 'step-started' && event.step === 'restore:orders');
      expect(failed).toMatchObject({ step: 'restore:orders' });
      expect(failed?.type === 'step-failed' && failed.problem.message).toMatch(new RegExp(`ended in ${status}`));
      expect(Date.parse(failed?.at ?? '') - Date.parse(started?.at ?? '')).toBeLessThanOrEqual(8_000);
      expect(verdictOf(stage.disk).verdict).not.toBe('passed');
      expect(await listAccount(aws)).toEqual(before);
    },
  );

  test('that is stuck ends with its deadline, and is torn down', async () => {
    const limits = { concurrency: 4, drill: 3_600_000, restore: 1_500_000, check: 600_000, teardown: 600_000 };
    const { stage, before } = await begin({ runbook: { limits } });
    aws.rds.setTimeline({ source: /orders-production/ }, stuckRestore());
    await resumeToTheEnd(stage);
    expect(problemsOf(stage.disk)).toContain('drill/step-deadline');
    expect(verdictOf(stage.disk).verdict).toBe('inconclusive');
    expect(await listAccount(aws)).toEqual(before);
    const perMinute = [...aws.log.perMinute('rds', 'DescribeDBInstances').values()];
    expect(perMinute[1]).toBeLessThanOrEqual(120);
    expect(Math.max(...perMinute.slice(15, -2))).toBeLessThanOrEqual(20);
  });

  test('that may not restore says so at once and names the policy to compare', async () => {
    const { stage, before } = await begin();
    aws.faults.add({
      service: 'rds',
      action: 'RestoreDBInstanceFromDBSnapshot',
      kind: 'error',
      status: 403,
      code: 'AccessDenied',
      times: 'always',
    });
    await resumeToTheEnd(stage);
    expect(aws.log.of('rds', 'RestoreDBInstanceFromDBSnapshot')).toHaveLength(1);
    const failed = stage.disk.find((event) => event.type === 'step-failed');
    expect(failed?.type === 'step-failed' && failed.problem.hint).toMatch(/drillbook permissions/);
    expect(verdictOf(stage.disk).verdict).toBe('inconclusive');
    expect(await listAccount(aws)).toEqual(before);
  });

  test('goes on through throttling, errors of the service and lost connections', async () => {
    const { stage, before } = await begin();
    for (const action of [
      'CreateStack',
      'RestoreDBInstanceFromDBSnapshot',
      'ModifyDBInstance',
      'DescribeDBInstances',
    ]) {
      aws.faults.add({ action, kind: 'throttle', times: 2 });
    }
    aws.faults.add({ service: 'rds', action: 'DescribeDBInstances', kind: 'server-error', after: 3, times: 2 });
    aws.faults.add({ service: 'rds', action: 'DeleteDBInstance', kind: 'reset' });
    await resumeToTheEnd(stage);
    expect(verdictOf(stage.disk).verdict).toBe('passed');
    expect(await listAccount(aws)).toEqual(before);
  });

  test('with credentials that have expired is inconclusive, and says what to do', async () => {
    const { stage } = await begin();
    aws.faults.add({ kind: 'error', status: 403, code: 'ExpiredToken', times: 'always' });
    await resumeToTheEnd(stage);
    expect(verdictOf(stage.disk).verdict).toBe('inconclusive');
    expect(problemsOf(stage.disk).join()).toMatch(/expired/);
  });

  test('of another account than the runbook names touches nothing', async () => {
    const { stage } = await begin();
    const [started] = stage.disk;
    if (started?.type !== 'drill-started') throw new Error('no start');
    const wrong = { ...started.runbook.sandbox, account: '999999999999' } as const;
    stage.disk[0] = { ...started, runbook: { ...started.runbook, sandbox: wrong } };
    const asked = aws.log.calls.length;
    const place = { ...placeOf(aws), account: '999999999999' };
    await resumeToTheEnd(awsStage({ place, clock }, stage.disk));
    expect(problemsOf(stage.disk)).toContain('aws/wrong-account');
    expect(aws.log.mutations()).toEqual([]);
    expect(new Set(aws.log.calls.slice(asked).map(({ service }) => service))).toEqual(new Set(['sts']));
  });

  const waysOut: [string, (vpc: string) => Promise<unknown>][] = [
    ['an internet gateway', async (vpc: string) => planter.internetGateway(vpc)],
    ['a peering that it asked for', async (vpc: string) => planter.peering(vpc)],
    ['a peering that another asked for', async (vpc: string) => planter.peering(vpc, 'accepter')],
    ['a subnet with public addresses', async (vpc: string) => planter.publicSubnet(vpc, '10.213.0.224/28')],
    ['one more endpoint', async (vpc: string) => planter.endpoint(vpc)],
    ['a rule that forwards questions to premises', async (vpc: string) => planter.resolverRule(vpc)],
    ['a security group of somebody else', async (vpc: string) => planter.securityGroup(vpc)],
  ];
  // What each of them means is held by the judgement of isolation; here, that a drill asks it before it restores.
  test.each(isWhole ? waysOut : waysOut.slice(0, 1))('refuses to restore into a sandbox with %s', async (_, plant) => {
    // Some of what is planted keeps the stack from going: that is not waited for.
    const limits = { concurrency: 4, drill: 3_600_000, restore: 1_800_000, check: 600_000, teardown: 30_000 };
    const { stage, before } = await begin({ runbook: { limits } });
    const plantInto = async (): Promise<void> => {
      const vpc = (await listAccount(aws)).find((id) => id.startsWith('vpc-') && !before.includes(id));
      await plant(vpc ?? 'no VPC was made');
    };
    const planting = plantingStage(stage, plantInto, { clock });
    await resumeToTheEnd(planting);
    expect(verdictOf(stage.disk).gaps.join()).toMatch(/isolation is not proven/);
    expect(aws.log.of('rds', 'RestoreDBInstanceFromDBSnapshot')).toEqual([]);
    expect(verdictOf(stage.disk).verdict).toBe('inconclusive');
  });

  test.each([
    ['before it is looked at', 2, 'connect:orders'],
    ['before its end', 3, 'isolation:end'],
  ])('does not pass when a way out is opened after the restore, %s', async (_, proof, step) => {
    const limits = { concurrency: 4, drill: 3_600_000, restore: 1_800_000, check: 600_000, teardown: 30_000 };
    const { stage, before } = await begin({ runbook: { limits } });
    const plantInto = async (): Promise<void> => {
      const vpc = (await listAccount(aws)).find((id) => id.startsWith('vpc-') && !before.includes(id));
      await planter.internetGateway(vpc ?? 'no VPC was made');
    };
    await resumeToTheEnd(plantingStage(stage, plantInto, { clock, before: proof }));
    const broken = stage.disk.filter(
      (event) => event.type === 'isolation-judged' && event.evidence.proofs.some(({ holds }) => !holds),
    );
    expect(broken).toContainEqual(expect.objectContaining({ step }));
    expect(verdictOf(stage.disk).verdict).toBe('inconclusive');
  });
});

/** Somebody changes the sandbox just before its n-th proof. */
function plantingStage(
  stage: Required<Stage>,
  plant: () => Promise<void>,
  { clock, before = 1 }: { readonly clock: QuietClock; readonly before?: number },
): Required<Stage> {
  let proofs = 0;
  let planted: Promise<void> | undefined;
  return {
    ...stage,
    adapters() {
      const adapters = stage.adapters();
      const provider: Provider = {
        ...adapters.provider,
        async proveIsolation(...args) {
          proofs += 1;
          if (proofs === before) await (planted ??= clock.busy(plant));
          return adapters.provider.proveIsolation(...args);
        },
      };
      return { ...adapters, provider };
    },
  };
}
