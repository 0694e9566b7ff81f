import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../../src/support/clock.ts';
import type { Millis } from '../../../../src/support/time.ts';
import type { AwsCall, AwsReply, Layer } from '../call.ts';
import { renderError } from '../render-error.ts';
import { textOf } from '../xml.ts';
import { answer, eventForm, page, resourceForm, stackForm, stackSummary } from './answers.ts';
import { correctedReply } from './emulator-corrections.ts';
import { type InnerCallRecorder, ServiceRefusal, serviceCalls } from './service-calls.ts';
import { type Progress, advance, beginCreation, beginRemoval, isKnownType, setStatus } from './stack-progress.ts';
import type { OnFailure, Stack, Tag } from './stack.ts';
import { type Template, asText, invalidTemplate, makingOrder, parseTemplate } from './template-values.ts';

/** A simulated CloudFormation, and what tests may do to it. */
export interface CloudFormationWorld {
  /** Answers CloudFormation's actions itself, and lets every other call pass. */
  readonly layer: Layer;
  /** The next making of a resource with this logical id is refused for `reason`: the stack rolls back. */
  failCreationOf(logicalId: string, reason: string): void;
  /** The next removal of a resource with this logical id is refused for `reason`: the stack gets DELETE_FAILED. */
  failRemovalOf(logicalId: string, reason: string): void;
  /** How long each resource takes from now on; `Infinity` makes a stack hang. */
  setResourceMillis(millis: Millis): void;
  /** Forgets every stack and every plan. */
  reset(): void;
}

/** What a simulated CloudFormation is made with. */
export interface CloudFormationOptions {
  readonly clock: Clock;
  /** How long the making or removal of one resource takes; 40 ms unless told. */
  readonly resourceMillis?: Millis;
  /** Hears each call that CloudFormation makes of another service with its caller's rights. */
  readonly record?: InnerCallRecorder;
}

interface State {
  readonly options: CloudFormationOptions;
  readonly progress: Progress;
  readonly accounts: Map<string, string>;
  stacks: Stack[];
}

interface Request {
  readonly state: State;
  readonly call: AwsCall;
  readonly next: (call: AwsCall) => Promise<AwsReply>;
  readonly account: string;
}

const DEFAULT_RESOURCE_MILLIS = 40;

/**
 * CloudFormation in front of an emulator that has the other services: what a stack declares is really made there, one
 * resource after another by the clock. Work that is due is done before any call goes on, so that no call, of whatever
 * service, sees a world in which it was not.
 */
export function cloudFormationLayer(options: CloudFormationOptions): CloudFormationWorld {
  const progress: Progress = {
    resourceMillis: options.resourceMillis ?? DEFAULT_RESOURCE_MILLIS,
    refusedCreations: new Map(),
    refusedRemovals: new Map(),
  };
  const state: State = { options, progress, accounts: new Map(), stacks: [] };
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(task: () => Promise<T>): Promise<T> => {
    const mine = turn.then(task);
    turn = mine.catch(() => undefined);
    return mine;
  };
  return {
    async layer(call, next) {
      if (call.service === 'cloudformation') return inTurn(async () => handle({ state, call, next }));
      if (state.stacks.some(({ work }) => work !== undefined)) await inTurn(async () => advanceAll(state));
      return correctedReply(call, next);
    },
    failCreationOf: (logicalId, reason) => progress.refusedCreations.set(logicalId, reason),
    failRemovalOf: (logicalId, reason) => progress.refusedRemovals.set(logicalId, reason),
    setResourceMillis(millis) {
      progress.resourceMillis = millis;
    },
    reset() {
      state.stacks = [];
      state.accounts.clear();
      progress.refusedCreations.clear();
      progress.refusedRemovals.clear();
    },
  };
}

async function advanceAll({ stacks, options, progress }: State): Promise<void> {
  for (const stack of stacks) await advance(stack, options.clock.now(), progress);
}

const ACTIONS: Readonly<Record<string, (request: Request) => AwsReply | Promise<AwsReply>>> = {
  CreateStack: createStack,
  DeleteStack: deleteStack,
  DescribeStacks: describeStacks,
  ListStacks: listStacks,
  DescribeStackEvents: (request) => {
    const stack = stackOf(request);
    const { action, params } = request.call;
    const all = [...stack.events].reverse();
    return answer(action, page('StackEvents', { all, token: params['NextToken'], form: eventForm(stack) }));
  },
  ListStackResources: (request) => {
    const { action, params } = request.call;
    const all = stackOf(request).resources.filter(hasBegun);
    const form = resourceForm('LastUpdatedTimestamp');
    return answer(action, page('StackResourceSummaries', { all, token: params['NextToken'], form }));
  },
  DescribeStackResources: (request) => {
    const all = stackOf(request).resources.filter(hasBegun);
    return answer(request.call.action, { StackResources: all.slice(0, 100).map(resourceForm('Timestamp')) });
  },
  GetTemplate: (request) => answer(request.call.action, { TemplateBody: stackOf(request).body }),
};

function hasBegun({ status }: { status: string }): boolean {
  return status !== '';
}

async function handle(given: Omit<Request, 'account'>): Promise<AwsReply> {
  const { action } = given.call;
  const act = ACTIONS[action];
  try {
    if (act === undefined) throw validation(`the simulated CloudFormation does not know the action '${action}'`);
    await advanceAll(given.state);
    return await act({ ...given, account: await accountOf(given) });
  } catch (error) {
    if (error instanceof ServiceRefusal)
      return renderError(given.call, { status: 400, code: error.code, message: error.message });
    throw error;
  }
}

function validation(message: string): ServiceRefusal {
  return new ServiceRefusal('ValidationError', message);
}

/** The account of the caller's key; keys of an assumed role are new each time, so that stacks go by account. */
async function accountOf({ state, call, next }: Omit<Request, 'account'>): Promise<string> {
  const known = state.accounts.get(call.accessKey);
  if (known !== undefined) return known;
  const services = serviceCalls(call, next);
  const account = textOf(await services.query('sts', 'GetCallerIdentity', {}), 'Account');
  state.accounts.set(call.accessKey, account);
  return account;
}

function here({ state, call, account }: Request): readonly Stack[] {
  return state.stacks.filter((stack) => stack.region === call.region && stack.account === account);
}

/** By name only a stack that is there; by ARN one that was deleted, too. */
function findStack(request: Request): Stack | undefined {
  const name = request.call.params['StackName'] ?? '';
  return here(request).find(
    (stack) => stack.id === name || (stack.name === name && stack.status !== 'DELETE_COMPLETE'),
  );
}

function stackOf(request: Request): Stack {
  const stack = findStack(request);
  if (stack !== undefined) return stack;
  throw validation(`Stack with id ${request.call.params['StackName'] ?? ''} does not exist`);
}

function describeStacks(request: Request): AwsReply {
  const { action, params } = request.call;
  const isNamed = (params['StackName'] ?? '') !== '';
  const all = isNamed ? [stackOf(request)] : here(request).filter(({ status }) => status !== 'DELETE_COMPLETE');
  return answer(action, page('Stacks', { all, token: params['NextToken'], form: stackForm }));
}

function listStacks(request: Request): AwsReply {
  const { action, params } = request.call;
  const wanted = membersOf(params, 'StackStatusFilter');
  const all = here(request).filter(({ status }) => wanted.length === 0 || wanted.includes(status));
  return answer(action, page('StackSummaries', { all, token: params['NextToken'], form: stackSummary }));
}

function createStack(request: Request): AwsReply {
  const { action, params } = request.call;
  const name = params['StackName'] ?? '';
  const token = params['ClientRequestToken'];
  if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) {
    throw validation(`1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint`);
  }
  const namesake = here(request).find((stack) => stack.name === name && stack.status !== 'DELETE_COMPLETE');
  if (namesake !== undefined) {
    if (token !== undefined && namesake.token === token) return answer(action, { StackId: namesake.id });
    throw new ServiceRefusal('AlreadyExistsException', `Stack [${name}] already exists`);
  }
  const stack = newStack(request, readTemplate(params));
  request.state.stacks.push(stack);
  beginCreation(stack, stack.createdAt, request.state.progress);
  return answer(action, { StackId: stack.id });
}

/** The template, refused for everything that the service finds before it makes anything. */
function readTemplate(params: AwsCall['params']): Template {
  const body = params['TemplateBody'];
  if (body === undefined) throw validation('the simulated CloudFormation reads no TemplateURL: give a TemplateBody');
  if (body.length > 51_200) {
    throw validation(
      `1 validation error detected: Value at 'templateBody' must have length less than or equal to 51200`,
    );
  }
  const template = parseTemplate(body);
  const resources = Object.values(template.Resources);
  const unknown = resources.map(({ Type }) => Type).filter((type) => !isKnownType(type));
  if (unknown.length > 0) throw invalidTemplate(`Unrecognized resource types: [${unknown.join(', ')}]`);
  const roles = resources.filter(({ Type }) => Type.startsWith('AWS::IAM::'));
  const needed = roles.some(({ Properties }) => Properties?.['RoleName'] !== undefined)
    ? ['CAPABILITY_NAMED_IAM']
    : ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'];
  const granted = membersOf(params, 'Capabilities');
  if (roles.length > 0 && !needed.some((one) => granted.includes(one))) {
    throw new ServiceRefusal('InsufficientCapabilitiesException', `Requires capabilities : [${String(needed[0])}]`);
  }
  return template;
}

function newStack({ state, call, next, account }: Request, template: Template): Stack {
  const { params, region } = call;
  const name = params['StackName'] ?? '';
  const createdAt = state.options.clock.now();
  const defaults = Object.entries(template.Parameters ?? {}).flatMap(([key, { Default }]) =>
    Default === undefined ? [] : [[key, asText(Default)] as const],
  );
  const given = pairsOf(params, 'Parameters', ['ParameterKey', 'ParameterValue']);
  const parameters = Object.fromEntries([...defaults, ...given.map(({ key, value }) => [key, value] as const)]);
  return {
    id: `arn:aws:cloudformation:${region}:${account}:stack/${name}/${randomUUID()}`,
    name,
    account,
    region,
    token: params['ClientRequestToken'],
    body: params['TemplateBody'] ?? '',
    template,
    tags: pairsOf(params, 'Tags', ['Key', 'Value']),
    parameters,
    capabilities: membersOf(params, 'Capabilities'),
    onFailure: params['DisableRollback'] === 'true' ? 'DO_NOTHING' : ((params['OnFailure'] ?? 'ROLLBACK') as OnFailure),
    createdAt,
    services: serviceCalls(call, next, state.options.record),
    resources: makingOrder(template).flatMap((logicalId) => {
      const definition = template.Resources[logicalId];
      return definition === undefined ? [] : [{ logicalId, definition, status: '', changedAt: createdAt }];
    }),
    events: [],
    status: '',
    isForced: false,
    outputs: [],
  };
}

/** As the service: a stack that is not there, or is being removed, is no error. */
function deleteStack(request: Request): AwsReply {
  const { action, params } = request.call;
  const stack = findStack(request);
  const retained = membersOf(params, 'RetainResources');
  if (stack === undefined || stack.status === 'DELETE_COMPLETE' || stack.status === 'DELETE_IN_PROGRESS') {
    return answer(action, {});
  }
  stack.isForced = params['DeletionMode'] === 'FORCE_DELETE_STACK';
  if ((retained.length > 0 || stack.isForced) && stack.status !== 'DELETE_FAILED') {
    throw validation('Invalid operation on stack: only a stack in DELETE_FAILED can retain resources or be forced');
  }
  const at = request.state.options.clock.now();
  setStatus(stack, at, 'DELETE_IN_PROGRESS', 'User Initiated');
  beginRemoval(stack, at, { because: 'delete', retained, progress: request.state.progress });
  return answer(action, {});
}

function membersOf(params: AwsCall['params'], name: string): readonly string[] {
  return everyMember((index) => params[`${name}.member.${index}`]);
}

function pairsOf(params: AwsCall['params'], name: string, [key, value]: readonly [string, string]): readonly Tag[] {
  const at = (index: string, part: string) => params[`${name}.member.${index}.${part}`];
  const keys = everyMember((index) => at(index, key));
  return keys.map((one, index) => ({ key: one, value: at(String(index + 1), value) ?? '' }));
}

function everyMember(read: (index: string) => string | undefined): readonly string[] {
  const found: string[] = [];
  for (let index = 1; ; index += 1) {
    const one = read(String(index));
    if (one === undefined) return found;
    found.push(one);
  }
}
