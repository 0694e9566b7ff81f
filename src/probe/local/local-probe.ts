import type { LocalEndpoint } from '../../providers/resource.ts';
import { filesProbe } from '../files/files-probe.ts';
import { notOffered } from '../not-offered.ts';
import { mysqlProbe } from '../mysql/mysql-probe.ts';
import { type PostgresProbeDeps, postgresProbe } from '../postgres/postgres-probe.ts';
import type { Probe } from '../probe.ts';
import { observeProgram } from '../program/observe-program.ts';
import type { RunInSandbox } from '../program/run-in-sandbox.ts';
import { observeLocalConnection } from './observe-connection.ts';
import { sqliteProbe } from '../sqlite/sqlite-probe.ts';
import { unreachable } from '../../support/unreachable.ts';

export interface LocalProbeDeps extends PostgresProbeDeps {
  /** Runs programs of checks; without it they cannot be looked at. */
  readonly runInSandbox?: RunInSandbox;
}

/** Looks at whatever is restored on this machine, by the way of its kind. */
export function localProbe(deps: LocalProbeDeps): Probe<LocalEndpoint> {
  const postgres = postgresProbe(deps);
  const mysql = mysqlProbe(deps);
  return {
    async observe(endpoint, request, signal) {
      if (request.kind === 'tcp') return observeLocalConnection(endpoint, request, signal);
      if (request.kind === 'command' || request.kind === 'http') {
        if (deps.runInSandbox === undefined) return notOffered(request, `a resource of kind '${endpoint.kind}'`);
        return observeProgram(deps.runInSandbox, { endpoint, request }, signal);
      }
      switch (endpoint.kind) {
        case 'postgres':
          return postgres.observe(endpoint, request, signal);
        case 'files':
          return filesProbe.observe(endpoint, request, signal);
        case 'sqlite':
          return sqliteProbe.observe(endpoint, request, signal);
        case 'mysql':
          return mysql.observe(endpoint, request, signal);
        default:
          return unreachable(endpoint);
      }
    },
  };
}
