import type { CloudWatchClient, MetricDatum } from '@aws-sdk/client-cloudwatch';
import type { Problem } from '../diagnostics/problem.ts';
import type { CloudWatchTarget, Runbook } from '../runbook/runbook.ts';
import type { Millis } from '../support/time.ts';
import { type DataPoint, METRICS } from './metrics.ts';

/**
 * Metrics that one PutMetricData takes. It takes 1 MB too, which a thousand of ours never reach: their names and
 * dimensions are short.
 */
const BATCH = 1_000;
/** As for every other service: the SDK's own 3 are too few for a busy account. */
const MAX_ATTEMPTS = 8;
const CONNECTION_TIMEOUT: Millis = 5_000;
const REQUEST_TIMEOUT: Millis = 15_000;
/** All tries of one request together; nobody waits longer for figures that the report holds anyway. */
const DEADLINE: Millis = 60_000;

/** Where a runbook's figures go; `undefined` unless it says so. */
export function cloudWatchTargetOf({ publish, sandbox }: Pick<Runbook, 'publish' | 'sandbox'>) {
  if (publish === undefined) return undefined;
  const { namespace, region } = publish.cloudWatch;
  const known = region ?? (sandbox.provider === 'aws' ? sandbox.region : undefined);
  return { namespace, ...(known !== undefined && { region: known }) } satisfies CloudWatchTarget;
}

/**
 * Puts figures into CloudWatch with the credentials that drillbook runs with, never with a sandbox's role: they belong
 * to those who drill. The SDK is loaded only here.
 *
 * @returns what kept them from being put; batches before it are put
 */
export async function putMetrics(points: readonly DataPoint[], target: CloudWatchTarget): Promise<Problem | undefined> {
  if (points.length === 0) return undefined;
  const { CloudWatchClient, PutMetricDataCommand } = await import('@aws-sdk/client-cloudwatch');
  const client: CloudWatchClient = new CloudWatchClient({
    ...(target.region !== undefined && { region: target.region }),
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      throwOnRequestTimeout: true,
    },
  });
  try {
    for (let first = 0; first < points.length; first += BATCH) {
      const MetricData = points.slice(first, first + BATCH).map(datumOf);
      const command = new PutMetricDataCommand({ Namespace: target.namespace, MetricData });
      await client.send(command, { abortSignal: AbortSignal.timeout(DEADLINE) });
    }
    return undefined;
  } catch (error) {
    return notPublished(error, target);
  } finally {
    client.destroy();
  }
}

function datumOf({ name, value, at, of: { runbook, resource } }: DataPoint): MetricDatum {
  return {
    MetricName: name,
    Dimensions: [
      { Name: 'Runbook', Value: runbook },
      ...(resource === undefined ? [] : [{ Name: 'Resource', Value: resource }]),
    ],
    Timestamp: new Date(at),
    Value: value,
    Unit: METRICS[name].unit,
  };
}

const HINTS: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'Give drillbook AWS credentials, for example by AWS_PROFILE.',
  'no region is known': "Set 'region' under 'publish.cloudwatch' of the runbook, or AWS_REGION.",
  AccessDenied: "Allow 'cloudwatch:PutMetricData' to the credentials that drillbook runs with.",
  AccessDeniedException: "Allow 'cloudwatch:PutMetricData' to the credentials that drillbook runs with.",
  AbortError: 'CloudWatch did not answer in a minute: look at the network between here and it.',
};

/** A problem of no drill: its report holds the same figures. */
function notPublished(error: unknown, { namespace, region }: CloudWatchTarget): Problem {
  const reason = reasonOf(error);
  const place = region === undefined ? '' : ` in '${region}'`;
  return {
    code: 'publish/cloudwatch',
    message: `metrics could not be published to CloudWatch namespace '${namespace}'${place}: ${reason}`,
    hint: HINTS[reason] ?? 'See that CloudWatch can be reached and takes them; the report holds the same figures.',
    blames: 'environment',
  };
}

/** A name only: what AWS says of a wrong signature repeats the whole request, session token included. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error.message === 'Region is missing') return 'no region is known';
  return error.name;
}
