import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderLayout } from '../worker/folder-layout.ts';
import { startSandboxedServer } from '../worker/sandboxed-server.ts';
import type { RunningServer } from '../worker/worker-context.ts';
import type { RestoreContext } from './restore-context.ts';
import { classifyStartFailure, lastReportedPosition, readLog } from './server-log.ts';

type ServerContext = Pick<RestoreContext, 'layout' | 'level' | 'signal' | 'progress' | 'server'>;

/**
 * Starts the restored server in its sandbox and waits until it has recovered, promoted and accepts connections.
 *
 * @throws ProblemError as its log explains, when it ends before that
 */
export async function startServer(context: ServerContext): Promise<RunningServer> {
  const { layout, server } = context;
  const postgres = join(server.binDir, 'postgres');
  return startSandboxedServer(context, {
    command: [postgres, '-D', layout.data, '-c', `config_file=${join(layout.settings, 'postgresql.conf')}`],
    readOnly: [...server.readOnlyPaths, layout.settings],
    writable: [layout.data, layout.tablespaces, layout.socket],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    processName: 'postgres',
    stopSignal: 'SIGINT',
    clear: () => rm(join(layout.data, 'postmaster.pid'), { force: true }),
    isReady: () => isReady(layout),
    startFailure: async () => classifyStartFailure(await readLog(layout.log)),
    report: () => reportReplay(context),
  });
}

/** The last line of `postmaster.pid` says so (miscinit.h, LOCK_FILE_LINE_PM_STATUS). */
async function isReady({ data }: FolderLayout): Promise<boolean> {
  const lines = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return lines.split('\n')[7]?.trim() === 'ready';
}

async function reportReplay({ layout, progress }: ServerContext): Promise<void> {
  const position = lastReportedPosition(await readLog(layout.log));
  progress({ detail: position === undefined ? 'replaying WAL' : `replaying WAL, at ${position}` });
}
