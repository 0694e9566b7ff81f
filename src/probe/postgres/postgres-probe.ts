import type { Problem } from '../../diagnostics/problem.ts';
import type { LocalPostgresEndpoint } from '../../providers/resource.ts';
import type { SecretRef } from '../../runbook/restore-spec.ts';
import type { Millis } from '../../support/time.ts';
import type { DatabaseRequest, ReferencesRequest } from '../observation.ts';
import { readCredentials } from '../credentials.ts';
import { isOfDatabase, notOffered } from '../not-offered.ts';
import type { Probe } from '../probe.ts';
import { observePostgres } from './observe.ts';
import { observeReferences } from './references.ts';
import type { Login } from './session.ts';

export interface PostgresProbeDeps {
  readonly readSecret: (ref: SecretRef) => Promise<string | Problem>;
  /** Longest that one statement may take, also when drillbook itself is no more; an hour unless said. */
  readonly statementTimeout?: Millis;
}

const AN_HOUR: Millis = 3_600_000;

/**
 * Looks at a restored PostgreSQL over the unix socket of its sandbox. Reads only, apart from the structure check, which
 * rolls back what it writes. Abort the signal to cancel what is under way on the server.
 */
export function postgresProbe({
  readSecret,
  statementTimeout = AN_HOUR,
}: PostgresProbeDeps): Probe<LocalPostgresEndpoint> {
  return {
    async observe(endpoint, request, signal) {
      if (request.kind !== 'references' && !isOfDatabase(request)) return notOffered(request, 'a PostgreSQL server');
      const login = await loginOf(endpoint, request, { readSecret, statementTimeout });
      if ('code' in login) return { kind: 'unobservable', problem: login };
      return request.kind === 'references'
        ? observeReferences(login, request, signal)
        : observePostgres(login, request, signal);
    },
  };
}

async function loginOf(
  endpoint: LocalPostgresEndpoint,
  request: DatabaseRequest | ReferencesRequest,
  { readSecret, statementTimeout }: Required<PostgresProbeDeps>,
): Promise<Login | Problem> {
  const place = { host: endpoint.host, port: endpoint.port, database: request.database, statementTimeout };
  if (request.kind === 'login' && request.user !== undefined) {
    const password = request.password === undefined ? '' : await readSecret(request.password);
    if (typeof password !== 'string') return password;
    return { ...place, user: request.user, password, superuser: false };
  }
  const credentials = await readCredentials(endpoint.credentialsFile);
  return 'code' in credentials ? credentials : { ...place, ...credentials, superuser: true };
}
