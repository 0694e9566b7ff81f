import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { MysqlRestore } from '../../../runbook/restore-spec.ts';
import type { RestoreFacts } from '../../resource.ts';
import { once, spansOf } from '../worker/phases.ts';
import type { Restored, RunningServer, WorkerContext } from '../worker/worker-context.ts';
import { SOCKET } from './credentials.ts';
import { engineName } from './engine.ts';
import type { Filled } from './filled.ts';
import { restoreDump } from './restore-dump.ts';
import { restoreFolder } from './restore-folder.ts';
import { SPECIAL_SETTINGS, startServer } from './run-server.ts';

const LOOK = 'look at the backup';
const START = 'start the server';

/**
 * Restores a dump or a physical backup of MariaDB or MySQL and serves it. Repeatable at any point: what an earlier worker
 * finished in this folder is kept.
 *
 * @throws ProblemError for whatever the world did not allow; then no server is left
 */
export async function restoreMysql(context: WorkerContext<MysqlRestore>): Promise<Restored> {
  const { layout, request, progress } = context;
  // Kept, as all that is known of the backup: a worker that is started again may not find it any more.
  const isDump = await once(layout, { name: LOOK, work: async () => isFile(request.point.location) });
  const filled = isDump ? await restoreDump(context) : await restoreFolder(context);
  let server: RunningServer | undefined;
  progress({ detail: 'starting the server' });
  const start = async (): Promise<null> => {
    server = await startServer(context, filled.programs, filled.layOut);
    return null;
  };
  await once(layout, { name: START, work: start });
  if (!server) await start();
  if (!server) throw new Error('no server was started');
  return {
    server,
    endpoint: { kind: 'mysql', socket: join(layout.socket, SOCKET), credentialsFile: layout.credentials },
    facts: await factsOf(context, filled),
  };
}

async function isFile(location: string): Promise<boolean> {
  const found = await stat(location).catch(() => undefined);
  if (found === undefined) throw new ProblemError(noBackup(location));
  return found.isFile();
}

async function factsOf({ layout, request }: WorkerContext<MysqlRestore>, filled: Filled): Promise<RestoreFacts> {
  const { point, spec } = request;
  const { programs, source } = filled;
  const isOther = programs.flavour !== source.flavour || programs.version !== source.version;
  return {
    moment: { recoveryPointId: point.id, target: spec.recoveryPoint.to },
    dataMoments: [{ source: 'recovery-point', at: point.capturedAt, error: filled.capturedError }],
    engineVersion: engineName(programs),
    bytesRestored: filled.bytes,
    spans: await spansOf(layout, [...filled.phases, START]),
    settings: [
      ...SPECIAL_SETTINGS,
      ...(isOther ? [`${engineName(programs)} for a backup of ${engineName(source)}`] : []),
    ],
    warnings: filled.warnings,
  };
}

function noBackup(location: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${location}' no longer holds a backup`,
    hint: 'Backups may have been rotated since the plan was made; run the drill again.',
    blames: 'environment',
  };
}
