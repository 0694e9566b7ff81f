import type { AwsCall, AwsReply } from './call.ts';

/** Another request in the name of a caller: same account, same region unless named. */
export interface QuerySubCall {
  readonly service: 'rds' | 'ec2' | 'iam' | 'sts' | 'cloudformation';
  readonly action: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly region?: string;
}

const API_VERSIONS = {
  rds: '2014-10-31',
  ec2: '2016-11-15',
  iam: '2010-05-08',
  sts: '2011-06-15',
  cloudformation: '2010-05-15',
};

/** A call of a query-protocol service with the credentials of `call`, to be handed to the next layer. */
export function querySubCall(call: AwsCall, sub: QuerySubCall): AwsCall {
  const params = { Action: sub.action, Version: API_VERSIONS[sub.service], ...sub.params };
  const { json: _, ...rest } = call;
  return {
    ...rest,
    service: sub.service,
    action: sub.action,
    region: sub.region ?? call.region,
    method: 'POST',
    path: '/',
    headers: signedFor(call, sub.service, sub.region, {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    }),
    params,
    body: Buffer.from(new URLSearchParams(params).toString()),
  };
}

/** Another request of a JSON service. */
export interface JsonSubCall {
  /** Signing name, e.g. `secretsmanager`. */
  readonly service: string;
  /** Target prefix, e.g. `secretsmanager` or `TrentService`. */
  readonly target: string;
  readonly action: string;
  readonly json: unknown;
}

/** A call of a JSON 1.1 service with the credentials of `call`, to be handed to the next layer. */
export function jsonSubCall(call: AwsCall, sub: JsonSubCall): AwsCall {
  return {
    ...call,
    service: sub.service,
    action: sub.action,
    method: 'POST',
    path: '/',
    headers: signedFor(call, sub.service, undefined, {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${sub.target}.${sub.action}`,
    }),
    params: {},
    json: sub.json,
    body: Buffer.from(JSON.stringify(sub.json)),
  };
}

/** The same call with other parameters (query protocols); `undefined` takes one away. */
export function withParams(call: AwsCall, changed: Readonly<Record<string, string | undefined>>): AwsCall {
  const params: Record<string, string> = { ...call.params };
  for (const [name, value] of Object.entries(changed)) {
    if (value === undefined) delete params[name];
    else params[name] = value;
  }
  return { ...call, params, body: Buffer.from(new URLSearchParams(params).toString()) };
}

/** The values of a query-protocol list, e.g. `listParam(call, 'Filters.Filter')` → index → value. */
export function listParam(params: Readonly<Record<string, string>>, prefix: string): string[] {
  const values: string[] = [];
  for (let index = 1; ; index += 1) {
    const value = params[`${prefix}.${index}`];
    if (value === undefined) return values;
    values.push(value);
  }
}

/** True when the call succeeded. */
export function isOk(reply: AwsReply): boolean {
  return reply.status >= 200 && reply.status < 300;
}

// moto decides by the signature's scope which service and region is meant.
function signedFor(
  call: AwsCall,
  service: string,
  region: string | undefined,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  const { 'x-amz-target': _, 'content-length': __, 'content-type': ___, ...kept } = call.headers;
  const scope = `/${region ?? call.region}/${service}/aws4_request`;
  return {
    ...kept,
    ...headers,
    authorization: (call.headers['authorization'] ?? '').replace(/\/[^/]+\/[^/]+\/aws4_request/, scope),
  };
}
