import { ProblemError } from '../../diagnostics/problem-error.ts';
import type { Problem } from '../../diagnostics/problem.ts';
import type { Failure } from '../provider.ts';
import { type ErrorMeaning, meaningOf } from './error-meanings.ts';
import { failedOperationOf } from './failed-operation.ts';

/** An error of the SDK, of a credential provider or of a socket, as far as it is looked at. */
interface LooseError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  readonly syscall?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** What an error of the AWS provider means. One that is neither AWS's nor of the way there is a bug, and is thrown again. */
export function classifyAws(error: unknown): Failure {
  if (error instanceof ProblemError) return { class: classOf(error.problem), problem: error.problem };
  if (typeof error !== 'object' || error === null) throw error;
  const loose: LooseError = error;
  if (loose.name === 'AbortError') return { class: 'transient', problem: aborted() };
  const failed = failedOperationOf(error);
  const operation = failed === undefined ? 'reach AWS' : `${failed.operation} of ${failed.service}`;
  const name = errorNameOf(loose);
  const meaning = meaningOfError({ ...loose, name: nameByWords(loose) ?? name }, failed?.service);
  if (meaning === undefined) throw error;
  return {
    class: meaning.class,
    ...(meaning.isUnreachable && { isUnreachable: true }),
    problem: {
      code: meaning.code,
      message: `unable to ${operation}: ${meaning.why} (${name})${wordsOf(loose, meaning)}`,
      hint: meaning.hint,
      blames: 'environment',
    },
  };
}

function classOf({ code }: Problem): Failure['class'] {
  if (code.startsWith('guard/') || code === 'aws/wrong-account' || code === 'aws/wrong-partition') return 'denied';
  if (code === 'aws/role-not-ready') return 'transient';
  return code === 'aws/source-not-found' ? 'not-found' : 'invalid';
}

function aborted(): Problem {
  return {
    code: 'aws/aborted',
    message: 'the call to AWS was given up, since the drill was told to stop',
    hint: "Run 'drillbook resume' to finish what was begun.",
    blames: 'environment',
  };
}

/** Of a socket the code says more than the name, which is `Error`. */
function errorNameOf({ name = '', code, $metadata }: LooseError): string {
  return typeof code === 'string' && $metadata?.httpStatusCode === undefined && name !== 'TimeoutError' ? code : name;
}

function meaningOfError({ name = '', $metadata }: LooseError, service: string | undefined): ErrorMeaning | undefined {
  const status = $metadata?.httpStatusCode;
  return meaningOf({ name, ...(status !== undefined && { status }), ...(service !== undefined && { service }) });
}

/** Two errors have no name of their own, and only their words tell them: the name they should have had. */
function nameByWords({ name, message = '' }: LooseError): string | undefined {
  if (name === 'ValidationError' && /^Stack .*does not exist$/.test(message)) return 'StackNotFoundException';
  return name === 'CredentialsProviderError' && /\bexpired\b/i.test(message) ? 'TokenProviderError' : undefined;
}

const LONGEST_WORDS = 300;
/** Longer than a name on AWS can be: blobs, tokens, signatures. */
const BLOB = /[\w+/=%-]{64,}/g;
const ACCESS_KEY = /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g;

/** AWS's own words in one line, without anything that may be secret. */
function wordsOf({ message = '' }: LooseError, { isUnspeakable }: ErrorMeaning): string {
  // EC2 ends a refusal with an encoded copy of the whole request and of the policies that refused it.
  const told = message.split(/Encoded authorization failure message/i)[0] ?? '';
  const line = told.replace(/\s+/g, ' ').replace(BLOB, '…').replace(ACCESS_KEY, '…').trim().replace(/\.$/, '');
  if (isUnspeakable || line === '' || line === 'UnknownError') return '';
  return `: ${line.length > LONGEST_WORDS ? `${line.slice(0, LONGEST_WORDS - 1)}…` : line}`;
}
