import { lambdaProbe } from '../../../../src/probe/aws/lambda-probe.ts';
import type { Probe } from '../../../../src/probe/probe.ts';
import { awsClients } from '../../../../src/providers/aws/aws-clients.ts';
import { healthyObservation } from '../../simulated-drill.ts';
import type { AwsWorld } from '../aws-world.ts';
import { type QuietClock, holdingClock } from '../quiet-clock.ts';

/** A probe that has the function in the sandbox resolve names; of everything else all is well. */
export function resolvingProbe({ region }: Pick<AwsWorld, 'region'>, clock: QuietClock): Probe {
  return {
    async observe(endpoint, request, signal) {
      if (request.kind !== 'dns' || endpoint.kind !== 'rds') return healthyObservation(request);
      const { lambda } = holdingClock(awsClients({ region }, 'probe'), clock);
      return lambdaProbe({ lambda, clock }).observe(endpoint, request, signal);
    },
  };
}
