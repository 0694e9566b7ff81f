import { KMSClient, type KMSClientConfig, type ServiceInputTypes, type ServiceOutputTypes } from '@aws-sdk/client-kms';
import { partition } from '@aws-sdk/core/client';
import { makeBuilder } from '@smithy/core/client';
import { getEndpointPlugin } from '@smithy/core/endpoints';

/**
 * The API of Route 53 Resolver, of which one reading call is needed. The SDK's own client of it would bring a whole
 * second copy of the SDK: the newest that can be had everywhere is of an older generation than all the others. Here it
 * is KMS's client that calls: it speaks the same protocol (AWS JSON 1.1), and what it takes from its service, namely
 * the prefix of operations, endpoint and name to sign for, is configuration. Region, credentials, retries, timeouts,
 * `AWS_ENDPOINT_URL` (also `…_ROUTE53RESOLVER`), FIPS, dual stack and errors are thus those of every other client.
 */
export class Route53ResolverClient extends KMSClient {
  constructor(config: KMSClientConfig) {
    super({ ...config, ...SERVICE });
  }

  /** Calls an operation; nobody checks `Output`, as nobody does in the SDK. Fails as every call of the SDK does. */
  async call<Output>(operation: string, input: object, abortSignal?: AbortSignal): Promise<Output> {
    const Command = command(UNCHANGED, () => [], operation, [OPERATION, NAMESPACE, operation, 0, DOCUMENT, DOCUMENT]);
    const reply: unknown = await this.send(new Command(input), { ...(abortSignal && { abortSignal }) });
    return reply as Output;
  }
}

const NAMESPACE = 'com.amazonaws.route53resolver';
const SERVICE = {
  serviceId: 'Route53Resolver',
  protocolSettings: { defaultNamespace: NAMESPACE, serviceTarget: 'Route53Resolver', version: '2018-04-01' },
  endpointProvider: endpointOf,
};

/** Kinds of Smithy's schemas: an operation; a value that is written and read as the JSON it is. */
const OPERATION = 9;
const DOCUMENT = 15;

const UNCHANGED = {};
const command = makeBuilder<KMSClient['config'], ServiceInputTypes, ServiceOutputTypes>(
  {
    Region: { type: 'builtInParams', name: 'region' },
    Endpoint: { type: 'builtInParams', name: 'endpoint' },
    UseFIPS: { type: 'builtInParams', name: 'useFipsEndpoint' },
    UseDualStack: { type: 'builtInParams', name: 'useDualstackEndpoint' },
  },
  'Route53Resolver',
  'Route53ResolverClient',
  getEndpointPlugin,
);

interface EndpointParameters {
  readonly Region?: string | undefined;
  readonly Endpoint?: string | undefined;
  readonly UseFIPS?: boolean | undefined;
  readonly UseDualStack?: boolean | undefined;
}

/** By the rules that AWS publishes for the service, the partition's DNS suffix by the SDK's own list. */
function endpointOf({ Region: region = '', Endpoint: custom, UseFIPS, UseDualStack }: EndpointParameters) {
  const { dnsSuffix, dualStackDnsSuffix } = partition(region);
  const suffix = UseDualStack === true ? dualStackDnsSuffix : dnsSuffix;
  // In GovCloud the plain endpoints of IPv4 are those of FIPS.
  const isFipsByItself = region.startsWith('us-gov-') && UseDualStack !== true;
  const host = UseFIPS === true && !isFipsByItself ? 'route53resolver-fips' : 'route53resolver';
  const authSchemes = [{ name: 'sigv4', signingName: 'route53resolver', signingRegion: region, properties: {} }];
  return { url: new URL(custom ?? `https://${host}.${region}.${suffix}`), properties: { authSchemes } };
}
