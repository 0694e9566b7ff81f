import type { RdsRestore } from '../../../runbook/restore-spec.ts';
import type { Runbook, SandboxSpec } from '../../../runbook/runbook.ts';
import { type Arns, arnsOf } from './arns.ts';
import { MARKED, MARKING, allOf } from './conditions.ts';
import { dnsStatements } from './dns-statements.ts';
import type { PolicyDocument, Statement } from './policy-document.ts';
import { allow, sandboxStatements } from './sandbox-statements.ts';
import { keyStatements, restoreStatement } from './restore-statements.ts';

/** A runbook whose drills are made on AWS. */
export interface AwsRunbook extends Runbook {
  readonly sandbox: Extract<SandboxSpec, { readonly provider: 'aws' }>;
}

/**
 * The least that the session of this runbook's drills must be allowed: drills, their resumption, teardown and sweep.
 *
 * It makes nothing without a drill's mark and changes nothing that carries none, save hosted zones, which no policy can
 * tell apart by their marks: with a cutover, only the runbook's own is kept from all changes. What AWS offers no resource
 * for may be read everywhere. Metrics are published by the runner's own credentials: they are in here only when those
 * act in the sandbox too.
 */
export function policyFor(runbook: AwsRunbook): PolicyDocument {
  const { sandbox, publish, restore, cutover } = runbook;
  const arns = arnsOf(sandbox);
  const restores = restore.filter((spec): spec is RdsRestore => spec.kind === 'rds');
  return {
    Version: '2012-10-17',
    Statement: [
      ...lookStatements(arns, runbook, restores),
      ...sandboxStatements(arns, sandbox.region),
      ...ownStatements(arns),
      restoreStatement(restores, arns, sandbox.account),
      ...keyStatements(restores, arns, sandbox),
      ...(cutover === undefined ? [] : dnsStatements(cutover, arns, sandbox.region)),
      ...(publish !== undefined && sandbox.role === undefined ? [publishStatement(publish.cloudWatch.namespace)] : []),
    ],
  };
}

/** What lets a session put a runbook's metrics into CloudWatch, which knows no narrower resource. */
export function publishStatement(namespace: string): Statement {
  return allow('Publish', {
    Action: ['cloudwatch:PutMetricData'],
    Resource: ['*'],
    Condition: { StringEquals: { 'cloudwatch:namespace': namespace } },
  });
}

/** Listings, which AWS lets nobody narrow to some resources. Those that EC2 has for a VPC are the isolation proof. */
const LISTINGS = [
  'cloudformation:DescribeStacks',
  'ec2:DescribeAccountAttributes',
  'ec2:DescribeAvailabilityZones',
  'ec2:DescribeDhcpOptions',
  'ec2:DescribeEgressOnlyInternetGateways',
  'ec2:DescribeInternetGateways',
  'ec2:DescribeNatGateways',
  'ec2:DescribeNetworkAcls',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeRouteTables',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeTransitGatewayAttachments',
  'ec2:DescribeVpcAttribute',
  'ec2:DescribeVpcBlockPublicAccessOptions',
  'ec2:DescribeVpcEndpoints',
  'ec2:DescribeVpcPeeringConnections',
  'ec2:DescribeVpcs',
  'ec2:DescribeVpnGateways',
  'lambda:ListFunctions',
  'rds:DescribeAccountAttributes',
  'rds:DescribeDBInstanceAutomatedBackups',
  'rds:DescribeDBInstances',
  'rds:DescribeDBSnapshots',
  'rds:DescribeDBSubnetGroups',
  'rds:DescribeEvents',
  'rds:DescribeOrderableDBInstanceOptions',
  // A sweep looks for copies that drills of any runbook left.
  'route53:ListHostedZones',
  'route53:ListHostedZonesByVPC',
  'route53resolver:ListResolverRuleAssociations',
];

function lookStatements(
  { stack, probe, probeRole, subnetGroup }: Arns,
  { cutover }: Runbook,
  restores: readonly RdsRestore[],
): readonly Statement[] {
  const namesGroups = restores.some(({ parameterGroup }) => parameterGroup !== undefined);
  return [
    allow('Look', {
      Action: [
        ...LISTINGS,
        ...(namesGroups ? ['rds:DescribeDBParameterGroups'] : []),
        // Of whoever makes a private zone, as is ec2:DescribeVpcs: the guide of Route 53 on permissions, by action.
        ...(cutover === undefined ? [] : ['ec2:DescribeRegions']),
      ],
      Resource: ['*'],
    }),
    // By name and not by mark: what is not there carries none, and would be refused instead of not found.
    allow('LookAtOwn', {
      Action: [
        'cloudformation:DescribeStackEvents',
        'iam:GetRole',
        'iam:GetRolePolicy',
        'iam:ListAttachedRolePolicies',
        'iam:ListRolePolicies',
        'lambda:GetFunction',
        // Without it Lambda describes a function as if it had no tags, and no drill would know its own probe.
        'lambda:ListTags',
        'rds:ListTagsForResource',
      ],
      Resource: [stack, probeRole, probe, subnetGroup],
    }),
  ];
}

function ownStatements({ arn, stack, probe, probeRole, instance, subnetGroup }: Arns): readonly Statement[] {
  return [
    allow('MakeOwn', {
      Action: [
        'cloudformation:CreateStack',
        'cloudformation:TagResource',
        'lambda:TagResource',
        'rds:AddTagsToResource',
      ],
      Resource: [stack, probe, instance, subnetGroup],
      Condition: MARKING,
    }),
    allow('MakeProbe', {
      Action: ['lambda:CreateFunction'],
      Resource: [probe],
      // In a VPC, or it would reach the internet.
      Condition: allOf(MARKING, { Null: { 'lambda:VpcIds': 'false' } }),
    }),
    allow('PassProbeRole', {
      Action: ['iam:PassRole'],
      Resource: [probeRole],
      Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
    }),
    allow('ChangeOwn', {
      Action: [
        'cloudformation:DeleteStack',
        'lambda:DeleteFunction',
        'lambda:InvokeFunction',
        'rds:DeleteDBInstance',
        'rds:DeleteDBInstanceAutomatedBackup',
        'rds:DeleteDBSnapshot',
        'rds:ModifyDBInstance',
      ],
      // Whoever makes a snapshot of a restored instance gives it any name.
      Resource: [stack, probe, instance, arn('rds', 'auto-backup:*'), arn('rds', 'snapshot:*')],
      Condition: MARKED,
    }),
  ];
}
