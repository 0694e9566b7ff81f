import { basename, dirname, join } from 'node:path';
import type { Problem } from '../../diagnostics/problem.ts';
import type { LocalMysqlEndpoint } from '../../providers/resource.ts';
import type { SecretRef } from '../../runbook/restore-spec.ts';
import { reachSocketFolder } from '../../support/socket-path.ts';
import type { Millis } from '../../support/time.ts';
import { type Credentials, readCredentials } from '../credentials.ts';
import { isOfDatabase, notOffered } from '../not-offered.ts';
import type { DatabaseRequest, Observation, ReferencesRequest } from '../observation.ts';
import type { Probe } from '../probe.ts';
import { observeMysql } from './observe.ts';
import { observeReferences } from './references.ts';
import type { MysqlLogin } from './session.ts';

export interface MysqlProbeDeps {
  readonly readSecret: (ref: SecretRef) => Promise<string | Problem>;
  /** Longest that one statement may take, also when drillbook itself is no more; an hour unless said. */
  readonly statementTimeout?: Millis;
}

const AN_HOUR: Millis = 3_600_000;

/**
 * Looks at a restored MariaDB or MySQL over the unix socket of its sandbox; reads only. Abort the signal to cancel what is
 * under way on the server.
 */
export function mysqlProbe({ readSecret, statementTimeout = AN_HOUR }: MysqlProbeDeps): Probe<LocalMysqlEndpoint> {
  return {
    async observe(endpoint, request, signal) {
      if (request.kind !== 'references' && !isOfDatabase(request)) {
        return notOffered(request, 'a MariaDB or MySQL server');
      }
      const account = await accountOf(endpoint, request, readSecret);
      if ('code' in account) return { kind: 'unobservable', problem: account };
      return reached(endpoint, (socketPath) => {
        const login: MysqlLogin = { socketPath, database: request.database, statementTimeout, ...account };
        return request.kind === 'references'
          ? observeReferences(login, request, signal)
          : observeMysql(login, request, signal);
      });
    },
  };
}

/** The socket's path may be too long to connect to. */
async function reached(
  { socket }: LocalMysqlEndpoint,
  look: (socketPath: string) => Promise<Observation>,
): Promise<Observation> {
  const folder = await reachSocketFolder(dirname(socket), basename(socket)).catch(() => undefined);
  if (folder === undefined) return { kind: 'unobservable', problem: gone(dirname(socket)) };
  try {
    return await look(join(folder.path, basename(socket)));
  } finally {
    await folder.close();
  }
}

async function accountOf(
  { credentialsFile }: LocalMysqlEndpoint,
  request: DatabaseRequest | ReferencesRequest,
  readSecret: MysqlProbeDeps['readSecret'],
): Promise<Credentials | Problem> {
  if (request.kind !== 'login' || request.user === undefined) return readCredentials(credentialsFile);
  const password = request.password === undefined ? '' : await readSecret(request.password);
  return typeof password === 'string' ? { user: request.user, password } : password;
}

function gone(folder: string): Problem {
  return {
    code: 'check/socket-missing',
    message: `unable to look at the restored server: the folder of its socket, '${folder}', is gone`,
    hint: 'Look whether something else removed it while the drill was under way.',
    blames: 'environment',
  };
}
