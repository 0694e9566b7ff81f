import type { Instant } from '../../../src/support/time.ts';

/** One request of an AWS client as it came over the wire. */
export interface AwsCall {
  /** Signing name in lower case, e.g. `rds`, `ec2`, `cloudformation`, `secretsmanager`, `monitoring`. */
  readonly service: string;
  /** The API's name of the operation, e.g. `DescribeDBInstances`. */
  readonly action: string;
  readonly region: string;
  /** Access key the request was signed with. */
  readonly accessKey: string;
  readonly method: string;
  /** Path with query, as sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Flat parameters of the query protocols (`Filters.Filter.1.Name`); empty for JSON and REST ones. */
  readonly params: Readonly<Record<string, string>>;
  /** Parsed JSON body, where there is one. */
  readonly json?: unknown;
  /** By the world's own clock. */
  readonly at: Instant;
}

/** The answer that goes back over the wire. */
export interface AwsReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One layer of the simulated AWS: answers itself, changes what goes on, or changes what comes back. */
export type Layer = (call: AwsCall, next: (call: AwsCall) => Promise<AwsReply>) => Promise<AwsReply>;
