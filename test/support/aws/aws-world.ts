import type { Clock } from '../../../src/support/clock.ts';
import { systemClock } from '../../../src/support/clock.ts';
import type { Millis } from '../../../src/support/time.ts';
import type { Layer } from './call.ts';
import { type CloudFormationWorld, cloudFormationLayer } from './cloudformation/cloudformation-layer.ts';
import { type Databases, databases } from './databases/databases.ts';
import { databasesLayer } from './databases/databases-layer.ts';
import { type Route53World, route53World } from './dns/route53-layer.ts';
import { vpcResolvers } from './dns/vpc-resolvers.ts';
import { type Ec2Paging, ec2Pages } from './ec2-pages.ts';
import { emulatorGaps } from './emulator-gaps.ts';
import { type Faults, faultInjection } from './faults.ts';
import { type LambdaWorld, lambdaWorld } from './lambda/lambda-layer.ts';
import { takeMoto } from './moto-for-workers.ts';
import { findMotoServer, type MotoServer } from './moto-server.ts';
import { motoAt, startProxy } from './proxy.ts';
import { type RdsWorld, rdsWorld } from './rds/rds-world.ts';
import { repeatedReads } from './repeated-reads.ts';
import { type RequestLog, requestLog } from './request-log.ts';

/** How a world is made; everything has a usual value. */
export interface AwsWorldOptions {
  /** Every time in the world comes from it; the machine's unless named. */
  readonly clock?: Clock;
  /** Folders to look for `moto_server` in; `.venv/bin` and PATH unless named. */
  readonly motoIn?: readonly string[];
  /** In front of everything but the log, outermost first. */
  readonly layers?: readonly Layer[];
  readonly cloudFormation?: { readonly resourceMillis?: Millis };
  readonly lambda?: { readonly pendingFor?: Millis; readonly interfacesStayFor?: Millis };
}

/** A simulated AWS on loopback. */
export interface AwsWorld {
  readonly url: string;
  /** What a process needs in its environment to talk to this world alone. */
  readonly env: Readonly<Record<string, string>>;
  readonly account: string;
  readonly region: string;
  readonly log: RequestLog;
  readonly faults: Faults;
  /** How EC2 cuts its describes into pages from now on. */
  readonly ec2Paging: Ec2Paging;
  readonly cloudFormation: CloudFormationWorld;
  readonly rds: RdsWorld;
  /** The servers behind restored instances; none runs before the first `seed`. */
  readonly databases: Databases;
  readonly lambda: LambdaWorld;
  readonly route53: Route53World;
  /** Ends every server and every connection; moto is for the next test file. */
  stop(): Promise<void>;
  /** An empty world again: no resources, faults, timelines or log. What was seeded stays. */
  reset(): Promise<void>;
}

const HOME = { account: '123456789012', region: 'eu-west-1' };

/**
 * An empty moto behind our proxy. `undefined`, with one loud line, where `moto_server` cannot be had; in CI (`CI` or
 * `DRILLBOOK_REQUIRE_AWS` set) that is an error.
 */
export async function startAwsWorld(options: AwsWorldOptions = {}): Promise<AwsWorld | undefined> {
  const path = await findMotoServer(options.motoIn);
  if (path !== undefined) return worldOver(await takeMoto(path), options);
  const message = 'moto_server is neither in .venv/bin nor on PATH: nothing is tested against AWS';
  if (process.env['CI'] || process.env['DRILLBOOK_REQUIRE_AWS']) throw new Error(message);
  process.stderr.write(`\n!!! ${message} !!!\n\n`);
  return undefined;
}

async function worldOver(moto: MotoServer, options: AwsWorldOptions): Promise<AwsWorld> {
  const clock = options.clock ?? systemClock;
  let url = '';
  const { log, layer: logging, recordOnBehalf } = requestLog();
  const { faults, layer: failing } = faultInjection(clock);
  const { paging: ec2Paging, layer: ec2PageLayer } = ec2Pages();
  const cloudFormation = cloudFormationLayer({ clock, record: recordOnBehalf, ...options.cloudFormation });
  const { rds, layer: rdsLayer, reset: resetRds } = rdsWorld(clock, HOME);
  const servers = await databases();
  const route53 = route53World(clock);
  const resolvers = vpcResolvers({
    emulator: moto.url,
    region: HOME.region,
    isInSync: (zoneId) => route53.isInSync(zoneId),
  });
  const lambda = lambdaWorld({
    clock,
    resolverOf: async (vpcId) => resolvers.of(vpcId),
    endpoint: () => url,
    authority: servers.authority.certificate,
    ...options.lambda,
  });
  const reads = repeatedReads();
  const layers: Layer[] = [
    logging,
    ...(options.layers ?? []),
    failing,
    ec2PageLayer,
    async (call, next) => cloudFormation.layer(call, next),
    rdsLayer,
    databasesLayer(servers),
    async (call, next) => lambda.layer(call, next),
    async (call, next) => route53.layer(call, next),
    emulatorGaps,
    reads.layer,
  ];
  const proxy = await startProxy(layers, motoAt(moto.url), clock);
  url = proxy.url;
  return {
    url,
    env: environmentFor(url),
    ...HOME,
    log,
    faults,
    ec2Paging,
    cloudFormation,
    rds,
    databases: servers,
    lambda,
    route53,
    stop: async () => {
      faults.clear();
      await proxy.stop();
      await lambda.reset();
      await resolvers.reset();
      await servers.stop();
      await moto.stop();
    },
    reset: async () => {
      faults.clear();
      delete ec2Paging.atMost;
      delete ec2Paging.startsEmpty;
      cloudFormation.reset();
      resetRds();
      route53.reset();
      await Promise.all([servers.reset(), lambda.reset(), resolvers.reset(), moto.reset()]);
      reads.forget();
      log.clear();
    },
  };
}

function environmentFor(url: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    AWS_SESSION_TOKEN: '',
    AWS_REGION: HOME.region,
    AWS_PROFILE: '',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}
