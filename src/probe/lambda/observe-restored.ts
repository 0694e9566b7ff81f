import type { Problem } from '../../diagnostics/problem.ts';
import type { Millis } from '../../support/time.ts';
import type { Observation, ObservationRequest } from '../observation.ts';
import { isOfDatabase, notOffered } from '../not-offered.ts';
import { observeConnection } from '../connection.ts';
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
  if (request.kind === 'tcp') return observeConnection({ host: endpoint.address, port: endpoint.port }, signal);
  if (!isOfDatabase(request)) return notOffered(request, `the restored instance '${endpoint.address}'`);
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
  const observed =
    endpoint.engine === 'mysql'
      ? await observeMysql(login, request, signal)
      : await observePostgres({ ...login, superuser: false }, request, signal);
  return passwordRefusal(observed, request.database) ?? observed;
}

/** Conditions by which PostgreSQL and MySQL turn down a user or a password, and not a database. */
const OF_PASSWORD = /\((?:28000|28P01|1045|1698)\)$/;

/** RDS made the master's password after the restore: that it is refused proves nothing against the backup. */
function passwordRefusal(observed: Observation, database: string): Observation | undefined {
  if (observed.kind !== 'login' || observed.accepted || !OF_PASSWORD.test(observed.refusal ?? '')) return undefined;
  const problem = {
    code: 'check/login-refused',
    message: `unable to log in to database '${database}' as the restored instance's master user: ${observed.refusal}`,
    hint: 'See whether its password or its secret was changed since RDS made them, then run the drill again.',
    blames: 'environment' as const,
  };
  return { kind: 'unobservable', problem };
}

const NO_OTHER_LOGIN: Problem = {
  code: 'probe/no-other-login',
  message: "unable to log in as the user that the check names: its password cannot be had inside the sandbox's network",
  hint: "Leave 'user' and 'password' out of login checks of instances restored on AWS: they log in as the master user.",
  blames: 'environment',
};
