import { fileURLToPath } from 'node:url';
import type { DrillEvent } from '../../../src/drill/events.ts';
import { lambdaProbe } from '../../../src/probe/aws/lambda-probe.ts';
import type { Probe } from '../../../src/probe/probe.ts';
import { awsClients } from '../../../src/providers/aws/aws-clients.ts';
import { awsProvider } from '../../../src/providers/aws/aws-provider.ts';
import { withBatchedLooks } from '../../../src/providers/with-batched-looks.ts';
import type { RdsRestore } from '../../../src/runbook/restore-spec.ts';
import type { AwsPlace, Runbook } from '../../../src/runbook/runbook.ts';
import { aRunbook } from '../runbook-builder.ts';
import type { Stage } from '../simulated-drill.ts';
import type { AwsWorld } from './aws-world.ts';
import { type QuietClock, holdingClock } from './quiet-clock.ts';

/** The place of the simulated AWS, where sources live in the sandbox's own account. */
export function placeOf({ account, region }: Pick<AwsWorld, 'account' | 'region'>): AwsPlace {
  return { provider: 'aws', account, region, sharesAccountWithSources: true };
}

/** A restore of an RDS instance. */
export function anRdsRestore(name: string, change: Partial<RdsRestore> = {}): RdsRestore {
  return {
    name,
    kind: 'rds',
    source: `${name}-production`,
    needs: [],
    recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'backup-end' } },
    database: 'postgres',
    ...change,
  };
}

/** A runbook that restores RDS instances in the simulated AWS, with limits as the form has them by default. */
export function anAwsRunbook(place: AwsPlace, restores: readonly RdsRestore[], change: Partial<Runbook> = {}): Runbook {
  const hour = 3_600_000;
  return aRunbook(restores, {
    sandbox: { ...place, expiresAfter: 6 * hour, minimumIsolation: 'VPC' },
    limits: { concurrency: 4, drill: 3 * hour, restore: 2 * hour, check: 14 * 60_000, teardown: hour },
    ...change,
  });
}

/** A stage on a simulated AWS. Each engine on it has clients of its own, as a new process would. */
export function awsStage(
  { place, clock, probe }: { place: AwsPlace; clock: QuietClock; probe?: Probe },
  disk: DrillEvent[] = [],
): Required<Stage> {
  return {
    clock,
    disk,
    adapters() {
      const clients = holdingClock(awsClients(place, 'drillbook-test'), clock);
      const bare = awsProvider({ place, clock, clients, probeCode: PROBE_CODE });
      // Reading the probe's zip takes real time in which nothing is asked of AWS.
      const start: typeof bare.start = async (request, signal) => clock.busy(async () => bare.start(request, signal));
      return {
        provider: withBatchedLooks({ ...bare, start }, clock),
        probe: probe ?? lambdaProbe({ lambda: clients.lambda, clock }),
        patience: { tries: 8, firstWait: 1_000 },
      };
    },
  };
}

const PROBE_CODE = {
  zipFile: fileURLToPath(new URL('../../../dist/probe/lambda/probe.zip', import.meta.url)),
  runtime: 'nodejs22.x',
  handler: 'index.handler',
} as const;
