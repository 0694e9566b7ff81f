import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { RDSClient } from '@aws-sdk/client-rds';
import type { Route53Client } from '@aws-sdk/client-route-53';
import type { STSClient } from '@aws-sdk/client-sts';
import type { AwsPlace } from '../../runbook/runbook.ts';
import { tellingOperation } from './failed-operation.ts';

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
}

/** Tries of one call, by the SDK's standard back-off; the SDK's own 3 are too few for a busy account. */
const MAX_ATTEMPTS = 8;
/** Longer than the longest call of a probe, which Lambda ends after 15 minutes. */
const PROBE_TIMEOUT = 16 * 60_000;

/** Clients that act in the sandbox account: through its role when the place names one, else with what the user has. */
export function awsClients(place: Pick<AwsPlace, 'region' | 'role'>, sessionName: string): AwsClients {
  const config = once(async () => configOf(place, sessionName));
  return {
    sts: once(async () => tellingOperation(new (await import('@aws-sdk/client-sts')).STSClient(await config()))),
    rds: once(async () => tellingOperation(new (await import('@aws-sdk/client-rds')).RDSClient(await config()))),
    ec2: once(async () => tellingOperation(new (await import('@aws-sdk/client-ec2')).EC2Client(await config()))),
    cloudFormation: once(async () =>
      tellingOperation(new (await import('@aws-sdk/client-cloudformation')).CloudFormationClient(await config())),
    ),
    lambda: once(async () => {
      const { LambdaClient } = await import('@aws-sdk/client-lambda');
      const options = { ...(await config()), requestHandler: { requestTimeout: PROBE_TIMEOUT } };
      return tellingOperation(new LambdaClient(options));
    }),
    kms: once(async () => tellingOperation(new (await import('@aws-sdk/client-kms')).KMSClient(await config()))),
    route53: once(async () =>
      tellingOperation(new (await import('@aws-sdk/client-route-53')).Route53Client(await config())),
    ),
  };
}

async function configOf({ region, role }: Pick<AwsPlace, 'region' | 'role'>, sessionName: string) {
  const common = { region, maxAttempts: MAX_ATTEMPTS, retryMode: 'standard' as const };
  if (role === undefined) return common;
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const params = { RoleArn: role, RoleSessionName: sessionName };
  return { ...common, credentials: fromTemporaryCredentials({ params, clientConfig: { region } }) };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => (made ??= make());
}
