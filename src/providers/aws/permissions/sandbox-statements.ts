import type { Arns } from './arns.ts';
import { BY_CLOUDFORMATION, MARKED, MARKING, allOf } from './conditions.ts';
import type { Statement } from './policy-document.ts';

/**
 * What CloudFormation asks for while it makes and removes the sandbox's stack. Where a call names several resources, EC2
 * judges each: what is made by the tags in the call, what it is made in by the tags it has.
 */
export function sandboxStatements({ arn, probeRole, subnetGroup, hostedZone }: Arns, region: string) {
  const Resource = [arn('ec2', '*'), probeRole, subnetGroup];
  return [
    // The VPC that a subnet is made in has no tags of the request, so that this opens no VPC: 'ChangeInStack' must.
    allow('MakeInStack', {
      Action: [
        'ec2:CreateRouteTable',
        'ec2:CreateSecurityGroup',
        'ec2:CreateSubnet',
        'ec2:CreateVpc',
        'ec2:CreateVpcEndpoint',
        'iam:CreateRole',
        'iam:TagRole',
        'rds:CreateDBSubnetGroup',
      ],
      Resource,
      Condition: allOf(MARKING, BY_CLOUDFORMATION, {
        StringEqualsIfExists: { 'ec2:VpceServiceName': `com.amazonaws.${region}.secretsmanager` },
      }),
    }),
    // Only while something is made, or a session could mark what is not a drill's, and then remove it.
    allow('MarkInStack', {
      Action: ['ec2:CreateTags'],
      Resource: [arn('ec2', '*')],
      Condition: { Null: { 'ec2:CreateAction': 'false' } },
    }),
    allow('ChangeInStack', {
      Action: CHANGES,
      Resource,
      Condition: allOf(MARKED, BY_CLOUDFORMATION),
    }),
    // An endpoint's private names are a hosted zone of AWS, which EC2 associates with the VPC in the session's name.
    allow('NameEndpoint', {
      Action: ['route53:AssociateVPCWithHostedZone'],
      Resource: [hostedZone],
      Condition: BY_CLOUDFORMATION,
    }),
  ] satisfies readonly Statement[];
}

/** Making something in a VPC changes the VPC. */
const CHANGES = [
  'ec2:AssociateRouteTable',
  'ec2:AuthorizeSecurityGroupEgress',
  'ec2:AuthorizeSecurityGroupIngress',
  'ec2:CreateRouteTable',
  'ec2:CreateSecurityGroup',
  'ec2:CreateSubnet',
  'ec2:CreateVpcEndpoint',
  'ec2:DeleteRouteTable',
  'ec2:DeleteSecurityGroup',
  'ec2:DeleteSubnet',
  'ec2:DeleteVpc',
  'ec2:DeleteVpcEndpoints',
  'ec2:DisassociateRouteTable',
  'ec2:ModifySubnetAttribute',
  'ec2:ModifyVpcAttribute',
  'ec2:RevokeSecurityGroupEgress',
  'ec2:RevokeSecurityGroupIngress',
  'iam:DeleteRole',
  'iam:DeleteRolePolicy',
  'iam:PutRolePolicy',
  'rds:DeleteDBSubnetGroup',
];

/** A statement that allows. */
export function allow(Sid: string, what: Omit<Statement, 'Sid' | 'Effect'>): Statement {
  return { Sid, Effect: 'Allow', ...what };
}
