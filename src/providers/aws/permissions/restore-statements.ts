import type { RdsRestore } from '../../../runbook/restore-spec.ts';
import type { AwsPlace } from '../../../runbook/runbook.ts';
import { readSource } from '../rds/source-query.ts';
import type { Arns } from './arns.ts';
import { MARKING, allOf } from './conditions.ts';
import type { Statement } from './policy-document.ts';
import { allow } from './sandbox-statements.ts';

/** RDS judges a restore on everything it names: what it makes, what that lies in, and what it is restored from. */
export function restoreStatement(restores: readonly RdsRestore[], arns: Arns, account: string): Statement {
  const toMoment = restores.filter(isToMoment);
  const fromSnapshot = restores.filter((spec) => !isToMoment(spec));
  const { arn, instance, subnetGroup } = arns;
  return allow('Restore', {
    Action: [
      ...(fromSnapshot.length > 0 ? ['rds:RestoreDBInstanceFromDBSnapshot'] : []),
      ...(toMoment.length > 0 ? ['rds:RestoreDBInstanceToPointInTime'] : []),
    ],
    Resource: unique([
      instance,
      subnetGroup,
      // An option group comes with the backup.
      arn('rds', 'og:*'),
      ...restores.map(({ parameterGroup }) => arn('rds', `pg:${parameterGroup ?? 'default.*'}`)),
      ...fromSnapshot.flatMap((spec) => ownersOf(spec, account).map((one) => arns.arnOf(one, 'rds', 'snapshot:*'))),
      ...toMoment.flatMap((spec) => [arn('rds', 'auto-backup:*'), arn('rds', `db:${nameOfSource(spec, account)}`)]),
    ]),
    Condition: allOf(MARKING, { BoolIfExists: { 'rds:PubliclyAccessible': 'false' } }),
  });
}

/**
 * What RDS does with keys and secrets in the session's name. Restores of encrypted backups need their key; the master
 * password that RDS is asked to keep is a secret whose name nobody but RDS may give.
 */
export function keyStatements(
  restores: readonly RdsRestore[],
  arns: Arns,
  { account, region }: Pick<AwsPlace, 'account' | 'region'>,
): readonly Statement[] {
  const owners = unique(restores.flatMap((spec) => ownersOf(spec, account)));
  const Resource = owners.map((one) => arns.arnOf(one, 'kms', 'key/*'));
  return [
    allow('UseKeys', {
      Action: ['kms:CreateGrant', 'kms:Decrypt', 'kms:GenerateDataKey'],
      Resource,
      Condition: {
        StringEquals: { 'kms:ViaService': `rds.${region}.amazonaws.com` },
        // A key of grants alone.
        BoolIfExists: { 'kms:GrantIsForAWSResource': 'true' },
      },
    }),
    // Not bound to RDS as its caller: AWS does not list it among the services that 'aws:CalledVia' tells.
    allow('KeepPassword', {
      Action: ['kms:DescribeKey', 'secretsmanager:CreateSecret', 'secretsmanager:TagResource'],
      Resource: [...Resource, arns.arn('secretsmanager', 'secret:rds!db-*')],
    }),
  ];
}

function isToMoment({ recoveryPoint }: RdsRestore): boolean {
  return recoveryPoint.to.kind !== 'backup-end';
}

/** Whose snapshots, and keys, a restore may need: the sandbox's own account holds copies of what another one shares. */
function ownersOf(spec: RdsRestore, account: string): readonly string[] {
  return unique([account, readQuery(spec, account)?.account ?? account]);
}

/** The source's name where the runbook tells it: a tag or a resource id does not. */
function nameOfSource(spec: RdsRestore, account: string): string {
  const query = readQuery(spec, account);
  return query?.kind === 'identifier' ? query.identifier : '*';
}

/** The region is of no matter here: a source in another one is refused when a drill lists its backups. */
function readQuery(spec: RdsRestore, account: string) {
  const region = spec.source.startsWith('arn:') ? (spec.source.split(':')[3] ?? '') : '';
  const read = readSource(spec, { account, region, sharesAccountWithSources: true });
  return read.kind === 'read' ? read.query : undefined;
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
