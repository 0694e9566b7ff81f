import type { Problem } from '../../diagnostics/problem.ts';
import type { Millis } from '../../support/time.ts';
import type { Observation, ObservationRequest } from '../observation.ts';
import { observeMysql } from '../mysql/observe.ts';
import { observePostgres } from '../postgres/observe.ts';
import { resolveName } from './resolve-name.ts';
import type { RdsEndpoint } from '../../providers/resource.ts';

/** What the runner sends. Holds no secret, only the name of one. */
export interface ProbeEvent {
  readonly endpoint: RdsEndpoint;
  readonly request: ObservationRequest;
}

/** The master user of a restored instance. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface RestoredDeps {
  /** Certificate authorities of Amazon RDS, as PEM. */
  readonly authorities: string;
  readonly readCredentials: (secretArn: string, signal: AbortSignal) => Promise<Credentials | Problem>;
}

/** Longest that one statement may take: as long as a function may run. */
const STATEMENT_TIMEOUT: Millis = 900_000;

/**
 * Looks at a restored instance from inside its sandbox, as its master user, over verified TLS. Whatever goes wrong is
 * `unobservable` and blames the environment, but for what proves damage of the data.
 */
export async function observeRestored(
  { endpoint, request }: ProbeEvent,
  { authorities, readCredentials }: RestoredDeps,
  signal: AbortSignal,
): Promise<Observation> {
  if (request.kind === 'dns') return resolveName(request, signal);
  if (request.kind === 'login' && (request.user !== undefined || request.password !== undefined)) {
    return { kind: 'unobservable', problem: NO_OTHER_LOGIN };
  }
  const credentials = await readCredentials(endpoint.secretArn, signal);
  if ('code' in credentials) return { kind: 'unobservable', problem: credentials };
  const login = {
    host: endpoint.address,
    port: endpoint.port,
    database: request.database,
    ...credentials,
    statementTimeout: STATEMENT_TIMEOUT,
    authorities,
  };
  return endpoint.engine === 'mysql'
    ? observeMysql(login, request, signal)
    : observePostgres({ ...login, superuser: false }, request, signal);
}

const NO_OTHER_LOGIN: Problem = {
  code: 'probe/no-other-login',
  message: "unable to log in as the user that the check names: its password cannot be had inside the sandbox's network",
  hint: "Leave 'user' and 'password' out of login checks of instances restored on AWS: they log in as the master user.",
  blames: 'environment',
};
