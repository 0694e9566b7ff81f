import type { Clock } from '../../../src/support/clock.ts';
import { systemClock } from '../../../src/support/clock.ts';
import type { Layer } from './call.ts';
import { emulatorGaps } from './emulator-gaps.ts';
import { type Faults, faultInjection } from './faults.ts';
import { findMotoServer, startMotoServer } from './moto-server.ts';
import { motoAt, startProxy } from './proxy.ts';
import { type RdsWorld, rdsWorld } from './rds/rds-world.ts';
import { type RequestLog, requestLog } from './request-log.ts';

/** A part of the world that has a state of its own. */
export interface WorldPart {
  readonly layer: Layer;
  /** Forgets everything. */
  reset?(): void | Promise<void>;
  /** Ends what it runs. */
  stop?(): void | Promise<void>;
}

/** What a part may need of the world that it will be in. */
export interface PartSurroundings {
  readonly clock: Clock;
  /** The world's address; known only once the world has started. */
  readonly url: () => string;
}

type MakePart = (surroundings: PartSurroundings) => WorldPart;

/** What a world is made of, beside moto. */
export interface AwsWorldOptions {
  /** Every time in the world comes from it; the machine's unless named. */
  readonly clock?: Clock;
  /** In front of everything but the log, outermost first. */
  readonly layers?: readonly Layer[];
  /** Answers CloudFormation; moto's own unless named. */
  readonly cloudFormation?: MakePart;
  /** Puts real databases behind restored instances. */
  readonly databases?: MakePart;
  /** Runs functions. */
  readonly lambda?: MakePart;
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
  readonly rds: RdsWorld;
  /** Ends moto and every connection. */
  stop(): Promise<void>;
  /** An empty world again: no resources, faults, timelines or log. */
  reset(): Promise<void>;
}

const HOME = { account: '123456789012', region: 'eu-west-1' };

/**
 * Starts moto behind our proxy. `undefined`, with one loud line, where `moto_server` cannot be had; in CI (`CI` or
 * `DRILLBOOK_REQUIRE_AWS` set) that is an error.
 */
export async function startAwsWorld(options: AwsWorldOptions = {}): Promise<AwsWorld | undefined> {
  const path = await findMotoServer();
  if (path === undefined) {
    const message = 'moto_server is neither in .venv/bin nor on PATH: nothing is tested against AWS';
    if (process.env['CI'] || process.env['DRILLBOOK_REQUIRE_AWS']) throw new Error(message);
    process.stderr.write(`\n!!! ${message} !!!\n\n`);
    return undefined;
  }
  const clock = options.clock ?? systemClock;
  let url = '';
  const { log, layer: logging } = requestLog();
  const { faults, layer: failing } = faultInjection(clock);
  const { rds, layer: rdsLayer, reset: resetRds } = rdsWorld(clock, HOME);
  const [cloudFormation, databases, lambda] = [options.cloudFormation, options.databases, options.lambda].map((make) =>
    make?.({ clock, url: () => url }),
  );
  const parts = [
    cloudFormation,
    { layer: rdsLayer, reset: resetRds },
    databases,
    lambda,
    { layer: emulatorGaps },
  ].filter((one) => one !== undefined);
  const moto = await startMotoServer(path);
  const layers = [logging, ...(options.layers ?? []), failing, ...parts.map((one) => one.layer)];
  const proxy = await startProxy(layers, motoAt(moto.url), clock);
  url = proxy.url;
  return {
    url,
    env: environmentFor(url),
    ...HOME,
    log,
    faults,
    rds,
    stop: async () => {
      faults.clear();
      await proxy.stop();
      for (const part of parts) await part.stop?.();
      await moto.stop();
    },
    reset: async () => {
      faults.clear();
      for (const part of parts) await part.reset?.();
      await moto.reset();
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
