import type { LoggedCall } from '../request-log.ts';
import { type Asked, type Ledger, ask, requestTags, tagsIn } from './ledger.ts';

type Calls = Readonly<
  Record<string, (call: LoggedCall, ledger: Ledger, arn: (resource: string) => string) => readonly Asked[]>
>;

/** What IAM is asked for a call of RDS; what it makes is noted in the ledger. */
export function askedOfRds(call: LoggedCall, ledger: Ledger): readonly Asked[] {
  const { action, region } = call;
  const arn = (resource: string): string => `arn:aws:rds:${region}:${ledger.account}:${resource}`;
  const own = CALLS[action];
  if (own !== undefined) return own(call, ledger, arn);
  const listed = LISTED[action];
  if (listed === undefined) throw new Error(`nobody knows yet what IAM is asked for rds '${action}'`);
  return [listed === '' ? ask(`rds:${action}`) : ask(`rds:${action}`, arn(`${listed}:*`))];
}

const LISTED: Readonly<Record<string, string>> = {
  DescribeDBInstances: 'db',
  DescribeDBSnapshots: 'snapshot',
  DescribeDBInstanceAutomatedBackups: 'auto-backup',
  DescribeDBSubnetGroups: 'subgrp',
  DescribeDBParameterGroups: 'pg',
  DescribeAccountAttributes: '',
  DescribeEvents: '',
  DescribeOrderableDBInstanceOptions: '',
};

const CALLS: Calls = {
  RestoreDBInstanceFromDBSnapshot: (call, ledger, arn) => {
    const named = call.params['DBSnapshotIdentifier'] ?? '';
    const snapshot = named.startsWith('arn:') ? named : arn(`snapshot:${named}`);
    return askedForRestore(call, ledger, { arn, target: call.params['DBInstanceIdentifier'] ?? '', from: [snapshot] });
  },
  RestoreDBInstanceToPointInTime: (call, ledger, arn) => {
    const source = ledger.instanceOf(call.params['SourceDbiResourceId'] ?? '');
    const from = [arn(`db:${source}`), arn('auto-backup:ab-0123456789')];
    return askedForRestore(call, ledger, { arn, target: call.params['TargetDBInstanceIdentifier'] ?? '', from });
  },
  ModifyDBInstance: ({ params, region }, { account }, arn) => {
    const instance = ask('rds:ModifyDBInstance', arn(`db:${params['DBInstanceIdentifier'] ?? ''}`));
    if (params['ManageMasterUserPassword'] !== 'true') return [instance];
    // "Permissions required for Secrets Manager integration" in the user guide of RDS: the caller's own.
    const secret = `arn:aws:secretsmanager:${region}:${account}:secret:rds!db-0123-abcdef`;
    const key = `arn:aws:kms:${region}:${account}:key/of-secrets-manager`;
    return [
      instance,
      ask('kms:DescribeKey', key),
      ask('secretsmanager:CreateSecret', secret),
      ask('secretsmanager:TagResource', secret),
    ];
  },
  DeleteDBInstance: ({ params }, _, arn) => [
    ask('rds:DeleteDBInstance', arn(`db:${params['DBInstanceIdentifier'] ?? ''}`)),
  ],
  DeleteDBSnapshot: ({ params }, _, arn) => [
    ask('rds:DeleteDBSnapshot', arn(`snapshot:${params['DBSnapshotIdentifier'] ?? ''}`)),
  ],
  DeleteDBInstanceAutomatedBackup: ({ params }, _, arn) => [
    ask('rds:DeleteDBInstanceAutomatedBackup', arn(`auto-backup:${params['DbiResourceId'] ?? ''}`)),
  ],
  CreateDBSubnetGroup: ({ params }, ledger, arn) => {
    const group = arn(`subgrp:${(params['DBSubnetGroupName'] ?? '').toLowerCase()}`);
    const tags = tagsIn(params, 'Tags.Tag');
    ledger.tags.set(group, tags);
    return [
      ask('rds:CreateDBSubnetGroup', group, requestTags(tags)),
      ask('rds:AddTagsToResource', group, requestTags(tags)),
      ...readBack(group),
    ];
  },
  DeleteDBSubnetGroup: ({ params }, _, arn) => {
    const group = arn(`subgrp:${params['DBSubnetGroupName'] ?? ''}`);
    return [ask('rds:DeleteDBSubnetGroup', group), ...readBack(group)];
  },
};

/** What CloudFormation's own handler of subnet groups reads besides, by the schema that AWS publishes of it. */
function readBack(group: string): readonly Asked[] {
  return [ask('rds:DescribeDBSubnetGroups', group), ask('rds:ListTagsForResource', group)];
}

interface Restore {
  readonly arn: (resource: string) => string;
  readonly target: string;
  /** ARNs of what it is restored from. */
  readonly from: readonly string[];
}

function askedForRestore(
  { action, params, region }: LoggedCall,
  ledger: Ledger,
  { arn, target, from }: Restore,
): readonly Asked[] {
  const instance = arn(`db:${target}`);
  const tags = tagsIn(params, 'Tags.Tag');
  // The first call makes it; of a repeated one nothing is made.
  if (!ledger.tags.has(instance)) ledger.tags.set(instance, tags);
  const keys = { ...requestTags(tags), 'rds:PubliclyAccessible': params['PubliclyAccessible'] ?? 'true' };
  const resources = [
    instance,
    arn(`subgrp:${params['DBSubnetGroupName'] ?? 'default'}`),
    arn('og:of-production'),
    arn(`pg:${params['DBParameterGroupName'] ?? 'default.postgres16'}`),
    ...from,
  ];
  const key = from.map(ledger.keyOf).find((one) => one !== undefined);
  const via = { 'kms:ViaService': `rds.${region}.amazonaws.com` };
  return [
    ...resources.map((resource) => ask(`rds:${action}`, resource, keys)),
    ask('rds:AddTagsToResource', instance, requestTags(tags)),
    ...(key === undefined
      ? []
      : [
          ask('kms:DescribeKey', key, via),
          ask('kms:Decrypt', key, via),
          ask('kms:GenerateDataKey', key, via),
          ask('kms:CreateGrant', key, { ...via, 'kms:GrantIsForAWSResource': 'true' }),
        ]),
  ];
}
