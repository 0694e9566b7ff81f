import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Problem } from '../../diagnostics/problem.ts';
import type { RdsEndpoint } from '../../providers/resource.ts';
import type { Clock } from '../../support/clock.ts';
import type { Millis } from '../../support/time.ts';
import type { ObservationRequest } from '../observation.ts';
import type { Probe } from '../probe.ts';
import { readObservation } from './read-observation.ts';

export interface LambdaProbeDeps {
  /** Its requests must be able to take as long as a function may run. */
  readonly lambda: () => Promise<LambdaClient>;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** What a call came to: the function's own answer, what went wrong, or that it is worth another try. */
type Called =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'not-yet'; readonly because: string };

/** Lambda's limit of a request and of an answer of a synchronous call. */
const MOST_BYTES = 6 * 1024 * 1024;
/** A function in a network is refused for some seconds after it was made, and while others use up the account's share. */
const NOT_YET = [
  'ResourceConflictException',
  'ResourceNotReadyException',
  'TooManyRequestsException',
  'EC2ThrottledException',
];
const TRIES = 13;
const BETWEEN_TRIES: Millis = 5_000;

/**
 * Has the function in the sandbox look at a restored RDS instance. Whatever goes wrong on the way is `unobservable`;
 * abort the signal to wait for the answer no longer.
 */
export function lambdaProbe({ lambda, clock }: LambdaProbeDeps): Probe<RdsEndpoint> {
  return {
    async observe(endpoint, request, signal) {
      const payload = JSON.stringify({ endpoint, request });
      if (Buffer.byteLength(payload) > MOST_BYTES) return unobservable(tooLarge(endpoint));
      let because = '';
      for (let tries = 0; tries < TRIES && !signal.aborted; tries += 1) {
        if (tries > 0) await clock.sleep(BETWEEN_TRIES, signal);
        const called = await invoke(lambda, { endpoint, payload }, signal);
        if (called.kind === 'failed') return unobservable(called.problem);
        if (called.kind === 'answer') {
          return readObservation(called.text, request) ?? unobservable(malformed(endpoint, request));
        }
        because = called.because;
      }
      return unobservable(signal.aborted ? gaveUp(endpoint) : notReady(endpoint, because));
    },
  };
}

function unobservable(problem: Problem) {
  return { kind: 'unobservable' as const, problem };
}

async function invoke(
  lambda: LambdaProbeDeps['lambda'],
  { endpoint, payload }: { readonly endpoint: RdsEndpoint; readonly payload: string },
  signal: AbortSignal,
): Promise<Called> {
  try {
    const { InvokeCommand } = await import('@aws-sdk/client-lambda');
    const command = new InvokeCommand({
      FunctionName: endpoint.probe,
      InvocationType: 'RequestResponse',
      Payload: payload,
    });
    const { FunctionError, Payload } = await (await lambda()).send(command, { abortSignal: signal });
    const text = Payload?.transformToString() ?? '';
    if (FunctionError === undefined) return { kind: 'answer', text };
    return { kind: 'failed', problem: functionFailed(endpoint, errorTypeIn(text)) };
  } catch (error) {
    if (signal.aborted) return { kind: 'failed', problem: gaveUp(endpoint) };
    const { name, code = name } = error as NodeJS.ErrnoException;
    if (NOT_YET.includes(name)) return { kind: 'not-yet', because: name };
    // What never got to AWS has no name of its own, but Node's code.
    return { kind: 'failed', problem: notCalled(endpoint, name === 'Error' ? code : name) };
  }
}

/** The type alone: message and trace of an error may quote anything. */
function errorTypeIn(payload: string): string {
  const type = /"errorType"\s*:\s*"([\w.]{1,100})"/.exec(payload)?.[1];
  // Older runtimes give a time-out no type.
  return type ?? (/Task timed out after/.test(payload) ? 'Sandbox.Timedout' : 'unknown error');
}

function functionFailed({ probe }: RdsEndpoint, type: string): Problem {
  const isOver = type === 'Sandbox.Timedout';
  return {
    code: isOver ? 'probe/timed-out' : 'probe/function-failed',
    message: `the probe '${probe}' ${isOver ? 'took longer than it may' : 'failed'}: ${type}`,
    hint: isOver
      ? 'Let each check look at less: a probe has 15 minutes at most.'
      : 'Build drillbook anew; when it fails again, report it as a bug with this type of error.',
    blames: 'environment',
  };
}

/** Why Lambda did not run the function, by the name of its error. */
function notCalled({ probe }: RdsEndpoint, name: string): Problem {
  const refused = /AccessDenied|NotAuthorized|UnrecognizedClient|ExpiredToken|InvalidSignature|CredentialsProvider/;
  const isMissing = name === 'ResourceNotFoundException';
  const [code, hint] = refused.test(name)
    ? [
        'probe/not-allowed',
        'Allow lambda:InvokeFunction on the probe, and log in again where credentials have expired.',
      ]
    : isMissing
      ? ['probe/function-missing', 'Somebody removed the probe of this drill: run the drill anew.']
      : ['probe/not-called', "Look at the probe's state in Lambda, and whether this machine reaches AWS."];
  return { code, message: `unable to call the probe '${probe}': ${name}`, hint, blames: 'environment' };
}

function notReady({ probe }: RdsEndpoint, because: string): Problem {
  return {
    code: 'probe/not-ready',
    message: `unable to call the probe '${probe}': it was refused ${TRIES} times, last for ${because}`,
    hint: "Look at the probe's state in Lambda, and at the account's limit of concurrent functions.",
    blames: 'environment',
  };
}

function malformed({ probe }: RdsEndpoint, { kind }: ObservationRequest): Problem {
  return {
    code: 'probe/malformed-answer',
    message: `the probe '${probe}' gave an answer that is no observation of '${kind}'`,
    hint: 'Build drillbook anew, so that runner and probe are of one version.',
    blames: 'environment',
  };
}

function tooLarge({ probe }: RdsEndpoint): Problem {
  return {
    code: 'probe/request-too-large',
    message: `unable to call the probe '${probe}': what it is to look at does not fit into 6 MiB`,
    hint: 'Split the check into several: fewer tables or bounded entries each.',
    blames: 'environment',
  };
}

function gaveUp({ probe }: RdsEndpoint): Problem {
  return {
    code: 'check/gave-up',
    message: `gave up waiting for the probe '${probe}': the time for it was over, or the drill was interrupted`,
    hint: 'Give checks more time in the limits of the runbook, or check less.',
    blames: 'environment',
  };
}
