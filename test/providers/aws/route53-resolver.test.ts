import { Readable } from 'node:stream';
import { HttpResponse, type HttpRequest } from '@smithy/core/protocols';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { classifyAws } from '../../../src/providers/aws/aws-errors.ts';
import { tellingOperation } from '../../../src/providers/aws/failed-operation.ts';
import { retryStrategy } from '../../../src/providers/aws/retry-strategy.ts';
import { Route53ResolverClient } from '../../../src/providers/aws/route53-resolver.ts';

const RULES = { ResolverRuleAssociations: [{ ResolverRuleId: 'rslvr-rr-1', Status: 'COMPLETE' }] };
const OPERATION = 'ListResolverRuleAssociations';
const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'none' };

/** A client whose requests go nowhere but to `sent`, and are answered by turns. */
function clientOf(replies: readonly (readonly [status: number, json: object])[], more: object = {}) {
  const sent: HttpRequest[] = [];
  const handle = async (request: HttpRequest, { abortSignal }: { abortSignal?: AbortSignal }) => {
    abortSignal?.throwIfAborted();
    const [statusCode, json] = replies[sent.length] ?? [200, RULES];
    sent.push(request);
    const body = Readable.from([Buffer.from(JSON.stringify(json))]);
    return { response: new HttpResponse({ statusCode, headers: { 'x-amzn-requestid': 'r-1' }, body }) };
  };
  const requestHandler = { handle };
  const config = { region: 'eu-west-1', credentials, requestHandler, retryStrategy: retryStrategy(), ...more };
  const client = tellingOperation(new Route53ResolverClient(config));
  return { sent, list: async (signal?: AbortSignal) => client.call(OPERATION, { MaxResults: 100 }, signal) };
}

describe('client of Route 53 Resolver', () => {
  beforeEach(() => {
    for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_ROUTE53RESOLVER', 'AWS_ENDPOINT_URL_KMS']) {
      vi.stubEnv(name, undefined);
    }
    vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true');
  });
  afterEach(() => vi.unstubAllEnvs());

  it('asks for the operation of Route 53 Resolver, signed for it and its region', async () => {
    const { sent, list } = clientOf([]);
    expect(await list()).toMatchObject(RULES);
    const { headers, method, path, body } = sent[0] as Omit<HttpRequest, 'body'> & { readonly body: Uint8Array };
    expect({ method, path }).toEqual({ method: 'POST', path: '/' });
    expect(JSON.parse(new TextDecoder().decode(body))).toEqual({ MaxResults: 100 });
    expect(headers['x-amz-target']).toBe('Route53Resolver.ListResolverRuleAssociations');
    expect(headers['content-type']).toBe('application/x-amz-json-1.1');
    expect(headers['authorization']).toMatch(/\/\d{8}\/eu-west-1\/route53resolver\/aws4_request,/);
    expect(headers['user-agent']).not.toMatch(/kms/i);
  });

  it.each([
    ['eu-west-1', {}, 'route53resolver.eu-west-1.amazonaws.com'],
    ['cn-north-1', {}, 'route53resolver.cn-north-1.amazonaws.com.cn'],
    ['eusc-de-east-1', {}, 'route53resolver.eusc-de-east-1.amazonaws.eu'],
    ['us-east-1', { useFipsEndpoint: true }, 'route53resolver-fips.us-east-1.amazonaws.com'],
    ['us-gov-west-1', { useFipsEndpoint: true }, 'route53resolver.us-gov-west-1.amazonaws.com'],
    ['us-east-1', { useDualstackEndpoint: true }, 'route53resolver.us-east-1.api.aws'],
  ])('asks in region %s, with %j, at %s', async (region, more, hostname) => {
    const { sent, list } = clientOf([], { region, ...more });
    await list();
    expect(sent).toMatchObject([{ protocol: 'https:', hostname }]);
  });

  it.each([
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, 1],
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_ROUTE53RESOLVER: 'http://127.0.0.1:2' }, 2],
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:3' }, 1],
  ])('asks, with %j, at port %i', async (env, port) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { sent, list } = clientOf([]);
    await list();
    expect(sent).toMatchObject([{ protocol: 'http:', hostname: '127.0.0.1', port }]);
  });

  it('tells who refused what, when it is refused', async () => {
    const { list } = clientOf([[400, { __type: 'AccessDeniedException', Message: 'You are not authorized' }]]);
    const refused: unknown = await list().catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: 'AccessDeniedException',
      message: 'You are not authorized',
      $metadata: { httpStatusCode: 400, requestId: 'r-1', attempts: 1 },
    });
    const { class: kind, problem } = classifyAws(refused);
    expect(kind).toBe('denied');
    expect(problem.message).toContain('unable to ListResolverRuleAssociations of Route53Resolver: ');
  });

  it('asks again when it is throttled', async () => {
    const { sent, list } = clientOf([[400, { __type: 'ThrottlingException', message: 'Rate exceeded' }]]);
    expect(await list()).toMatchObject(RULES);
    expect(sent).toHaveLength(2);
  });

  it('asks no more when it is told to stop', async () => {
    const { sent, list } = clientOf([]);
    await expect(list(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(sent).toEqual([]);
  });
});
