import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateDBParameterGroupCommand,
  CreateDBSnapshotCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  ModifyDBInstanceCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { afterAll, expect, test } from 'vitest';
import { removeMarked } from '../../../../src/commands/remove-marked.ts';
import type { DrillEvent } from '../../../../src/drill/events.ts';
import { verdictOf } from '../../../../src/drill/verdict.ts';
import type { PolicyDocument } from '../../../../src/providers/aws/permissions/policy-document.ts';
import { type AwsRunbook, policyFor } from '../../../../src/providers/aws/permissions/policy-for.ts';
import { putMetrics } from '../../../../src/publish/cloudwatch.ts';
import type { RdsRestore } from '../../../../src/runbook/restore-spec.ts';
import type { CutoverSpec } from '../../../../src/runbook/runbook.ts';
import { listAccount } from '../../../support/aws/account-listing.ts';
import { anAwsRunbook, anRdsRestore, awsStage, placeOf } from '../../../support/aws/aws-stage.ts';
import type { AwsWorld } from '../../../support/aws/aws-world.ts';
import { describeOnAws, problemsOf } from '../../../support/aws/describe-on-aws.ts';
import { zonePlanterOf } from '../../../support/aws/dns/plant-zones.ts';
import { type Authorization, type Policy, isAllowed } from '../../../support/aws/policy/evaluate.ts';
import type { Ledger, Tags } from '../../../support/aws/policy/ledger.ts';
import { type Request, requestsOf } from '../../../support/aws/policy/requests.ts';
import { failingRestore } from '../../../support/aws/rds/timeline.ts';
import { resumeToTheEnd, simulate } from '../../../support/simulated-drill.ts';

const FROM_SNAPSHOT: Partial<RdsRestore> = {};
const TO_MOMENT: Partial<RdsRestore> = {
  recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'latest' } },
  parameterGroup: 'of-drills',
};
const cutoverOf = (zone: string): CutoverSpec => ({ zone, records: [{ name: 'db.shop.internal', to: 'orders' }] });
const PUBLISH = { cloudWatch: { namespace: 'Drillbook' } };

/** What drills on AWS ask for and no drill here. */
const UNSEEN = [
  // The emulator's VPCs have no DHCP options; on AWS each has at least those of its region, which are looked at.
  'Look: ec2:DescribeDhcpOptions',
  // A backup that was kept after its instance; the tests of removals show the call, no drill here leaves one.
  'ChangeOwn: rds:DeleteDBInstanceAutomatedBackup',
  'ChangeOwn: arn:aws:rds:eu-west-1:123456789012:auto-backup:*',
];

/** Of all drills below; each adds its own. */
const asked: Authorization[] = [];

await describeOnAws('the policy of a runbook', ({ aws, clock, planter, begin }) => {
  const somebody = { accessKeyId: planter.accessKey, secretAccessKey: 'planted' };
  const clientOf = { endpoint: aws.url, region: aws.region, credentials: somebody };
  const rds = new RDSClient(clientOf);
  const zones = zonePlanterOf(aws);
  let production = '';
  afterAll(() => zones.close());

  test('allows a drill from an encrypted snapshot, and to its probe what that reads', async () => {
    const key = await new KMSClient(clientOf).send(new CreateKeyCommand({}));
    const KmsKeyId = key.KeyMetadata?.Arn ?? '';
    const shown = { Encrypted: 'true', KmsKeyId };
    for (const id of ['orders-production-1', 'orders-production-2']) aws.rds.setSnapshot(id, shown);
    const { stage } = await begin({ restore: FROM_SNAPSHOT });
    await resumeToTheEnd(awsStage({ place: placeOf(aws), clock }, stage.disk));
    const requests = await requestsIn(aws, { keyOf: () => KmsKeyId });
    expect(refusedOf(requests, policyOf(stage.disk))).toEqual([]);
    expect(actionsOf(requests)).toEqual(expect.arrayContaining(['lambda:InvokeFunction', 'kms:CreateGrant']));
    const ofRole = aws.log.onBehalf.find(({ action }) => action === 'PutRolePolicy')?.params['PolicyDocument'];
    const reads = await requestsIn(aws, { tags: ofSecrets(aws) }, 'function');
    expect(reads.length).toBeGreaterThan(0);
    expect(refusedOf(reads, JSON.parse(ofRole ?? '') as Policy)).toEqual([]);
  });

  test('allows a drill to a point in time, and to publish it', async () => {
    const group = { DBParameterGroupName: 'of-drills', DBParameterGroupFamily: 'postgres16', Description: 'x' };
    await rds.send(new CreateDBParameterGroupCommand(group));
    clock.advance(24 * 3_600_000);
    const { stage } = await begin({ restore: TO_MOMENT, runbook: { publish: PUBLISH } });
    await resumeToTheEnd(stage);
    expect(problemsOf(stage.disk)).toEqual([]);
    expect(verdictOf(stage.disk)).toMatchObject({ verdict: 'passed' });
    const at = clock.now();
    const point = { name: 'RtoSeconds', value: 1, at, of: { runbook: 'shop' } } as never;
    expect(await putMetrics([point], { namespace: 'Drillbook', region: aws.region })).toBeUndefined();
    const requests = await requestsIn(aws);
    expect(refusedOf(requests, policyOf(stage.disk))).toEqual([]);
    expect(actionsOf(requests)).toContain('cloudwatch:PutMetricData');
    expect(actionsOf(requests)).toContain('rds:RestoreDBInstanceToPointInTime');
  });

  test('allows a drill with a DNS cutover, and none of its changes in the zone itself', async () => {
    production = await zones.zone('shop.internal', [
      { Name: 'db.shop.internal.', Type: 'CNAME', TTL: 300, ResourceRecords: [{ Value: 'orders.example.' }] },
      { Name: 'eu.shop.internal.', Type: 'NS', TTL: 300, ResourceRecords: [{ Value: 'ns.example.' }] },
      { Name: 'mail.shop.internal.', Type: 'MX', TTL: 300, ResourceRecords: [{ Value: '10 mx.example.' }] },
    ]);
    aws.route53.pendingFor = 35_000;
    const { stage } = await begin({ runbook: { cutover: cutoverOf(production) } });
    await resumeToTheEnd(awsStage({ place: placeOf(aws), clock }, stage.disk));
    expect(problemsOf(stage.disk)).toEqual([]);
    expect(stage.disk.map(({ type }) => type)).toContain('cutover-done');
    const policy = policyOf(stage.disk);
    const requests = await requestsIn(aws);
    expect(refusedOf(requests, policy)).toEqual([]);
    const zone = `arn:aws:route53:::hostedzone/${production}`;
    const inZone = requests
      .flatMap(({ authorizations }) => authorizations)
      .filter(({ resource }) => resource.startsWith('arn:aws:route53:::hostedzone/'))
      .map((one) => ({ ...one, resource: zone }));
    const names = (isWanted: boolean) =>
      [...new Set(inZone.filter((one) => isAllowed(policy, one) === isWanted).map(({ action }) => action))].toSorted();
    expect(names(true)).toEqual([
      'route53:GetHostedZone',
      'route53:ListResourceRecordSets',
      'route53:ListTagsForResource',
    ]);
    expect(names(false)).toEqual([
      'route53:AssociateVPCWithHostedZone',
      'route53:ChangeResourceRecordSets',
      'route53:ChangeTagsForResource',
      'route53:DeleteHostedZone',
    ]);
  });

  test('allows a drill that fails, is killed and is resumed', async () => {
    const { stage, before } = await begin();
    aws.rds.setTimeline({ source: /orders-production/ }, failingRestore('storage-full', 5_000));
    const calls = { count: 0 };
    await simulate(stage, { purpose: 'resume', crash: { call: 25, when: 'after' }, calls });
    await resumeToTheEnd(stage);
    expect(problemsOf(stage.disk)).toContain('aws/storage-full');
    expect(await listAccount(aws)).toEqual(before);
    const requests = await requestsIn(aws);
    expect(refusedOf(requests, policyOf(stage.disk))).toEqual([]);
    expect(actionsOf(requests)).toContain('rds:DescribeEvents');
  });

  test('allows a sweep without a journal, by-products too', async () => {
    const { stage } = await begin();
    await untilRestored(stage);
    const made = await rds.send(new DescribeDBInstancesCommand({}));
    const {
      DBInstanceIdentifier: name = '',
      TagList: Tags = [],
      DbiResourceId = '',
    } = made.DBInstances?.find((one) => one.DBInstanceIdentifier?.startsWith('drillbook-')) ?? {};
    await rds.send(
      new ModifyDBInstanceCommand({ DBInstanceIdentifier: name, BackupRetentionPeriod: 1, ApplyImmediately: true }),
    );
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: name, DBSnapshotIdentifier: 'kept', Tags }));
    const keepBackups = { DBInstanceIdentifier: name, SkipFinalSnapshot: true, DeleteAutomatedBackups: false };
    await rds.send(new DeleteDBInstanceCommand(keepBackups));
    clock.advance(7 * 3_600_000);
    const place = placeOf(aws);
    const { provider } = awsStage({ place, clock }).adapters();
    const marked = await provider.listMarked({ place }, new AbortController().signal);
    const permit = { kind: 'expired', now: clock.now(), margin: 300_000 } as const;
    const left = await removeMarked({ provider, place, marked, permit, clock }, { stderr: () => {} });
    expect(left).toEqual([]);
    const carried = Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
    const byProducts = ['snapshot:kept', `auto-backup:${DbiResourceId}`];
    const tags = new Map(byProducts.map((one) => [`arn:aws:rds:${aws.region}:${aws.account}:${one}`, carried]));
    const requests = await requestsIn(aws, { tags });
    expect(refusedOf(requests, policyOf(stage.disk))).toEqual([]);
    expect(actionsOf(requests)).toContain('rds:DeleteDBSnapshot');
    expect(actionsOf(requests)).toContain('route53:ListHostedZones');
  });

  test('allows nothing that no drill asks for', () => {
    const unused = allowing(wholePolicy(aws, production)).flatMap((statement) => {
      const used = asked.filter((one) => isAllowed({ Statement: [statement] }, one));
      const parts = (list: readonly string[], part: 'Action' | 'Resource') =>
        list.filter((one) => !used.some((use) => isAllowed({ Statement: [{ ...statement, [part]: [one] }] }, use)));
      return [...parts(statement.Action, 'Action'), ...parts(statement.Resource, 'Resource')].map(
        (one) => `${statement.Sid}: ${one}`,
      );
    });
    expect(unused).toEqual(UNSEEN);
  });

  test('has no statement that drills could do without', () => {
    const policy = wholePolicy(aws, production);
    for (const { Sid } of allowing(policy)) {
      const without = { Statement: policy.Statement.filter((one) => one.Sid !== Sid) };
      expect(
        asked.some((one) => !isAllowed(without, one)),
        Sid,
      ).toBe(true);
    }
  });

  /** Requests of the session, or of another key, from the log as it is; they are added to `asked`. */
  async function requestsIn(
    world: AwsWorld,
    known: Partial<Ledger> = {},
    accessKey = world.env['AWS_ACCESS_KEY_ID'] ?? '',
  ) {
    const ledger: Ledger = {
      account: world.account,
      tags: new Map(),
      associations: new Map(),
      keyOf: () => undefined,
      instanceOf: () => 'orders-production',
      ...known,
    };
    return requestsOf(world.log, { accessKey, ledger });
  }

  /** Runs a drill until its instance is usable, and kills it. */
  async function untilRestored(stage: Awaited<ReturnType<typeof begin>>['stage']): Promise<void> {
    const isRestored = () =>
      stage.disk.some((event) => event.type === 'step-succeeded' && event.step === 'restore:orders');
    for (let tries = 0; !isRestored() && tries < 40; tries += 1) {
      const end = await simulate(stage, { purpose: 'resume', crash: { call: 12, when: 'after' } });
      if (end.kind === 'ended') throw new Error('the drill ended before it was killed');
    }
  }
});

function wholePolicy({ account, region }: Pick<AwsWorld, 'account' | 'region'>, zone: string): PolicyDocument {
  const restores = [anRdsRestore('orders', FROM_SNAPSHOT), anRdsRestore('orders', TO_MOMENT)];
  return policyFor(
    anAwsRunbook(placeOf({ account, region }), restores, { publish: PUBLISH, cutover: cutoverOf(zone) }) as AwsRunbook,
  );
}

/** No drill asks for what is denied. */
function allowing({ Statement }: PolicyDocument): PolicyDocument['Statement'] {
  return Statement.filter(({ Effect }) => Effect === 'Allow');
}

function policyOf([started]: readonly DrillEvent[]): PolicyDocument {
  if (started?.type !== 'drill-started') throw new Error('no start');
  return policyFor(started.runbook as AwsRunbook);
}

/** What a policy refuses; everything that is asked is noted. */
function refusedOf(requests: readonly Request[], policy: Policy) {
  return requests.flatMap(({ call, authorizations }) => {
    asked.push(...authorizations);
    return authorizations
      .filter((one) => !isAllowed(policy, one))
      .map(({ action, resource }) => `${call.action}: ${action} on ${resource}`);
  });
}

function actionsOf(requests: readonly Request[]): readonly string[] {
  return requests.flatMap(({ authorizations }) => authorizations.map(({ action }) => action));
}

/** RDS tags the secret that it keeps with its instance; here every secret is one of the drill's. */
function ofSecrets({ log, account, region }: AwsWorld): Map<string, Tags> {
  const { DBInstanceIdentifier: name = '' } = log.of('rds', 'RestoreDBInstanceFromDBSnapshot')[0]?.params ?? {};
  const tags = { 'aws:rds:primaryDBInstanceArn': `arn:aws:rds:${region}:${account}:db:${name}` };
  return new Map(
    log.of('secretsmanager', 'GetSecretValue').map(({ json }) => [(json as { SecretId: string }).SecretId, tags]),
  );
}
