import { lambdaProbe } from '../probe/aws/lambda-probe.ts';
import type { Probe } from '../probe/probe.ts';
import { awsClients } from '../providers/aws/aws-clients.ts';
import { awsProvider } from '../providers/aws/aws-provider.ts';
import type { Provider } from '../providers/provider.ts';
import type { RdsEndpoint } from '../providers/resource.ts';
import type { AwsPlace } from '../runbook/runbook.ts';
import { builtFile } from '../support/built-file.ts';
import { systemClock } from '../support/clock.ts';

/** The Lambda function that probes on AWS, as `npm run build` makes it. */
const PROBE_CODE = {
  zipFile: builtFile(import.meta.url, '../probe/lambda/probe.zip'),
  runtime: 'nodejs22.x',
  handler: 'index.handler',
} as const;

/** The provider of a place on AWS. */
export function wireAwsProvider(place: AwsPlace): Provider {
  return awsProvider({ place, clock: systemClock, probeCode: PROBE_CODE });
}

/** The probe of a place on AWS. */
export function wireAwsProbe(place: AwsPlace): Probe<RdsEndpoint> {
  return lambdaProbe({ lambda: awsClients(place, 'drillbook-probe').lambda, clock: systemClock });
}
