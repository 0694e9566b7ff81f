import { describe, expect, test } from 'vitest';
import { type AwsRunbook, policyFor } from '../../../../src/providers/aws/permissions/policy-for.ts';
import { partsOf } from '../../../../src/providers/aws/permissions/policy-parts.ts';
import type { RdsRestore } from '../../../../src/runbook/restore-spec.ts';
import type { Runbook } from '../../../../src/runbook/runbook.ts';
import { anAwsRunbook, anRdsRestore, placeOf } from '../../../support/aws/aws-stage.ts';
import { isAllowed } from '../../../support/aws/policy/evaluate.ts';
import { type Asked, type Ledger, type Tags, ask } from '../../../support/aws/policy/ledger.ts';
import { authorizationOf } from '../../../support/aws/policy/requests.ts';

const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';
const rds = (resource: string, account = ACCOUNT, region = REGION) => `arn:aws:rds:${region}:${account}:${resource}`;
const ec2 = (resource: string) => `arn:aws:ec2:${REGION}:${ACCOUNT}:${resource}`;
const OWN = rds('db:drillbook-0123456789ab-orders');
const MARK: Tags = { 'drillbook:drill-id': 'shop-1' };
const MARKING = { 'aws:RequestTag/drillbook:drill-id': 'shop-1' };
const ZONE = 'arn:aws:route53:::hostedzone/Z0PRODUCTION';
const COPY = 'arn:aws:route53:::hostedzone/Z0COPY';
const CUTOVER = { zone: 'Z0PRODUCTION', records: [{ name: 'db.shop.internal', to: 'orders' }] };
const VPCS = 'route53:VPCs';
const TYPES = 'route53:ChangeResourceRecordSetsRecordTypes';
const ACTIONS = 'route53:ChangeResourceRecordSetsActions';
const CHANGE = { [ACTIONS]: ['UPSERT', 'DELETE'], [TYPES]: ['A', 'CNAME'] };
const VIA = { 'aws:CalledViaFirst': 'cloudformation.amazonaws.com' };

function policy(restore: Partial<RdsRestore> = {}, change: Partial<Runbook> = {}) {
  const place = placeOf({ account: ACCOUNT, region: REGION });
  return policyFor(anAwsRunbook(place, [anRdsRestore('orders', restore)], change) as AwsRunbook);
}

/** Whether the policy allows something on a resource that carries these tags. */
async function allows(asked: Asked, tags: Tags = {}, document = policy()): Promise<boolean> {
  const ledger: Ledger = {
    account: ACCOUNT,
    tags: new Map([[asked.resource, tags]]),
    associations: new Map(),
    keyOf: () => undefined,
    instanceOf: () => '',
  };
  return isAllowed(document, await authorizationOf(asked, ledger));
}

describe('the policy of a runbook', () => {
  test.each<[string, Asked, Tags]>([
    ['an instance that nobody marks', ask('rds:RestoreDBInstanceFromDBSnapshot', OWN), {}],
    ['an instance under another name', ask('rds:RestoreDBInstanceFromDBSnapshot', rds('db:orders'), MARKING), {}],
    [
      'a public instance',
      ask('rds:RestoreDBInstanceFromDBSnapshot', OWN, { ...MARKING, 'rds:PubliclyAccessible': 'true' }),
      {},
    ],
    ['a point in time that it does not ask for', ask('rds:RestoreDBInstanceToPointInTime', OWN, MARKING), {}],
    ['the removal of production', ask('rds:DeleteDBInstance', rds('db:orders-production')), {}],
    ['the removal of production that carries a mark', ask('rds:DeleteDBInstance', rds('db:orders-production')), MARK],
    ['the removal of what has the name and no mark', ask('rds:DeleteDBInstance', OWN), {}],
    ['a removal in another region', ask('rds:DeleteDBInstance', OWN.replace(REGION, 'us-east-1')), MARK],
    ['a removal in another account', ask('rds:DeleteDBInstance', OWN.replace(ACCOUNT, '999999999999')), MARK],
    ['the removal of a snapshot of production', ask('rds:DeleteDBSnapshot', rds('snapshot:orders-1')), {}],
    ['the change of what has no mark', ask('rds:ModifyDBInstance', OWN), {}],
    ['a VPC that CloudFormation does not ask for', ask('ec2:CreateVpc', ec2('vpc/*'), MARKING), {}],
    ['a VPC that nobody marks', ask('ec2:CreateVpc', ec2('vpc/*'), VIA), {}],
    ['a subnet in a VPC of others', ask('ec2:CreateSubnet', ec2('vpc/vpc-1'), { ...VIA, ...MARKING }), {}],
    ['a mark on what is there already', ask('ec2:CreateTags', ec2('vpc/vpc-1'), { ...VIA, ...MARKING }), {}],
    ['the removal of a VPC of others', ask('ec2:DeleteVpc', ec2('vpc/vpc-1'), VIA), {}],
    [
      'a function outside a VPC',
      ask('lambda:CreateFunction', `arn:aws:lambda:${REGION}:${ACCOUNT}:function:drillbook-1-probe`, MARKING),
      {},
    ],
    [
      'a role for another service',
      ask('iam:PassRole', `arn:aws:iam::${ACCOUNT}:role/drillbook-1-probe`, {
        'iam:PassedToService': 'ec2.amazonaws.com',
      }),
      {},
    ],
    [
      'another role',
      ask('iam:PassRole', `arn:aws:iam::${ACCOUNT}:role/admin`, { 'iam:PassedToService': 'lambda.amazonaws.com' }),
      {},
    ],
    [
      'to read a secret',
      ask('secretsmanager:GetSecretValue', `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:rds!db-1`),
      MARK,
    ],
    ['to use a key by itself', ask('kms:Decrypt', `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`), {}],
    [
      'metrics, when it publishes none',
      ask('cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'Drillbook' }),
      {},
    ],
  ])('does not allow %s', async (_, asked, tags) => {
    expect(await allows(asked, tags)).toBe(false);
  });

  test('allows what carries the mark', async () => {
    expect(await allows(ask('rds:RestoreDBInstanceFromDBSnapshot', OWN, MARKING))).toBe(true);
    expect(await allows(ask('rds:DeleteDBInstance', OWN), MARK)).toBe(true);
    expect(await allows(ask('ec2:DeleteVpc', ec2('vpc/vpc-1'), VIA), MARK)).toBe(true);
  });

  test('allows metrics in the namespace of the runbook alone, and none to a role that does not publish them', async () => {
    const publish = { cloudWatch: { namespace: 'Drills' } };
    const put = (namespace: string) => ask('cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': namespace });
    expect(await allows(put('Drills'), {}, policy({}, { publish }))).toBe(true);
    expect(await allows(put('Drillbook'), {}, policy({}, { publish }))).toBe(false);
    const { sandbox } = anAwsRunbook(placeOf({ account: ACCOUNT, region: REGION }), []);
    const byRole = {
      publish,
      sandbox: { ...sandbox, role: `arn:aws:iam::${ACCOUNT}:role/drills` },
    } as Partial<Runbook>;
    expect(await allows(put('Drills'), {}, policy({}, byRole))).toBe(false);
  });

  test('allows snapshots that another account shares only when the runbook names it', async () => {
    const shared = ask('rds:RestoreDBInstanceFromDBSnapshot', rds('snapshot:orders-1', '210987654321'), MARKING);
    expect(await allows(shared)).toBe(false);
    expect(await allows(shared, {}, policy({ sourceAccount: '210987654321' }))).toBe(true);
  });

  test.each<[string, Asked]>([
    ['a record of production', ask('route53:ChangeResourceRecordSets', ZONE, CHANGE)],
    ['the removal of the zone', ask('route53:DeleteHostedZone', ZONE)],
    ['a tag on the zone', ask('route53:ChangeTagsForResource', ZONE)],
    ['the zone in the sandbox', ask('route53:AssociateVPCWithHostedZone', ZONE, VIA)],
    ['a delegation in any zone', ask('route53:ChangeResourceRecordSets', COPY, { ...CHANGE, [TYPES]: ['A', 'NS'] })],
    [
      'a record that is only created',
      ask('route53:ChangeResourceRecordSets', COPY, { ...CHANGE, [ACTIONS]: ['CREATE'] }),
    ],
    ['a public zone', ask('route53:CreateHostedZone')],
    ['a zone in another region', ask('route53:CreateHostedZone', '*', { [VPCS]: ['VPCId=vpc-1,VPCRegion=us-east-1'] })],
  ])('does not allow a cutover %s', async (_, asked) => {
    expect(await allows(asked, {}, policy({}, { cutover: CUTOVER }))).toBe(false);
  });

  test('allows copies of zones to a runbook with a cutover alone, and their listing for sweeps to all', async () => {
    const asked = [
      ask('route53:CreateHostedZone', '*', { [VPCS]: [`VPCId=vpc-1,VPCRegion=${REGION}`] }),
      ask('route53:ChangeResourceRecordSets', COPY, CHANGE),
      ask('route53:DeleteHostedZone', COPY),
      ask('route53:GetHostedZone', ZONE),
    ];
    for (const one of asked) {
      expect(await allows(one), one.action).toBe(false);
      expect(await allows(one, {}, policy({}, { cutover: CUTOVER })), one.action).toBe(true);
    }
    expect(await allows(ask('route53:ListHostedZones'))).toBe(true);
  });

  test('fits into one managed policy, and into two with a cutover', () => {
    const publish = { cloudWatch: { namespace: 'Drillbook' } };
    expect(partsOf(policy({}, { publish }))).toHaveLength(1);
    expect(partsOf(policy({}, { publish, cutover: CUTOVER }))).toHaveLength(2);
  });
});
