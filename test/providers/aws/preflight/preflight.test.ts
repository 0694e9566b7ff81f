import { CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateFunctionCommand } from '@aws-sdk/client-lambda';
import { CreateKeyCommand, DisableKeyCommand } from '@aws-sdk/client-kms';
import { CreateDBParameterGroupCommand, DeleteDBSnapshotCommand } from '@aws-sdk/client-rds';
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { strToU8, zipSync } from 'fflate';
import { afterAll, expect, test } from 'vitest';
import { verdictOf } from '../../../../src/drill/verdict.ts';
import { planDrill } from '../../../../src/engine/perform-select.ts';
import type { Plan } from '../../../../src/plan/plan.ts';
import { awsClients } from '../../../../src/providers/aws/aws-clients.ts';
import { awsName, markTags } from '../../../../src/providers/aws/names.ts';
import type { Preflight } from '../../../../src/providers/provider.ts';
import { sha256Hex } from '../../../../src/support/sha256-hex.ts';
import { addMillis } from '../../../../src/support/time.ts';
import { placeOf } from '../../../support/aws/aws-stage.ts';
import type { AwsWorld } from '../../../support/aws/aws-world.ts';
import { describeOnAws, problemsOf } from '../../../support/aws/describe-on-aws.ts';
import { zonePlanterOf } from '../../../support/aws/dns/plant-zones.ts';
import { type Stage, resumeToTheEnd } from '../../../support/simulated-drill.ts';
import { casesFor } from '../../../support/whole.ts';

const HOUR = 3_600_000;
const DRAWN = 'orders-production-2';
const drawing = (id: string) => ({ recoveryPoint: { pick: { kind: 'id', id }, to: { kind: 'backup-end' } } }) as const;

await describeOnAws('a look ahead on AWS', ({ aws, clock, planter, begin }) => {
  const signal = new AbortController().signal;
  const zones = zonePlanterOf(aws);
  afterAll(() => zones.close());

  /** Whatever the drill comes to, it makes nothing of its own. */
  async function endsRefused(stage: Required<Stage>, code: string) {
    aws.log.clear();
    await resumeToTheEnd(stage);
    expect(problemsOf(stage.disk)).toEqual([code]);
    expect(verdictOf(stage.disk).verdict).toBe('inconclusive');
    expect(aws.log.mutations()).toEqual([]);
  }

  test('finds nothing against a drill that has all it needs, and changes nothing', async () => {
    const { stage } = await begin();
    aws.log.clear();
    expect(await lookAhead(stage)).toEqual({ refusals: [], warnings: [] });
    expect(aws.log.mutations()).toEqual([]);
  });

  test('refuses when the quota of instances is used up', async () => {
    const { stage } = await begin();
    aws.rds.settings.instanceQuota = 1;
    await endsRefused(stage, 'preflight/quota');
  });

  test('refuses a class that is not offered for a version that is', async () => {
    const { stage } = await begin({ restore: { instanceClass: 'db.x1.huge' } });
    aws.rds.settings.offers = (_, name) => name !== 'db.x1.huge';
    await endsRefused(stage, 'preflight/class-not-offered');
  });

  test('only warns of a version that is no longer sold', async () => {
    const { stage } = await begin();
    aws.rds.settings.offers = () => false;
    expect(codesOf(await lookAhead(stage))).toEqual({ refusals: [], warnings: ['preflight/version-not-offered'] });
  });

  test('refuses when no class is known, before a sandbox is made for nothing', async () => {
    const { stage } = await begin();
    const { plan, preflight } = await planOf(stage);
    const unknown = plan.resources.map((resource) => {
      const { sourceClass: _, ...rds } = resource.point.rds ?? ({} as never);
      return { ...resource, point: { ...resource.point, rds } };
    });
    expect(codesOf(await preflight({ ...plan, resources: unknown })).refusals).toEqual(['preflight/class-unknown']);
  });

  test.each([
    ['RDS instance', 'orders', async (name: string) => planter.instance(name)],
    ['stack', 'sandbox', async (name: string) => plantStack(aws, name)],
    ['Lambda function', 'probe', async (name: string) => plantFunction(aws, name)],
  ])('refuses when the name of its %s is taken', async (kind, what, plant) => {
    const { stage } = await begin();
    const name = awsName(drillIdOf(stage), what);
    await plant(name);
    await endsRefused(stage, 'preflight/name-taken');
    const refused = stage.disk.find((event) => event.type === 'drill-refused');
    expect(refused?.type === 'drill-refused' && refused.problems[0]?.message).toContain(`'${name}' for its ${kind}`);
  });

  test.each([
    ['instance', 'orders', 'db-instance', async (name: string, tags: Tags) => planter.instance(name, tags)],
    ['stack', 'sandbox', 'sandbox', async (name: string, tags: Tags) => plantStack(aws, name, tags)],
    ['function', 'probe', 'probe', async (name: string, tags: Tags) => plantFunction(aws, name, tags)],
  ])(
    "takes the %s with this drill's whole mark for its own, and none with a copied mark",
    async (_, what, kind, plant) => {
      const { stage } = await begin();
      const { plan, preflight } = await planOf(stage);
      const name = awsName(plan.drillId, what);
      const marked = (drillId: string, of: string): Tags => {
        const marking = {
          drillId,
          expiresAt: clock.now(),
          token: `${drillId}/${what}`,
          kind,
          name: of,
          place: placeOf(aws),
        };
        return Object.fromEntries(markTags(marking).map(({ Key, Value }) => [Key, Value]));
      };
      await plant(name, marked(plan.drillId, name));
      expect(await preflight(plan)).toEqual({ refusals: [], warnings: [] });
      const copied = { ...plan, drillId: 'copied' };
      await plant(awsName('copied', what), marked('copied', name));
      expect(codesOf(await preflight(copied)).refusals).toEqual(['preflight/name-taken']);
      const other = { ...plan, drillId: 'other' };
      await plant(awsName('other', what), marked(plan.drillId, awsName('other', what)));
      expect(codesOf(await preflight(other)).refusals).toEqual(['preflight/name-taken']);
    },
  );

  test('refuses a snapshot that may be removed before the drill must have ended, and none that is kept longer', async () => {
    const { stage } = await begin({ restore: drawing(DRAWN) });
    const aWeekAfter = (millis: number) => addMillis(clock.now(), millis - 7 * 24 * HOUR);
    aws.rds.setSnapshot(DRAWN, { SnapshotType: 'automated', SnapshotCreateTime: aWeekAfter(4 * HOUR) });
    expect(codesOf(await lookAhead(stage)).refusals).toEqual([]);
    aws.rds.setSnapshot(DRAWN, { SnapshotCreateTime: aWeekAfter(2 * HOUR) });
    await endsRefused(stage, 'preflight/snapshot-expires');
  });

  test('refuses a snapshot that was drawn and has gone since, or is being removed', async () => {
    const { stage } = await begin({ restore: drawing(DRAWN) });
    const { plan, preflight } = await planOf(stage);
    aws.rds.setSnapshot(DRAWN, { Status: 'deleting' });
    expect(codesOf(await preflight(plan)).refusals).toEqual(['preflight/snapshot-not-available']);
    const rds = await awsClients(placeOf(aws), 'test').rds();
    await rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: DRAWN }));
    expect(codesOf(await preflight(plan)).refusals).toEqual(['preflight/snapshot-gone']);
  });

  test('finds snapshots of every type where RDS lists them', async () => {
    const { stage } = await begin({ restore: drawing(DRAWN) });
    for (const type of ['automated', 'awsbackup', 'manual']) {
      aws.rds.setSnapshot(DRAWN, { SnapshotType: type });
      expect(codesOf(await lookAhead(stage)).refusals, type).toEqual([]);
    }
    const arn = `arn:aws:rds:${aws.region}:999999999999:snapshot:theirs`;
    aws.rds.setSnapshot(DRAWN, { SnapshotType: 'shared', DBSnapshotArn: arn });
    const { stage: shared } = await begin({ restore: drawing(arn) });
    expect(codesOf(await lookAhead(shared)).refusals, 'shared').toEqual([]);
  });

  test('refuses a key that was disabled since the draw, and warns of one that may not be looked at', async () => {
    const kms = await awsClients(placeOf(aws), 'test').kms();
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    aws.rds.setSnapshot(DRAWN, { Encrypted: 'true', KmsKeyId: KeyMetadata?.Arn ?? '' });
    const { stage } = await begin({ restore: drawing(DRAWN) });
    const { plan, preflight } = await planOf(stage);
    const denied = aws.faults.add({ service: 'kms', times: 'always', ...DENIED });
    expect(codesOf(await preflight(plan))).toEqual({ refusals: [], warnings: ['preflight/cannot-look'] });
    denied.remove();
    expect(await preflight(plan)).toEqual({ refusals: [], warnings: [] });
    await kms.send(new DisableKeyCommand({ KeyId: KeyMetadata?.KeyId }));
    expect(codesOf(await preflight(plan)).refusals).toEqual(['preflight/key-unusable']);
  });

  test('refuses a parameter group that is not there or is of another family', async () => {
    const { stage: without } = await begin({ restore: { parameterGroup: 'drills' } });
    await endsRefused(without, 'preflight/no-parameter-group');
    await plantParameterGroup(aws, 'drills', 'postgres15');
    const { stage: wrong } = await begin({ restore: { parameterGroup: 'drills' } });
    await endsRefused(wrong, 'preflight/other-parameter-family');
    await plantParameterGroup(aws, 'right', 'postgres16');
    const { stage: right } = await begin({ restore: { parameterGroup: 'right' } });
    expect(codesOf(await lookAhead(right)).refusals).toEqual([]);
  });

  test.each([
    ['lambda', /^GET|^GetFunction/],
    ['cloudformation', 'DescribeStacks'],
  ])('refuses when %s may not be looked at, which the drill itself would need', async (service, action) => {
    const { stage } = await begin();
    aws.faults.add({ service, action, times: 'always', ...DENIED });
    await endsRefused(stage, 'preflight/cannot-look');
    const refused = stage.disk.find((event) => event.type === 'drill-refused');
    expect(refused?.type === 'drill-refused' && refused.problems[0]?.hint).toMatch(/drillbook permissions/);
  });

  test.each(casesFor(['DescribeAccountAttributes', 'DescribeOrderableDBInstanceOptions', 'DescribeDBParameterGroups']))(
    'only warns when %s is denied, which nothing else needs, and the drill passes',
    async (action) => {
      await plantParameterGroup(aws, 'right', 'postgres16');
      const { stage } = await begin({ restore: { parameterGroup: 'right' } });
      aws.faults.add({ service: 'rds', action, times: 'always', ...DENIED });
      await resumeToTheEnd(stage);
      const made = stage.disk.find((event) => event.type === 'plan-made');
      expect(made).toMatchObject({ warnings: [{ code: 'preflight/cannot-look' }] });
      expect(verdictOf(stage.disk).verdict).toBe('passed');
    },
  );

  const cutoverOf = (zone: string, name = 'db.shop.internal') => ({
    runbook: { cutover: { zone, records: [{ name, to: 'orders' }] } },
  });

  test('refuses a cutover whose zone is not there, may not be read, or does not hold the record, before anything is made', async () => {
    await endsRefused((await begin(cutoverOf('Z0NOWHERE'))).stage, 'aws/zone-not-found');
    const zone = await zones.zone('shop.internal', [ANSWER]);
    await endsRefused((await begin(cutoverOf(zone, 'db.shop.example'))).stage, 'aws/record-not-in-zone');
    await endsRefused((await begin(cutoverOf(zone, 'shop.internal'))).stage, 'aws/record-at-apex');
    const { stage } = await begin(cutoverOf(zone));
    aws.faults.add({ service: 'route53', action: 'ListResourceRecordSets', times: 'always', ...DENIED });
    await endsRefused(stage, 'preflight/cannot-look');
  });

  test.each(['public', 'private'])(
    'takes a %s zone, and only warns of a record that is not in it yet',
    async (kind) => {
      const vpcId = kind === 'private' ? await planter.vpc('172.20.0.0/16') : undefined;
      const zone = await zones.zone('shop.internal', [ANSWER], vpcId === undefined ? {} : { vpcId });
      const { stage } = await begin(cutoverOf(zone, 'DB.shop.internal.'));
      expect(await lookAhead(stage)).toEqual({ refusals: [], warnings: [] });
      const { stage: mistyped } = await begin(cutoverOf(zone, 'bd.shop.internal'));
      expect(codesOf(await lookAhead(mistyped))).toEqual({ refusals: [], warnings: ['preflight/no-such-record'] });
    },
  );

  test('warns when as many VPCs are there as a region allows unless asked for more', async () => {
    const { stage } = await begin();
    for (const net of [1, 2, 3]) await planter.vpc(`172.2${net}.0.0/16`);
    expect(codesOf(await lookAhead(stage)).warnings).toEqual([]);
    await planter.vpc('172.24.0.0/16');
    aws.ec2Paging.atMost = 2;
    const { refusals, warnings } = await lookAhead(stage);
    expect(refusals).toEqual([]);
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      ['preflight/vpc-quota', expect.stringContaining('has 5 VPCs in this region')],
    ]);
  });

  test('goes on through throttling, and is not mistaken for a finding', async () => {
    const { stage } = await begin();
    aws.faults.add({ service: 'rds', action: 'DescribeAccountAttributes', kind: 'throttle', times: 3 });
    await resumeToTheEnd(stage);
    expect(verdictOf(stage.disk).verdict).toBe('passed');
  });

  /** The plan of a drill that is about to begin, and the look ahead of a provider with clients of its own. */
  async function planOf(stage: Required<Stage>) {
    const [started] = stage.disk;
    if (started?.type !== 'drill-started') throw new Error('no start');
    const { provider } = stage.adapters();
    const ports = { provider, sha256Hex, timesDrawn: async () => Promise.resolve({}) };
    const planning = await planDrill(started, ports, signal);
    if (planning.kind === 'refused') throw new Error(JSON.stringify(planning.problems));
    const preflight = async (plan: Plan): Promise<Preflight> => {
      const found = await provider.preflight?.(plan, signal);
      if (found === undefined) throw new Error('no look ahead');
      return found;
    };
    return { plan: planning.plan, preflight };
  }

  async function lookAhead(stage: Required<Stage>): Promise<Preflight> {
    const { plan, preflight } = await planOf(stage);
    return preflight(plan);
  }
});

const ANSWER: ResourceRecordSet = {
  Name: 'db.shop.internal.',
  Type: 'A',
  TTL: 60,
  ResourceRecords: [{ Value: '10.1.2.3' }],
};
const DENIED = { kind: 'error', status: 403, code: 'AccessDeniedException' } as const;

type Tags = Readonly<Record<string, string>>;

function codesOf({ refusals, warnings }: Preflight) {
  return { refusals: refusals.map(({ code }) => code), warnings: warnings.map(({ code }) => code) };
}

function drillIdOf({ disk: [started] }: Required<Stage>): string {
  return started?.type === 'drill-started' ? started.drillId : '';
}

async function plantStack(aws: AwsWorld, name: string, tags: Tags = {}) {
  const client = await awsClients(placeOf(aws), 'test').cloudFormation();
  const Resources = { Vpc: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.9.0.0/24' } } };
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  await client.send(new CreateStackCommand({ StackName: name, TemplateBody: JSON.stringify({ Resources }), Tags }));
}

async function plantFunction(aws: AwsWorld, name: string, tags: Tags = {}) {
  const client = await awsClients(placeOf(aws), 'test').lambda();
  await plantRole(aws, 'probe');
  const ZipFile = zipSync({ 'index.js': strToU8('exports.handler = async () => {};') });
  const Role = `arn:aws:iam::${aws.account}:role/probe`;
  const code = { Runtime: 'nodejs22.x', Handler: 'index.handler', Code: { ZipFile } } as const;
  await client.send(new CreateFunctionCommand({ FunctionName: name, Role, Tags: tags, ...code }));
}

/** Lambda takes a function only with a role that it may assume; there is no client for IAM here. */
async function plantRole({ url, region }: AwsWorld, name: string) {
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  const role = { Action: 'CreateRole', Version: '2010-05-08', RoleName: name, AssumeRolePolicyDocument };
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIATEST/20261120/${region}/iam/aws4_request`;
  await fetch(url, { method: 'POST', headers: { authorization }, body: new URLSearchParams(role) });
}

async function plantParameterGroup(aws: AwsWorld, name: string, family: string) {
  const rds = await awsClients(placeOf(aws), 'test').rds();
  const group = { DBParameterGroupName: name, DBParameterGroupFamily: family, Description: 'planted' };
  await rds.send(new CreateDBParameterGroupCommand(group));
}
