import { epochMillisOf, type Instant } from '../../../src/support/time.ts';
import type { AwsCall, AwsReply, Layer } from './call.ts';
import { ConnectionLost } from './connection-lost.ts';
import { errorCodeOf } from './render-error.ts';

/** One request and what became of it. */
export interface LoggedCall {
  readonly service: string;
  readonly action: string;
  readonly region: string;
  readonly accessKey: string;
  readonly params: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Body of a request to Route 53, which alone takes XML. */
  readonly xml?: string;
  readonly method: string;
  readonly path: string;
  readonly at: Instant;
  /** `undefined` while unanswered, and for ever when the connection was lost. */
  status?: number;
  /** Wire code of the error, where the answer was one. */
  error?: string;
  /** What was answered, of calls on behalf alone: it tells the ids of what was made. */
  answer?: string;
}

/** What was asked of the simulated AWS, in order of arrival. */
export interface RequestLog {
  /** What clients sent, in order of arrival. */
  readonly calls: readonly LoggedCall[];
  /** What CloudFormation did of it with its caller's rights, in order. */
  readonly onBehalf: readonly LoggedCall[];
  of(service: string, action?: string): LoggedCall[];
  /** Everything that may have changed something: not describes, lists, gets, logins, invocations, dry runs. */
  mutations(): LoggedCall[];
  /** Calls per minute of the world's clock, by the minute's start. */
  perMinute(service: string, action?: string): ReadonlyMap<Instant, number>;
  clear(): void;
}

const READS = /^(Describe|List|Get|Head|BatchGet|Lookup|Search|Validate|Estimate|Simulate|Test|AssumeRole|Decode)/;
// Reads of secrets and of probes change nothing that a listing shows.
const OTHER_READS = new Set(['Invoke', 'Decrypt', 'GenerateDataKeyWithoutPlaintext', 'GenerateDataKey']);

/** A log and the layer that fills it; it stands in front of all others. */
export function requestLog(): {
  log: RequestLog;
  layer: Layer;
  recordOnBehalf: (call: AwsCall, reply: AwsReply) => void;
} {
  let calls: LoggedCall[] = [];
  let onBehalf: LoggedCall[] = [];
  const of = (service: string, action?: string) =>
    calls.filter((one) => one.service === service && (action === undefined || one.action === action));
  const log: RequestLog = {
    get calls() {
      return calls;
    },
    get onBehalf() {
      return onBehalf;
    },
    of,
    mutations: () => calls.filter(isMutation),
    perMinute: (service, action) => countPerMinute(of(service, action)),
    clear: () => {
      calls = [];
      onBehalf = [];
    },
  };
  const layer: Layer = async (call, next) => {
    const entry = entryOf(call);
    calls.push(entry);
    try {
      const reply = await next(call);
      noteAnswer(entry, reply);
      return reply;
    } catch (error) {
      if (error instanceof ConnectionLost) entry.error = 'ConnectionLost';
      throw error;
    }
  };
  const recordOnBehalf = (call: AwsCall, reply: AwsReply) => {
    const entry = entryOf(call);
    noteAnswer(entry, reply);
    entry.answer = reply.body.toString('utf8');
    onBehalf.push(entry);
  };
  return { log, layer, recordOnBehalf };
}

function noteAnswer(entry: LoggedCall, reply: AwsReply): void {
  entry.status = reply.status;
  const code = errorCodeOf(reply);
  if (code !== undefined) entry.error = code;
}

function isMutation(call: LoggedCall): boolean {
  if (READS.test(call.action) || OTHER_READS.has(call.action)) return false;
  const isDryRun = call.params['DryRun'] === 'true' || (call.json as { DryRun?: unknown } | undefined)?.DryRun === true;
  return !isDryRun && !call.action.startsWith('HEAD ') && !call.action.startsWith('GET ');
}

function entryOf(call: AwsCall): LoggedCall {
  const { service, action, region, accessKey, params, method, path, at } = call;
  return {
    service,
    action,
    region,
    accessKey,
    params,
    method,
    path,
    at,
    ...(call.json === undefined ? {} : { json: call.json }),
    ...(call.service === 'route53' && call.body.length > 0 ? { xml: call.body.toString('utf8') } : {}),
  };
}

function countPerMinute(calls: readonly LoggedCall[]): ReadonlyMap<Instant, number> {
  const counts = new Map<Instant, number>();
  for (const call of calls) {
    const minute = new Date(Math.floor(epochMillisOf(call.at) / 60_000) * 60_000).toISOString();
    counts.set(minute, (counts.get(minute) ?? 0) + 1);
  }
  return counts;
}
