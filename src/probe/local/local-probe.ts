import type { LocalEndpoint } from '../../providers/resource.ts';
import { filesProbe } from '../files/files-probe.ts';
import { mysqlProbe } from '../mysql/mysql-probe.ts';
import { type PostgresProbeDeps, postgresProbe } from '../postgres/postgres-probe.ts';
import type { Probe } from '../probe.ts';
import { observeLocalConnection } from './observe-connection.ts';
import { sqliteProbe } from '../sqlite/sqlite-probe.ts';
import { unreachable } from '../../support/unreachable.ts';

/** Looks at whatever is restored on this machine, by the way of its kind. */
export function localProbe(deps: PostgresProbeDeps): Probe<LocalEndpoint> {
  const postgres = postgresProbe(deps);
  const mysql = mysqlProbe(deps);
  return {
    async observe(endpoint, request, signal) {
      if (request.kind === 'tcp') return observeLocalConnection(endpoint, request, signal);
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
