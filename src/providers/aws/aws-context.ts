import type { AwsPlace } from '../../runbook/runbook.ts';
import type { Clock } from '../../support/clock.ts';
import type { AwsClients } from './aws-clients.ts';

/** What every part of the AWS provider works with. */
export interface AwsContext {
  readonly place: AwsPlace;
  readonly clients: AwsClients;
  readonly clock: Clock;
}
