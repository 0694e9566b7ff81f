import { join } from 'node:path';
import type { LocalEndpoint } from '../../providers/resource.ts';
import { unreachable } from '../../support/unreachable.ts';
import { observeConnection } from '../connection.ts';
import { notOffered } from '../not-offered.ts';
import type { ConnectionRequest, Observation } from '../observation.ts';

/** Whether a server on this machine accepts a connection. What was restored without one offers no such check. */
export async function observeLocalConnection(
  endpoint: LocalEndpoint,
  request: ConnectionRequest,
  signal: AbortSignal,
): Promise<Observation> {
  switch (endpoint.kind) {
    case 'postgres':
      return observeConnection({ socket: join(endpoint.host, `.s.PGSQL.${endpoint.port}`) }, signal);
    case 'mysql':
      return observeConnection({ socket: endpoint.socket }, signal);
    case 'sqlite':
    case 'files':
      return notOffered(request, `a resource of kind '${endpoint.kind}', which no server serves`);
    default:
      return unreachable(endpoint);
  }
}
