import type { LoggedCall } from '../request-log.ts';
import { askedOfEc2 } from './ec2-calls.ts';
import { type Asked, type Ledger, type Tags, ask, requestTags, tagsIn } from './ledger.ts';
import { askedOfRds } from './rds-calls.ts';
import { askedOfRoute53 } from './route53-calls.ts';

type Reader = (call: LoggedCall, ledger: Ledger) => readonly Asked[];

/** What IAM is asked for a call of a service, by the service's signing name. */
export const SERVICES: Readonly<Record<string, Reader>> = {
  ec2: askedOfEc2,
  rds: askedOfRds,
  cloudformation: askedOfCloudFormation,
  iam: askedOfIam,
  lambda: askedOfLambda,
  // AWS answers it to everybody.
  sts: () => [],
  route53: askedOfRoute53,
  route53resolver: ({ action }) => [ask(`route53resolver:${action}`)],
  kms: ({ action, json }) => [ask(`kms:${action}`, (json as { KeyId: string }).KeyId)],
  secretsmanager: ({ action, json }) => [ask(`secretsmanager:${action}`, (json as { SecretId: string }).SecretId)],
  monitoring: ({ action, json, params }) => {
    const namespace = (json as { Namespace?: string } | undefined)?.Namespace ?? params['Namespace'];
    return [ask(`cloudwatch:${action}`, '*', { 'cloudwatch:namespace': namespace ?? 'not told' })];
  },
};

function askedOfCloudFormation({ action, params, region }: LoggedCall, ledger: Ledger): readonly Asked[] {
  const named = params['StackName'];
  if (named === undefined) return [ask(`cloudformation:${action}`)];
  const arn = (name: string): string => `arn:aws:cloudformation:${region}:${ledger.account}:stack/${name}/an-id`;
  const stack = arn(named.startsWith('arn:') ? (named.split('/')[1] ?? '') : named);
  if (action !== 'CreateStack') return [ask(`cloudformation:${action}`, stack)];
  const tags = tagsIn(params, 'Tags.member');
  if (!ledger.tags.has(stack)) ledger.tags.set(stack, tags);
  const zones = ['DescribeAccountAttributes', 'DescribeAvailabilityZones', 'DescribeSubnets'];
  return [
    ask('cloudformation:CreateStack', stack, requestTags(tags)),
    ask('cloudformation:TagResource', stack, requestTags(tags)),
    // The user guide says so of the template's Fn::GetAZs.
    ...(params['TemplateBody']?.includes('Fn::GetAZs') ? zones.map((one) => ask(`ec2:${one}`)) : []),
  ];
}

function askedOfIam({ action, params }: LoggedCall, ledger: Ledger): readonly Asked[] {
  const role = `arn:aws:iam::${ledger.account}:role/${params['RoleName'] ?? ''}`;
  // What CloudFormation's own handler of roles reads besides, by the schema that AWS publishes of it.
  const reads = ['GetRole', 'GetRolePolicy', 'ListAttachedRolePolicies', 'ListRolePolicies'];
  const readBack = reads.map((one) => ask(`iam:${one}`, role));
  if (action !== 'CreateRole') return [ask(`iam:${action}`, role), ...readBack];
  const tags = tagsIn(params, 'Tags.member');
  ledger.tags.set(role, tags);
  return [ask('iam:CreateRole', role, requestTags(tags)), ask('iam:TagRole', role, requestTags(tags)), ...readBack];
}

interface CreateFunction {
  readonly FunctionName: string;
  readonly Role: string;
  readonly Tags?: Tags;
  readonly VpcConfig?: { readonly SubnetIds?: readonly string[] };
}

function askedOfLambda({ action, path, json, region }: LoggedCall, ledger: Ledger): readonly Asked[] {
  if (action === 'ListFunctions') return [ask('lambda:ListFunctions')];
  const arn = (name: string): string => `arn:aws:lambda:${region}:${ledger.account}:function:${name}`;
  if (action === 'CreateFunction') return askedForFunction(json as CreateFunction, ledger, arn);
  const named = decodeURIComponent(/\/functions\/([^/?]+)/.exec(path)?.[1] ?? '');
  const resource = arn(named.slice(named.lastIndexOf(':') + 1));
  if (action === 'Invoke') return [ask('lambda:InvokeFunction', resource)];
  // Lambda tells tags only to those who may list them.
  const tags = action === 'GetFunction' ? [ask('lambda:ListTags', resource)] : [];
  return [ask(`lambda:${action}`, resource), ...tags];
}

function askedForFunction(
  { FunctionName, Role, Tags = {}, VpcConfig }: CreateFunction,
  ledger: Ledger,
  arn: (name: string) => string,
): readonly Asked[] {
  const made = arn(FunctionName);
  if (!ledger.tags.has(made)) ledger.tags.set(made, Tags);
  const inVpc = VpcConfig?.SubnetIds === undefined ? {} : { 'lambda:VpcIds': ['vpc-of-its-subnets'] };
  // The guide of Lambda says that whoever puts a function into a VPC must be able to look at these.
  const looks = VpcConfig?.SubnetIds === undefined ? [] : ['DescribeSecurityGroups', 'DescribeSubnets', 'DescribeVpcs'];
  return [
    ask('lambda:CreateFunction', made, { ...requestTags(Tags), ...inVpc }),
    ask('lambda:TagResource', made, requestTags(Tags)),
    ask('iam:PassRole', Role, { 'iam:PassedToService': 'lambda.amazonaws.com' }),
    ...looks.map((one) => ask(`ec2:${one}`)),
  ];
}
