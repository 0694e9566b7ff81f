import { join } from 'node:path';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { DamagedCopy, Damager } from '../../damager.ts';
import type { LocalEndpoint, Resource } from '../../resource.ts';
import { unreachable } from '../../../support/unreachable.ts';
import { removeTree } from '../remove-tree.ts';
import { layoutOf } from '../worker/folder-layout.ts';
import { workerState } from '../worker/worker-process.ts';
import { damageFiles } from './damage-files.ts';
import { damageMysql, discardMysqlCopy } from './damage-mysql.ts';
import { damagePostgres, discardPostgresCopy } from './damage-postgres.ts';
import { damageSqlite } from './damage-sqlite.ts';

/** Damages copies in the folder of the restored resource, or in its server: they go with it. */
export function localDamager(workerFile: string): Damager {
  return {
    async damage({ resource, database, damage }, signal) {
      signal.throwIfAborted();
      const endpoint = await endpointOf(resource, workerFile);
      const copy = (damaged: LocalEndpoint, name = database): DamagedCopy => ({ endpoint: damaged, database: name });
      switch (endpoint.kind) {
        case 'postgres': {
          const cluster = { name: resource.name, data: layoutOf(resource.id).data, endpoint };
          return copy(endpoint, await damagePostgres(cluster, { database, damage }));
        }
        case 'sqlite': {
          const restored = { name: resource.name, file: endpoint.file, folder: folderOf(resource) };
          return copy({ ...endpoint, file: await damageSqlite(restored, damage) });
        }
        case 'files': {
          const to = folderOf(resource);
          await damageFiles({ name: resource.name, from: endpoint.folder, to }, damage);
          return copy({ ...endpoint, folder: to });
        }
        case 'mysql': {
          const server = { name: resource.name, data: layoutOf(resource.id).data, endpoint };
          return copy(endpoint, await damageMysql(server, { database, damage }, signal));
        }
        default:
          return unreachable(endpoint);
      }
    },
    async discard(resource, signal) {
      const endpoint = await endpointOf(resource, workerFile);
      if (endpoint.kind === 'postgres') await discardPostgresCopy(endpoint);
      if (endpoint.kind === 'mysql') await discardMysqlCopy(endpoint, signal);
      await removeTree(folderOf(resource));
    },
  };
}

function folderOf(resource: Resource): string {
  return join(resource.id, 'damaged');
}

async function endpointOf(resource: Resource, workerFile: string): Promise<LocalEndpoint> {
  const state = await workerState(resource.id, workerFile);
  if (state.kind === 'ready' && state.endpoint && state.endpoint.kind !== 'rds') return state.endpoint;
  throw new ProblemError({
    code: 'prove/not-ready',
    message: `the restored '${resource.name}' no longer answers, so that no copy of it can be damaged`,
    hint: 'Look for a lack of memory on this machine, or for a crash of the server.',
    blames: 'environment',
  });
}
