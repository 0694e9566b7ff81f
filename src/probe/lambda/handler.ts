import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Millis } from '../../support/time.ts';
import type { Observation } from '../observation.ts';
import { masterCredentials } from './master-credentials.ts';
import { type ProbeEvent, observeRestored } from './observe-restored.ts';

/** What is used of the context that Lambda gives. */
export interface LambdaContext {
  getRemainingTimeInMillis(): Millis;
}

/** Time in which a statement is cancelled on the server, before the answer is given whether that worked or not. */
const TO_CANCEL: Millis = 3_000;
/** Time in which the answer gets out before Lambda ends the process. */
const TO_ANSWER: Millis = 1_000;

/** The one function in the sandbox: looks at the restored database, and always answers before its time is over. */
export async function handler(event: ProbeEvent, context: LambdaContext): Promise<Observation> {
  const deadline = AbortSignal.timeout(
    Math.max(0, Math.floor(context.getRemainingTimeInMillis() - TO_CANCEL - TO_ANSWER)),
  );
  let last: NodeJS.Timeout | undefined;
  const unanswered = new Promise<Observation>((resolve) => {
    deadline.addEventListener('abort', () => {
      last = setTimeout(() => resolve(OUT_OF_TIME), TO_CANCEL);
    });
  });
  const authorities = await readFile(join(import.meta.dirname, 'rds-ca.pem'), 'utf8');
  const observed = observeRestored(event, { authorities, readCredentials: masterCredentials }, deadline);
  try {
    return await Promise.race([observed, unanswered]);
  } finally {
    clearTimeout(last);
  }
}

const OUT_OF_TIME: Observation = {
  kind: 'unobservable',
  problem: {
    code: 'check/gave-up',
    message: 'gave up looking at the restored database: the time of the probe was over and its server did not answer',
    hint: 'Give checks more time in the limits of the runbook (a probe has 15 minutes at most), or check less.',
    blames: 'environment',
  },
};
