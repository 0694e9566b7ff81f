import type { Clock } from '../../../../src/support/clock.ts';
import type { Instant, Millis } from '../../../../src/support/time.ts';
import type { AwsCall, AwsReply, Layer } from '../call.ts';
import { renderError } from '../render-error.ts';
import { isOk, querySubCall } from '../sub-call.ts';
import { childOf, parseXml, textOf } from '../xml.ts';
import { type UnpackedFunction, unpackFunction } from './run-function.ts';

export interface LambdaOptions {
  readonly clock: Clock;
  /** Where the function's own AWS calls go. */
  readonly endpoint: () => string;
  /** PEM that functions are to trust beside the authorities of Amazon RDS. */
  readonly authority: string;
  /** `HOST:PORT` of a VPC's resolver; functions use the machine's own where there is none. */
  readonly resolverOf?: (vpcId: string) => Promise<string>;
  /** How long a function of a VPC is `Pending`; none unless said. */
  readonly pendingFor?: Millis;
  /** How long a deleted function's network interfaces stay; none unless said. */
  readonly interfacesStayFor?: Millis;
}

/** The simulated Lambda: functions really run, each call in a process of its own. */
export interface LambdaWorld {
  readonly layer: Layer;
  /** What the functions logged, a text for each call. */
  readonly logs: readonly string[];
  /** Forgets every function and ends what runs. */
  reset(): Promise<void>;
}

interface MadeFunction {
  readonly request: CreateFunctionRequest;
  readonly createdAt: Millis;
  /** The same moment by the world's wall clock, which is not the emulator's. */
  readonly lastModified: Instant;
  readonly code: Promise<UnpackedFunction>;
  readonly interfaces: readonly string[];
  readonly resolver?: string;
}

interface CreateFunctionRequest {
  readonly FunctionName: string;
  readonly Handler: string;
  readonly Timeout?: number;
  readonly Code: { readonly ZipFile: string };
  readonly VpcConfig?: { readonly SubnetIds?: readonly string[]; readonly SecurityGroupIds?: readonly string[] };
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
}

type Next = (call: AwsCall) => Promise<AwsReply>;

/** All that is known of one world's functions. */
interface State extends LambdaOptions {
  readonly functions: Map<string, MadeFunction>;
  /** Interfaces of deleted functions, and when they go away. */
  readonly leftOver: { readonly id: string; readonly until: Millis }[];
  readonly logs: string[];
  /** The creation under way. The emulator makes a function twice when asked twice at the same time; Lambda does not. */
  creation: Promise<unknown>;
}

/** Functions become `Active` and interfaces go away when somebody asks after their time. */
export function lambdaWorld(options: LambdaOptions): LambdaWorld {
  const state: State = { ...options, functions: new Map(), leftOver: [], logs: [], creation: Promise.resolve() };
  return {
    logs: state.logs,
    async layer(call, next) {
      if (call.service === 'ec2' || call.service === 'lambda') await removeInterfaces(state, call, next);
      if (call.service === 'ec2') return asLambdaInterfaces(await next(call));
      if (call.service !== 'lambda') return next(call);
      if (call.action === 'CreateFunction') return createInTurn(state, call, next);
      if (call.action === 'Invoke') return invoke(state, call, next);
      if (call.action === 'DeleteFunction') return remove(state, call, next);
      const made = state.functions.get(functionName(call));
      const reply = await next(call);
      const isDescribed = made !== undefined && call.action.startsWith('GetFunction');
      return isDescribed ? withState(reply, made, isPending(state, made)) : reply;
    },
    async reset() {
      const all = [...state.functions.values()];
      state.functions.clear();
      state.leftOver.length = 0;
      await Promise.all(all.map(async ({ code }) => (await code).remove()));
    },
  };
}

function isPending({ clock, pendingFor = 0 }: State, made: MadeFunction): boolean {
  return made.request.VpcConfig?.SubnetIds !== undefined && clock.monotonic() < made.createdAt + pendingFor;
}

async function createInTurn(state: State, call: AwsCall, next: Next): Promise<AwsReply> {
  const mine = state.creation.then(async () => create(state, call, next));
  state.creation = mine.catch(() => {});
  return mine;
}

async function create(state: State, call: AwsCall, next: Next): Promise<AwsReply> {
  const reply = await next(call);
  if (!isOk(reply)) return reply;
  const request = call.json as CreateFunctionRequest;
  const made = {
    request,
    createdAt: state.clock.monotonic(),
    lastModified: state.clock.now(),
    code: unpackFunction(Buffer.from(request.Code.ZipFile, 'base64'), state.authority),
    interfaces: await createInterfaces(call, next, request),
    ...(await resolverFor(state, call, request, next)),
  };
  state.functions.set(request.FunctionName, made);
  return withState(reply, made, isPending(state, made));
}

async function invoke(state: State, call: AwsCall, next: Next): Promise<AwsReply> {
  const made = state.functions.get(functionName(call));
  if (made === undefined) return next(call);
  if (isPending(state, made)) return renderError(call, STILL_PENDING);
  const code = await made.code;
  const { isError, payload, log } = await code.invoke(call.body.length === 0 ? '{}' : call.body.toString('utf8'), {
    handler: made.request.Handler,
    timeoutMillis: (made.request.Timeout ?? 3) * 1_000,
    env: environment(call, made.request, state.endpoint()),
    ...(made.resolver !== undefined && { resolver: made.resolver }),
  });
  state.logs.push(log);
  const headers = { 'content-type': 'application/json', ...(isError && { 'x-amz-function-error': 'Unhandled' }) };
  return { status: 200, headers, body: Buffer.from(payload) };
}

async function remove(state: State, call: AwsCall, next: Next): Promise<AwsReply> {
  const reply = await next(call);
  const made = state.functions.get(functionName(call));
  if (made === undefined || !isOk(reply)) return reply;
  state.functions.delete(functionName(call));
  await (await made.code).remove();
  const until = state.clock.monotonic() + (state.interfacesStayFor ?? 0);
  state.leftOver.push(...made.interfaces.map((id) => ({ id, until })));
  return reply;
}

async function removeInterfaces({ leftOver, clock }: State, call: AwsCall, next: Next): Promise<void> {
  for (const gone of leftOver.filter(({ until }) => until <= clock.monotonic())) {
    leftOver.splice(leftOver.indexOf(gone), 1);
    const params = { NetworkInterfaceId: gone.id };
    await next(querySubCall(call, { service: 'ec2', action: 'DeleteNetworkInterface', params }));
  }
}

const STILL_PENDING = {
  status: 409,
  code: 'ResourceConflictException',
  message: 'The operation cannot be performed at this time. The function is currently in the following state: Pending',
};

/** Of `/2015-03-31/functions/NAME/…`, where NAME may be an ARN. */
function functionName(call: AwsCall): string {
  const name = decodeURIComponent(/\/functions\/([^/?]+)/.exec(call.path)?.[1] ?? '');
  return /:function:([^:]+)/.exec(name)?.[1] ?? name;
}

/** The state as a client sees it, whether in the answer's own fields or in those of its `Configuration`. */
function withState(
  reply: AwsReply,
  { lastModified }: Pick<MadeFunction, 'lastModified'>,
  isPending: boolean,
): AwsReply {
  if (!isOk(reply)) return reply;
  const body = JSON.parse(reply.body.toString('utf8')) as { Configuration?: object };
  const LastModified = lastModified.replace('Z', '+0000');
  const state = isPending
    ? { LastModified, State: 'Pending', StateReason: 'The function is being created.', StateReasonCode: 'Creating' }
    : { LastModified, State: 'Active' };
  const changed = body.Configuration
    ? { ...body, Configuration: { ...body.Configuration, ...state } }
    : { ...body, ...state };
  return { ...reply, body: Buffer.from(JSON.stringify(changed)) };
}

/** What Lambda puts into a function's environment, and nothing of this process but the way to its programs. */
function environment(call: AwsCall, request: CreateFunctionRequest, endpoint: string): Record<string, string> {
  return {
    ...request.Environment?.Variables,
    PATH: process.env['PATH'] ?? '',
    TZ: ':UTC',
    AWS_REGION: call.region,
    AWS_DEFAULT_REGION: call.region,
    AWS_ACCESS_KEY_ID: 'function',
    AWS_SECRET_ACCESS_KEY: 'function',
    AWS_LAMBDA_FUNCTION_NAME: request.FunctionName,
    AWS_ENDPOINT_URL: endpoint,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}

/** The resolver of the VPC that the function's subnets lie in. */
async function resolverFor({ resolverOf }: State, call: AwsCall, request: CreateFunctionRequest, next: Next) {
  const [subnet] = request.VpcConfig?.SubnetIds ?? [];
  if (resolverOf === undefined || subnet === undefined) return {};
  const params = { 'SubnetId.1': subnet };
  const reply = await next(querySubCall(call, { service: 'ec2', action: 'DescribeSubnets', params }));
  const vpcId = /<vpcId>([^<]*)/.exec(reply.body.toString('utf8'))?.[1];
  return vpcId === undefined ? {} : { resolver: await resolverOf(vpcId) };
}

const DESCRIPTION = 'AWS Lambda VPC ENI-';

/** One a subnet, with the function's security groups, as Lambda makes them. */
async function createInterfaces(call: AwsCall, next: Next, request: CreateFunctionRequest): Promise<string[]> {
  const made: string[] = [];
  const groups = request.VpcConfig?.SecurityGroupIds ?? [];
  for (const subnet of request.VpcConfig?.SubnetIds ?? []) {
    const params = {
      SubnetId: subnet,
      Description: `${DESCRIPTION}${request.FunctionName}`,
      ...Object.fromEntries(groups.map((group, index) => [`SecurityGroupId.${index + 1}`, group])),
    };
    const reply = await next(querySubCall(call, { service: 'ec2', action: 'CreateNetworkInterface', params }));
    if (!isOk(reply)) throw new Error(`no interface for '${request.FunctionName}': ${reply.body.toString('utf8')}`);
    made.push(textOf(childOf(parseXml(reply.body), 'networkInterface'), 'networkInterfaceId'));
  }
  return made;
}

/** The emulator knows one type of interface only; those of functions are told by their description. */
function asLambdaInterfaces(reply: AwsReply): AwsReply {
  const text = reply.body.toString('utf8');
  if (!text.includes(DESCRIPTION)) return reply;
  const changed = text.replaceAll(/<item>(?:(?!<\/?item>)[^]|<item>(?:(?!<\/?item>)[^])*<\/item>)*<\/item>/g, (item) =>
    item.includes(DESCRIPTION)
      ? item
          .replace(/<interfaceType>[^<]*/, '<interfaceType>lambda')
          .replace(/<requesterManaged>[^<]*/, '<requesterManaged>true')
          .replace(/(<status>)(?:available|pending)/, '$1in-use')
      : item,
  );
  return { ...reply, body: Buffer.from(changed) };
}
