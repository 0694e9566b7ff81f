import type { Clock } from '../../../src/support/clock.ts';
import type { Millis } from '../../../src/support/time.ts';
import type { AwsCall, AwsReply, Layer } from './call.ts';
import { ConnectionLost } from './connection-lost.ts';
import { renderError } from './render-error.ts';

/** What goes wrong. */
export type FaultEffect =
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly message?: string }
  /** The service's own throttling error: retried by the SDK. */
  | { readonly kind: 'throttle' }
  /** An internal error, 500 unless named; nothing has happened. */
  | { readonly kind: 'server-error'; readonly status?: number }
  /** The socket is destroyed before anything has happened. */
  | { readonly kind: 'reset' }
  /** Never answered until the world stops or is reset; nothing has happened. */
  | { readonly kind: 'hang' }
  /** The call takes effect, and the socket is destroyed instead of an answer. */
  | { readonly kind: 'lost-answer' }
  /** Answered as usual, `millis` later by the world's clock. */
  | { readonly kind: 'delay'; readonly millis: Millis };

/** Which calls go wrong, and how often. */
export type FaultRule = FaultEffect & {
  readonly service?: string;
  readonly action?: string | RegExp;
  readonly where?: (call: AwsCall) => boolean;
  /** How many matching calls are hit, 1 unless named. */
  readonly times?: number | 'always';
  /** How many matching calls pass before the first one is hit. */
  readonly after?: number;
};

/** A rule at work. */
export interface ActiveFault {
  /** Calls hit so far. */
  readonly hits: number;
  remove(): void;
}

/** Injected faults; rules are tried in the order they were added, and the first that matches has its effect. */
export interface Faults {
  add(rule: FaultRule): ActiveFault;
  /** Removes all rules and ends every hanging call. */
  clear(): void;
}

interface RuleState {
  readonly rule: FaultRule;
  seen: number;
  hits: number;
}

/** The faults of a world and their layer. */
export function faultInjection(clock: Clock): { faults: Faults; layer: Layer } {
  let rules: RuleState[] = [];
  let releaseHanging: (() => void)[] = [];
  const faults: Faults = {
    add: (rule) => {
      const state: RuleState = { rule, seen: 0, hits: 0 };
      rules.push(state);
      return {
        get hits() {
          return state.hits;
        },
        remove: () => {
          rules = rules.filter((one) => one !== state);
        },
      };
    },
    clear: () => {
      rules = [];
      const hanging = releaseHanging;
      releaseHanging = [];
      for (const release of hanging) release();
    },
  };
  const hang = async () => {
    await new Promise<void>((resolve) => releaseHanging.push(resolve));
  };
  const layer: Layer = async (call, next) => {
    const hit = rules.find((state) => isHit(state, call));
    if (hit === undefined) return next(call);
    hit.hits += 1;
    return haveEffect(hit.rule, { call, next, clock, hang });
  };
  return { faults, layer };
}

function isHit(state: RuleState, call: AwsCall): boolean {
  const { service, action, where, times = 1, after = 0 } = state.rule;
  if (service !== undefined && service !== call.service) return false;
  if (typeof action === 'string' ? action !== call.action : action !== undefined && !action.test(call.action)) {
    return false;
  }
  if (where !== undefined && !where(call)) return false;
  if (times !== 'always' && state.hits >= times) return false;
  state.seen += 1;
  return state.seen > after;
}

interface Surroundings {
  readonly call: AwsCall;
  readonly next: Parameters<Layer>[1];
  readonly clock: Clock;
  readonly hang: () => Promise<void>;
}

async function haveEffect(effect: FaultEffect, { call, next, clock, hang }: Surroundings): Promise<AwsReply> {
  switch (effect.kind) {
    case 'error':
      return renderError(call, { ...effect, message: effect.message ?? `planted ${effect.code}` });
    case 'throttle':
      return renderError(call, throttlingOf(call.service));
    case 'server-error':
      return renderError(call, {
        status: effect.status ?? 500,
        code: effect.status === 503 ? 'ServiceUnavailable' : 'InternalFailure',
        message: 'planted failure of the service',
      });
    case 'reset':
      throw new ConnectionLost();
    case 'hang':
      await hang();
      throw new ConnectionLost();
    case 'lost-answer':
      await next(call);
      throw new ConnectionLost();
    case 'delay':
      break;
  }
  await clock.sleep(effect.millis);
  return next(call);
}

/** The code and status that each service throttles with (measured against the SDK's list of retried codes). */
function throttlingOf(service: string): { status: number; code: string; message: string } {
  const message = 'Rate exceeded';
  if (service === 'ec2') return { status: 503, code: 'RequestLimitExceeded', message: 'Request limit exceeded.' };
  if (service === 'lambda') return { status: 429, code: 'TooManyRequestsException', message };
  if (service === 's3') return { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.' };
  if (['rds', 'cloudformation', 'route53', 'sts', 'iam', 'monitoring'].includes(service)) {
    return { status: 400, code: 'Throttling', message };
  }
  return { status: 400, code: 'ThrottlingException', message };
}
