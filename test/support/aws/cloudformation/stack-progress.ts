import { type Instant, type Millis, epochMillisOf, instantOf } from '../../../../src/support/time.ts';
import { ACCOUNT_TYPES } from './account-types.ts';
import { NETWORK_TYPES } from './network-types.ts';
import type { Properties, ResourceType } from './resource-types.ts';
import { childrenOf, textOf } from '../xml.ts';
import { ServiceRefusal } from './service-calls.ts';
import type { Made, Stack, StackResource, Tag } from './stack.ts';
import { type Names, asText, neededBy, resolveValue } from './template-values.ts';

/** What tests plan to go wrong, and how fast stacks work. */
export interface Progress {
  /** How long the making or removal of one resource takes. */
  resourceMillis: Millis;
  /** By logical id: what the making of it is refused for, once. */
  readonly refusedCreations: Map<string, string>;
  /** By logical id: what the removal of it is refused for, once. */
  readonly refusedRemovals: Map<string, string>;
}

const TYPES: Readonly<Record<string, ResourceType>> = { ...NETWORK_TYPES, ...ACCOUNT_TYPES };

/** Whether the simulated CloudFormation can make this type. */
export function isKnownType(type: string): boolean {
  return type in TYPES;
}

/** Adds a line to the stack's history. */
function note(stack: Stack, at: Instant, about: StackResource | 'stack', reason?: string): void {
  const id = `${about === 'stack' ? stack.name : about.logicalId}-${String(stack.events.length + 1)}`;
  const [logicalId, physicalId, type, status] =
    about === 'stack'
      ? [stack.name, stack.id, 'AWS::CloudFormation::Stack', stack.status]
      : [about.logicalId, about.made?.physicalId ?? '', about.definition.Type, about.status];
  stack.events.push({ id, at, logicalId, physicalId, type, status, reason });
}

/** Gives the stack a status, and says so in its history. */
export function setStatus(stack: Stack, at: Instant, status: string, reason?: string): void {
  stack.status = status;
  stack.reason = reason;
  note(stack, at, 'stack', reason);
}

function setResource(
  stack: Stack,
  resource: StackResource,
  change: { at: Instant; status: string; reason?: string },
): void {
  resource.status = change.status;
  resource.reason = change.reason;
  resource.changedAt = change.at;
  note(stack, change.at, resource, change.reason);
}

/** Begins with the first of the stack's resources. */
export function beginCreation(stack: Stack, at: Instant, progress: Progress): void {
  setStatus(stack, at, 'CREATE_IN_PROGRESS', 'User Initiated');
  continueCreation(stack, at, { queue: stack.resources, progress });
}

/** Begins to remove what is left of the stack, the last made first. */
export function beginRemoval(
  stack: Stack,
  at: Instant,
  { because, retained, progress }: { because: 'rollback' | 'delete'; retained: readonly string[]; progress: Progress },
): void {
  const queue = stack.resources
    .filter(({ made, logicalId }) => made !== undefined && !retained.includes(logicalId))
    .reverse();
  stack.work = { kind: 'remove', because, queue, stuck: [], dueAt: epochMillisOf(at) + progress.resourceMillis };
  const [first] = queue;
  if (first !== undefined) setResource(stack, first, { at, status: 'DELETE_IN_PROGRESS' });
}

/** Does everything that was due until `now`, in the order and at the moments in which it was due. */
export async function advance(stack: Stack, now: Instant, progress: Progress): Promise<void> {
  while (stack.work !== undefined && stack.work.dueAt <= epochMillisOf(now)) {
    const at = instantOf(stack.work.dueAt);
    await (stack.work.kind === 'create' ? createNext(stack, at, progress) : removeNext(stack, at, progress));
  }
}

function continueCreation(
  stack: Stack,
  at: Instant,
  { queue, progress }: { queue: readonly StackResource[]; progress: Progress },
): void {
  stack.work = { kind: 'create', queue, dueAt: epochMillisOf(at) + progress.resourceMillis };
  const [next] = queue;
  if (next !== undefined) setResource(stack, next, { at, status: 'CREATE_IN_PROGRESS' });
}

async function createNext(stack: Stack, at: Instant, progress: Progress): Promise<void> {
  const [resource, ...rest] = stack.work?.queue ?? [];
  if (resource === undefined) return finishCreation(stack, at);
  try {
    refuseOnce(progress.refusedCreations, resource.logicalId);
    await create(stack, resource);
  } catch (error) {
    setResource(stack, resource, { at, status: 'CREATE_FAILED', reason: handlerMessage(error) });
    return fail(stack, at, { failed: resource.logicalId, progress });
  }
  setResource(stack, resource, { at, status: 'CREATE_COMPLETE' });
  if (rest.length === 0) await finishCreation(stack, at);
  else continueCreation(stack, at, { queue: rest, progress });
}

function fail(stack: Stack, at: Instant, { failed, progress }: { failed: string; progress: Progress }): void {
  const because = `The following resource(s) failed to create: [${failed}]. `;
  stack.work = undefined;
  if (stack.onFailure === 'DO_NOTHING') return setStatus(stack, at, 'CREATE_FAILED', because);
  const isRollback = stack.onFailure === 'ROLLBACK';
  const requested = `${because}${isRollback ? 'Rollback' : 'Delete'} requested by user.`;
  setStatus(stack, at, isRollback ? 'ROLLBACK_IN_PROGRESS' : 'DELETE_IN_PROGRESS', requested);
  beginRemoval(stack, at, { because: isRollback ? 'rollback' : 'delete', retained: [], progress });
}

async function finishCreation(stack: Stack, at: Instant): Promise<void> {
  const names = await namesOf(stack);
  stack.outputs = Object.entries(stack.template.Outputs ?? {}).map(([key, { Value }]) => ({
    key,
    value: asText(resolveValue(Value, names)),
  }));
  stack.work = undefined;
  setStatus(stack, at, 'CREATE_COMPLETE');
}

async function create(stack: Stack, resource: StackResource): Promise<void> {
  const { logicalId, definition } = resource;
  const type = typeOf(definition.Type);
  const properties = await propertiesOf(stack, resource);
  const own = ((properties['Tags'] ?? []) as readonly { Key: string; Value: string }[]).map((tag): Tag => ({
    key: tag.Key,
    value: tag.Value,
  }));
  const ofCloudFormation = [
    { key: 'aws:cloudformation:stack-name', value: stack.name },
    { key: 'aws:cloudformation:stack-id', value: stack.id },
    { key: 'aws:cloudformation:logical-id', value: logicalId },
  ];
  const unique = stack.id.slice(-12).toUpperCase();
  await type.create(properties, {
    services: stack.services,
    tags: [...stack.tags, ...own, ...ofCloudFormation],
    inventedName: `${stack.name}-${logicalId}-${unique}`,
    exists: (made: Made) => {
      resource.made = made;
    },
  });
}

async function removeNext(stack: Stack, at: Instant, progress: Progress): Promise<void> {
  const work = stack.work;
  if (work?.kind !== 'remove') return;
  const [resource, ...rest] = work.queue;
  const stuck = [...work.stuck];
  if (resource !== undefined && !(await removed(stack, resource, { at, progress }))) stuck.push(resource.logicalId);
  // What a thing that stays needs is left alone.
  const queue = rest.filter(({ logicalId }) => !withNeeds(stack, stuck).has(logicalId));
  stack.work = { ...work, queue, stuck, dueAt: epochMillisOf(at) + progress.resourceMillis };
  const [next] = queue;
  if (next === undefined) finishRemoval(stack, at, { because: work.because, stuck });
  else setResource(stack, next, { at, status: 'DELETE_IN_PROGRESS' });
}

/** Whether the stack is rid of the resource: it is gone, or it does not matter that it is not. */
async function removed(
  stack: Stack,
  resource: StackResource,
  { at, progress }: { at: Instant; progress: Progress },
): Promise<boolean> {
  try {
    refuseOnce(progress.refusedRemovals, resource.logicalId);
    await remove(stack, resource);
  } catch (error) {
    const status = stack.isForced ? 'DELETE_SKIPPED' : 'DELETE_FAILED';
    setResource(stack, resource, { at, status, reason: handlerMessage(error) });
    return stack.isForced;
  }
  setResource(stack, resource, { at, status: 'DELETE_COMPLETE' });
  resource.made = undefined;
  return true;
}

/** The logical ids of everything that these need, directly or not, with themselves. */
function withNeeds(stack: Stack, ids: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>(ids);
  for (const id of seen) for (const need of neededBy(stack.template, id)) seen.add(need);
  return seen;
}

function finishRemoval(
  stack: Stack,
  at: Instant,
  { because, stuck }: { because: 'rollback' | 'delete'; stuck: readonly string[] },
): void {
  stack.work = undefined;
  const whole = because === 'rollback' ? 'ROLLBACK' : 'DELETE';
  if (stuck.length > 0) {
    const reason = `The following resource(s) failed to delete: [${stuck.join(', ')}]. `;
    return setStatus(stack, at, `${whole}_FAILED`, reason);
  }
  if (because === 'delete') stack.deletedAt = at;
  setStatus(stack, at, `${whole}_COMPLETE`);
}

const IS_GONE = /NotFound(Fault)?$|^NoSuchEntity$/;

async function remove(stack: Stack, resource: StackResource): Promise<void> {
  if (resource.made === undefined) return;
  const type = typeOf(resource.definition.Type);
  const properties = await propertiesOf(stack, resource);
  try {
    await type.remove({ services: stack.services, made: resource.made, properties });
  } catch (error) {
    if (!(error instanceof ServiceRefusal && IS_GONE.test(error.code))) throw error;
  }
}

function typeOf(name: string): ResourceType {
  const type = TYPES[name];
  if (type === undefined) throw new ServiceRefusal('ValidationError', `Unrecognized resource types: [${name}]`);
  return type;
}

async function propertiesOf(stack: Stack, { definition }: StackResource): Promise<Properties> {
  return resolveValue(definition.Properties ?? {}, await namesOf(stack)) as Properties;
}

async function namesOf(stack: Stack): Promise<Names> {
  const zones = await stack.services.query('ec2', 'DescribeAvailabilityZones', {});
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': stack.account,
    'AWS::Region': stack.region,
    'AWS::Partition': 'aws',
    'AWS::StackName': stack.name,
    'AWS::StackId': stack.id,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const made = (id: string) => stack.resources.find(({ logicalId }) => logicalId === id)?.made;
  return {
    ref: (name) => pseudo[name] ?? stack.parameters[name] ?? made(name)?.physicalId,
    attribute: (logicalId, name) => made(logicalId)?.attributes[name],
    zones: childrenOf(zones, 'availabilityZoneInfo', 'item').map((zone) => textOf(zone, 'zoneName')),
  };
}

function refuseOnce(planned: Map<string, string>, logicalId: string): void {
  const reason = planned.get(logicalId);
  if (reason === undefined) return;
  planned.delete(logicalId);
  throw new ServiceRefusal('Planned', reason);
}

/** A refusal's own words, as CloudFormation passes them on. Anything else is a bug of the harness: the test stops. */
function handlerMessage(error: unknown): string {
  if (!(error instanceof ServiceRefusal)) throw error;
  return `Resource handler returned message: "${error.message}" (HandlerErrorCode: InvalidRequest)`;
}
