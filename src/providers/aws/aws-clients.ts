import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { RDSClient } from '@aws-sdk/client-rds';
import type { Route53Client } from '@aws-sdk/client-route-53';
import type { STSClient } from '@aws-sdk/client-sts';
import type { AwsPlace } from '../../runbook/runbook.ts';
import type { Millis } from '../../support/time.ts';
import { tellingOperation } from './failed-operation.ts';
import { retryStrategy } from './retry-strategy.ts';
import type { Route53ResolverClient } from './route53-resolver.ts';

/**
 * The clients of one place, each loaded and made when it is first asked for, then shared: a client keeps a budget of
 * retries and a pool of connections of its own.
 */
export interface AwsClients {
  readonly sts: () => Promise<STSClient>;
  readonly rds: () => Promise<RDSClient>;
  readonly ec2: () => Promise<EC2Client>;
  readonly cloudFormation: () => Promise<CloudFormationClient>;
  readonly lambda: () => Promise<LambdaClient>;
  readonly kms: () => Promise<KMSClient>;
  readonly route53: () => Promise<Route53Client>;
  readonly resolver: () => Promise<Route53ResolverClient>;
}

/** Longer than a TCP handshake takes anywhere, two lost packets included. */
const CONNECTION_TIMEOUT = 5_000;
/** Longer than AWS takes for any answer but a probe's. */
const REQUEST_TIMEOUT = 30_000;
/** Longer than the longest call of a probe, which Lambda ends after 15 minutes. */
const PROBE_TIMEOUT = 16 * 60_000;

/** Clients that act in the sandbox account: through its role when the place names one, else with what the user has. */
export function awsClients(place: Pick<AwsPlace, 'region' | 'role'>, sessionName: string): AwsClients {
  const credentials = once(async () => credentialsOf(place, sessionName));
  const config = async (requestTimeout?: Millis) => ({
    ...connectionOf(place.region, requestTimeout),
    ...(await credentials()),
  });
  return {
    sts: once(async () => tellingOperation(new (await import('@aws-sdk/client-sts')).STSClient(await config()))),
    rds: once(async () => tellingOperation(new (await import('@aws-sdk/client-rds')).RDSClient(await config()))),
    ec2: once(async () => tellingOperation(new (await import('@aws-sdk/client-ec2')).EC2Client(await config()))),
    cloudFormation: once(async () =>
      tellingOperation(new (await import('@aws-sdk/client-cloudformation')).CloudFormationClient(await config())),
    ),
    lambda: once(async () =>
      tellingOperation(new (await import('@aws-sdk/client-lambda')).LambdaClient(await config(PROBE_TIMEOUT))),
    ),
    kms: once(async () => tellingOperation(new (await import('@aws-sdk/client-kms')).KMSClient(await config()))),
    route53: once(async () =>
      tellingOperation(new (await import('@aws-sdk/client-route-53')).Route53Client(await config())),
    ),
    resolver: once(async () =>
      tellingOperation(new (await import('./route53-resolver.ts')).Route53ResolverClient(await config())),
    ),
  };
}

/** How a client connects, waits and tries again. By itself, the SDK waits without end for a connection or an answer. */
function connectionOf(region: string, requestTimeout: Millis = REQUEST_TIMEOUT) {
  const requestHandler = { connectionTimeout: CONNECTION_TIMEOUT, requestTimeout, throwOnRequestTimeout: true };
  return { region, retryStrategy: retryStrategy(), requestHandler };
}

/** The role's, when there is one; else whatever the SDK finds. */
async function credentialsOf({ region, role }: Pick<AwsPlace, 'region' | 'role'>, sessionName: string) {
  if (role === undefined) return {};
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const params = { RoleArn: role, RoleSessionName: sessionName };
  return { credentials: fromTemporaryCredentials({ params, clientConfig: connectionOf(region) }) };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => (made ??= make());
}
