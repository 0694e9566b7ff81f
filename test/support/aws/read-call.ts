import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { Instant } from '../../../src/support/time.ts';
import type { AwsCall } from './call.ts';

/** A request as the HTTP server hands it over. */
export interface RawRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly action: string;
}

const route = (method: string, path: RegExp, action: string): Route => ({ method, path, action });

/** Names of the REST operations that a drill or its publishing calls; the query and JSON protocols name theirs. */
const REST_ROUTES: Readonly<Record<string, readonly Route[]>> = {
  lambda: [
    route('POST', /^\/[\d-]+\/functions\/?$/, 'CreateFunction'),
    route('GET', /^\/[\d-]+\/functions\/?$/, 'ListFunctions'),
    route('GET', /^\/[\d-]+\/functions\/[^/]+$/, 'GetFunction'),
    route('DELETE', /^\/[\d-]+\/functions\/[^/]+$/, 'DeleteFunction'),
    route('POST', /^\/[\d-]+\/functions\/[^/]+\/invocations$/, 'Invoke'),
    route('GET', /^\/[\d-]+\/functions\/[^/]+\/configuration$/, 'GetFunctionConfiguration'),
    route('PUT', /^\/[\d-]+\/functions\/[^/]+\/configuration$/, 'UpdateFunctionConfiguration'),
    route('PUT', /^\/[\d-]+\/functions\/[^/]+\/code$/, 'UpdateFunctionCode'),
    route('PUT', /^\/[\d-]+\/functions\/[^/]+\/concurrency$/, 'PutFunctionConcurrency'),
    route('GET', /^\/[\d-]+\/tags\/.+$/, 'ListTags'),
    route('POST', /^\/[\d-]+\/tags\/.+$/, 'TagResource'),
    route('DELETE', /^\/[\d-]+\/tags\/.+$/, 'UntagResource'),
    route('GET', /^\/[\d-]+\/account-settings\/?$/, 'GetAccountSettings'),
  ],
  route53: [
    route('POST', /^\/[\d-]+\/hostedzone$/, 'CreateHostedZone'),
    route('GET', /^\/[\d-]+\/hostedzone$/, 'ListHostedZones'),
    route('GET', /^\/[\d-]+\/hostedzonesbyvpc$/, 'ListHostedZonesByVPC'),
    route('GET', /^\/[\d-]+\/hostedzonesbyname$/, 'ListHostedZonesByName'),
    route('GET', /^\/[\d-]+\/hostedzone\/[^/]+$/, 'GetHostedZone'),
    route('DELETE', /^\/[\d-]+\/hostedzone\/[^/]+$/, 'DeleteHostedZone'),
    route('POST', /^\/[\d-]+\/hostedzone\/[^/]+\/rrset\/?$/, 'ChangeResourceRecordSets'),
    route('GET', /^\/[\d-]+\/hostedzone\/[^/]+\/rrset\/?$/, 'ListResourceRecordSets'),
    route('POST', /^\/[\d-]+\/hostedzone\/[^/]+\/associatevpc$/, 'AssociateVPCWithHostedZone'),
    route('POST', /^\/[\d-]+\/hostedzone\/[^/]+\/disassociatevpc$/, 'DisassociateVPCFromHostedZone'),
    route('GET', /^\/[\d-]+\/change\/[^/]+$/, 'GetChange'),
    route('GET', /^\/[\d-]+\/tags\/.+$/, 'ListTagsForResource'),
    route('POST', /^\/[\d-]+\/tags\/.+$/, 'ChangeTagsForResource'),
  ],
  s3: [
    route('GET', /^\/$/, 'ListBuckets'),
    route('GET', /^\/[^/]+\/?$/, 'ListObjects'),
    route('PUT', /^\/[^/]+\/?$/, 'CreateBucket'),
    route('DELETE', /^\/[^/]+\/?$/, 'DeleteBucket'),
    route('GET', /^\/[^/]+\/.+$/, 'GetObject'),
    route('HEAD', /^\/[^/]+\/.+$/, 'HeadObject'),
    route('PUT', /^\/[^/]+\/.+$/, 'PutObject'),
    route('DELETE', /^\/[^/]+\/.+$/, 'DeleteObject'),
  ],
};

/** Reads what an AWS client asks for: service and region from the signature's scope, the operation from wherever its protocol keeps it. */
export function readCall(request: RawRequest, at: Instant): AwsCall {
  const headers = flatHeaders(request.headers);
  const scope = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request/.exec(headers['authorization'] ?? '');
  const service = (scope?.[3] ?? 'unsigned').toLowerCase();
  const isZipped = headers['content-encoding'] === 'gzip';
  const body = isZipped ? gunzipSync(request.body) : request.body;
  if (isZipped) delete headers['content-encoding'];
  const params = queryParams(request.path, headers['content-type'] ?? '', body);
  const json = jsonBody(headers['content-type'] ?? '', body);
  return {
    service,
    action: actionOf({ service, method: request.method, path: request.path, headers, params }),
    region: scope?.[2] ?? 'us-east-1',
    accessKey: scope?.[1] ?? '',
    method: request.method,
    path: request.path,
    headers,
    body,
    params,
    ...(json === undefined ? {} : { json }),
    at,
  };
}

interface Asked {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
}

function actionOf({ service, method, path, headers, params }: Asked): string {
  const target = headers['x-amz-target'];
  if (target !== undefined) return target.slice(target.lastIndexOf('.') + 1);
  if (params['Action'] !== undefined) return params['Action'];
  const rpc = /\/operation\/([A-Za-z0-9]+)$/.exec(path)?.[1];
  if (rpc !== undefined) return rpc;
  const [plain = '/'] = path.split('?');
  return (
    REST_ROUTES[service]?.find((one) => one.method === method && one.path.test(plain))?.action ?? `${method} ${plain}`
  );
}

function queryParams(path: string, contentType: string, body: Buffer): Record<string, string> {
  const params: Record<string, string> = {};
  const query = path.split('?')[1];
  if (query !== undefined) for (const [name, value] of new URLSearchParams(query)) params[name] = value;
  if (contentType.includes('x-www-form-urlencoded')) {
    for (const [name, value] of new URLSearchParams(body.toString('utf8'))) params[name] = value;
  }
  return params;
}

function jsonBody(contentType: string, body: Buffer): unknown {
  if (!contentType.includes('json') || body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function flatHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
