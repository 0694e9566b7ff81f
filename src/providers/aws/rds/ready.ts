import type { DBInstance } from '@aws-sdk/client-rds';
import type { AwsPlace } from '../../../runbook/runbook.ts';
import type { ResourceState } from '../../provider.ts';
import type { RdsEndpoint, Resource } from '../../resource.ts';
import { awsName } from '../names.ts';
import { ownMark } from './describe-instance.ts';
import { restoredFacts } from './restored-facts.ts';
import { readNotes } from './restore-notes.ts';
import { meaningOf, type StatusMeaning } from './states.ts';

/** The stage after which RDS is asked to manage the master password. */
const INSTANCE_STAGE = 'instance';

/** What one description of an instance says: a state, or a status that ends the restore and wants its events told. */
export type Judgement =
  | Extract<ResourceState, { kind: 'pending' | 'staged' | 'ready' | 'failed' }>
  | { readonly kind: 'ended'; readonly status: string; readonly meaning: Extract<StatusMeaning, { kind: 'failed' }> };

/**
 * Judges a restored instance. Isolation comes first, whatever the status: an instance in another network, or one that
 * anybody can reach, has to go at once. `staged` once it is usable and no managed password was asked for; `ready` only
 * with an address, nothing pending, exactly our security group active, and an active secret.
 */
export function judgeInstance(instance: DBInstance, resource: Resource, place: AwsPlace): Judgement {
  const status = instance.DBInstanceStatus ?? 'unknown';
  if (status === 'deleting') return { kind: 'pending', detail: 'being deleted' };
  const meaning = meaningOf(status);
  const violations = violationsOf(instance, resource, { place, isUsable: meaning.kind === 'usable' });
  if (violations.length > 0) return notIsolated(resource, violations);
  if (meaning.kind === 'failed') return { kind: 'ended', status, meaning };
  if (meaning.kind === 'progress') return { kind: 'pending', detail: progressDetail(instance, meaning.isKnown) };
  const wanting = pendingIn(instance);
  if (wanting !== undefined) return { kind: 'pending', detail: `${status}, ${wanting}` };
  if (instance.MasterUserSecret !== undefined) return judgeSecret(instance, resource, place);
  if (meaning.isModifiable) return { kind: 'staged', stage: INSTANCE_STAGE };
  return { kind: 'pending', detail: `${status}, before its password can be managed` };
}

function progressDetail({ DBInstanceStatus: status = 'unknown', PercentProgress: done }: DBInstance, isKnown: boolean) {
  const progress = done === undefined || done === '' ? '' : `, ${done} %`;
  return `${status}${progress}${isKnown ? '' : ' (a status that drillbook does not know)'}`;
}

interface View {
  readonly place: AwsPlace;
  /** While it is being made, RDS may not yet show what it will have; afterwards what is not shown is not there. */
  readonly isUsable: boolean;
}

/** What speaks against its being this drill's own instance in the drill's own network. */
function violationsOf(instance: DBInstance, resource: Resource, { place, isUsable }: View): readonly string[] {
  const { DBInstanceIdentifier: name = '', TagList, DBSubnetGroup: subnets, PubliclyAccessible } = instance;
  if (!isUsable && (TagList ?? []).length === 0) return [];
  const notes = readNotes(TagList);
  const mark = ownMark(TagList, name, place);
  if (mark === undefined || mark.token !== resource.token || notes === undefined) {
    return ["its tags are not those that the drill's own call put on it"];
  }
  const groups = (instance.VpcSecurityGroups ?? []).map(({ VpcSecurityGroupId: id = '' }) => id);
  const found: string[] = [];
  if (isOther(subnets?.VpcId, notes.vpcId, isUsable)) found.push(`it is in VPC '${subnets?.VpcId ?? 'none'}'`);
  if (isOther(subnets?.DBSubnetGroupName?.toLowerCase(), notes.subnetGroupName.toLowerCase(), isUsable)) {
    found.push(`it is in subnet group '${subnets?.DBSubnetGroupName ?? 'none'}'`);
  }
  const foreign = groups.filter((id) => id !== notes.securityGroupId);
  if (foreign.length > 0) found.push(`it has security group ${foreign.map((id) => `'${id}'`).join(', ')}`);
  if (isUsable && groups.length === 0) found.push('it has no security group');
  if (PubliclyAccessible === true) found.push('it has a public address');
  return found;
}

function isOther(shown: string | undefined, wanted: string, isUsable: boolean): boolean {
  return shown === undefined ? isUsable : shown !== wanted;
}

function notIsolated({ name }: Resource, violations: readonly string[]): Judgement {
  return {
    kind: 'failed',
    problem: {
      code: 'aws/not-isolated',
      message: `restored '${name}' is not where and what the drill asked for: ${violations.join('; ')}`,
      hint: 'The drill removes it; find out who or what changes instances in the sandbox account before the next one.',
      blames: 'environment',
    },
  };
}

/** What a usable instance still lacks before it may be called ready or be modified. */
function pendingIn({ Endpoint, PendingModifiedValues, VpcSecurityGroups = [] }: DBInstance): string | undefined {
  if (Endpoint?.Address === undefined || Endpoint.Port === undefined) return 'without an address yet';
  const values = Object.entries(PendingModifiedValues ?? {}).filter(([, value]) => value !== undefined);
  if (values.length > 0) return `with ${values.map(([name]) => name).join(', ')} pending`;
  const inactive = VpcSecurityGroups.find(({ Status }) => Status !== 'active');
  return inactive && `with its security group ${inactive.Status ?? 'in no state'}`;
}

function judgeSecret(instance: DBInstance, resource: Resource, place: AwsPlace): Judgement {
  const { SecretStatus: status, SecretArn: secretArn } = instance.MasterUserSecret ?? {};
  if (status === 'impaired') return secretImpaired(resource);
  const endpoint = endpointOf(instance, place, secretArn);
  const notes = readNotes(instance.TagList);
  if (status !== 'active' || endpoint === undefined || notes === undefined) {
    return {
      kind: 'pending',
      detail: `${instance.DBInstanceStatus ?? ''}, with its secret ${status ?? 'not there yet'}`,
    };
  }
  return { kind: 'ready', endpoint, facts: restoredFacts(instance, notes) };
}

function endpointOf(
  { Endpoint, Engine = '', DBInstanceIdentifier: name = '', TagList }: DBInstance,
  place: AwsPlace,
  secretArn: string | undefined,
): RdsEndpoint | undefined {
  const mark = ownMark(TagList, name, place);
  const { Address: address, Port: port } = Endpoint ?? {};
  if (mark === undefined || secretArn === undefined || address === undefined || port === undefined) return undefined;
  const engine = Engine === 'postgres' ? 'postgres' : 'mysql';
  return { kind: 'rds', engine, address, port, secretArn, probe: awsName(mark.drillId, 'probe') };
}

function secretImpaired({ name }: Resource): Judgement {
  return {
    kind: 'failed',
    problem: {
      code: 'aws/secret-impaired',
      message: `RDS cannot keep the master password of restored '${name}': its secret is impaired`,
      hint: 'See that RDS may use Secrets Manager and its KMS key in the sandbox account, then run the drill again.',
      blames: 'environment',
    },
  };
}
