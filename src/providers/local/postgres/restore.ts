import { readFile } from 'node:fs/promises';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { DataMoment, RestoreFacts } from '../../resource.ts';
import { epochMillisOf } from '../../../support/time.ts';
import { shortMark } from '../mark-file.ts';
import { walFolderOf } from './backup-history.ts';
import { type BackupManifest, parseBackupManifest } from './backup-manifest.ts';
import { copyFolder, listFolder } from './copy-folder.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { unpackedBytes } from './unpacked-bytes.ts';
import { type ReplayEnd, judgeReplay } from './judge-replay.ts';
import { compressionWarnings, neutralise } from './neutralise.ts';
import { isDone, once, spansOf } from '../worker/phases.ts';
import { requestArchiveRecovery } from './request-recovery.ts';
import type { RestoreContext } from './restore-context.ts';
import { openRestoreTarget } from './restore-target.ts';
import { startServer } from './run-server.ts';
import type { Restored, RunningServer, WorkerContext } from '../worker/worker-context.ts';
import type { PostgresRestore } from '../../../runbook/restore-spec.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { type BackupForm, recogniseBackup } from './backup-form.ts';
import { findServer } from './server-binaries.ts';
import { type LoginFacts, secureLogin } from './secure-login.ts';
import { targetTooEarly } from './server-log.ts';
import { SERVER_PORT, SPECIAL_SETTINGS, writeLoginRules, writeSettings } from './server-settings.ts';
import { type StagedWal, stageWal } from './stage-wal.ts';
import { unpackTar } from './unpack-tar.ts';

const LOOK = 'look at the backup';
const PHASES = ['free space', 'copy and verify', 'stage WAL', 'start and replay', 'secure login'] as const;

interface Copied {
  readonly bytes: number;
  readonly warnings: readonly Problem[];
}

/**
 * Restores a base backup and serves it. Repeatable at any point: what an earlier worker finished in this folder is
 * kept, and the copy is made once.
 *
 * @throws ProblemError for whatever the world did not allow; then no server is left
 */
export async function restoreBaseBackup(given: WorkerContext<PostgresRestore>): Promise<Restored> {
  const context = await contextOf(given);
  const { layout, request } = context;
  assertReachable(context);
  if (!(await isDone(layout, 'copy and verify'))) {
    await once(layout, { name: 'free space', work: () => assertSpace(context) });
  }
  const copied = await once(layout, { name: 'copy and verify', work: () => copyBackup(context) });
  const staged = await once(layout, { name: 'stage WAL', work: () => prepare(context) });
  await configure(context, staged);
  const { server, end, login } = await serve(context, staged);
  return {
    server,
    endpoint: {
      kind: 'postgres',
      host: layout.socket,
      port: SERVER_PORT,
      superuser: request.spec.superuser,
      credentialsFile: layout.credentials,
    },
    facts: await factsOf(context, { copied, end, login }),
  };
}

/**
 * PostgreSQL stops at the first commit after the wanted time; when that time is before the backup, it comes up with all
 * that was committed until the backup's end, and without a word.
 */
function assertReachable({ request: { point, spec } }: RestoreContext): void {
  const target = spec.recoveryPoint.to;
  if (target.kind !== 'time' || epochMillisOf(target.time) >= epochMillisOf(point.capturedAt)) return;
  throw new ProblemError(
    targetTooEarly(`the wanted time ${target.time} is before the backup's own ${point.capturedAt}`),
  );
}

async function serve(
  context: RestoreContext,
  staged: StagedWal,
): Promise<{ server: RunningServer; end: ReplayEnd; login: LoginFacts }> {
  const { layout, request } = context;
  let server: RunningServer | undefined;
  try {
    const end = await once(layout, {
      name: 'start and replay',
      async work() {
        context.progress({ detail: 'starting the server' });
        await requestArchiveRecovery(layout, staged);
        server = await startServer(context);
        return judgeReplay(context, staged);
      },
    });
    server ??= await startServer(context);
    // Not before it has replayed: how far it came is judged by the archive.
    await context.releaseBackup?.();
    context.progress({ detail: 'securing the login' });
    const login = await once(layout, { name: 'secure login', work: () => secureLogin(layout, request.spec.superuser) });
    return { server, end, login };
  } catch (error) {
    await server?.stop();
    throw error;
  }
}

async function readManifest({ form }: RestoreContext): Promise<BackupManifest | undefined> {
  if (form.manifest === undefined) return undefined;
  const parsed = parseBackupManifest(await readFile(form.manifest));
  if ('problem' in parsed) throw new ProblemError(parsed.problem);
  return parsed.manifest;
}

async function assertSpace({ form, request, layout, progress }: RestoreContext): Promise<null> {
  progress({ detail: 'looking at free space' });
  const { source } = request.spec;
  const needed =
    form.kind === 'tar'
      ? await unpackedBytes(form)
      : (await listFolder(form.folder, source, await walFolderOf(request.spec))).bytes;
  const problem = await spaceProblem(layout.folder, needed);
  if (problem) throw new ProblemError(problem);
  return null;
}

async function copyBackup(context: RestoreContext): Promise<Copied> {
  const { form, request, layout, server, signal, progress } = context;
  const manifest = await readManifest(context);
  const target = await openRestoreTarget(layout, manifest);
  const detail = manifest ? 'copying and verifying' : 'copying';
  let bytesDone = 0;
  if (form.kind === 'tar') {
    const bytesTotal = request.point.bytes;
    const onBytes = (read: number): void => {
      bytesDone += read;
      progress({ detail, bytesDone, ...(bytesTotal === undefined ? {} : { bytesTotal }) });
    };
    await unpackTar(form, target, { signal, onBytes });
  } else {
    const listed = await listFolder(form.folder, request.spec.source, await walFolderOf(request.spec));
    const onBytes = (read: number): void => {
      bytesDone += read;
      progress({ detail, bytesDone, bytesTotal: listed.bytes });
    };
    await copyFolder(listed, target, { signal, onBytes });
  }
  const bytes = await target.finish();
  return { bytes, warnings: server.origin === 'embedded' ? await compressionWarnings(layout) : [] };
}

async function prepare(context: RestoreContext): Promise<StagedWal> {
  const staged = await stageWal(context);
  await neutralise(context.layout);
  return staged;
}

async function configure({ layout, request, server }: RestoreContext, staged: StagedWal): Promise<void> {
  await writeSettings(layout, {
    major: Number.parseInt(server.version, 10),
    clusterName: shortMark(layout.folder),
    preload: request.spec.preload,
    target: request.spec.recoveryPoint.to,
    control: staged,
  });
  await writeLoginRules(layout, (await isDone(layout, 'secure login')) ? 'password' : 'trust');
}

async function factsOf(
  { layout, request, server }: RestoreContext,
  { copied, end, login }: { copied: Copied; end: ReplayEnd; login: LoginFacts },
): Promise<RestoreFacts> {
  const { point, spec } = request;
  const lsn = end.lsn ?? login.replayedTo;
  const replayed: DataMoment[] =
    end.lastTransactionAt === undefined
      ? []
      : [{ source: 'last-replayed-transaction', at: end.lastTransactionAt, error: 1 }];
  return {
    moment: { recoveryPointId: point.id, target: spec.recoveryPoint.to, ...(lsn === null ? {} : { lsn }) },
    // Labels and control files have whole seconds.
    dataMoments: [...replayed, { source: 'recovery-point', at: point.capturedAt, error: 1_000 }],
    engineVersion: `PostgreSQL ${login.version} (${server.origin})`,
    bytesRestored: copied.bytes,
    spans: await spansOf(layout, PHASES),
    settings: SPECIAL_SETTINGS,
    warnings: [...copied.warnings, ...preparedWarning(login.preparedTransactions)],
  };
}

function preparedWarning(count: number): Problem[] {
  if (count === 0) return [];
  return [
    {
      code: 'restore/prepared-transactions',
      message: `the restored cluster holds ${count} prepared transaction(s), whose locks may keep checks waiting`,
      hint: 'Let their transaction manager end them in the source; they are neither committed nor rolled back in a drill.',
      blames: 'backup',
    },
  ];
}

async function contextOf(given: WorkerContext<PostgresRestore>): Promise<RestoreContext> {
  const { point } = given.request;
  given.progress({ detail: 'looking for a server' });
  // Kept: a worker that is started again may not find the backup any more.
  const form = await once(given.layout, { name: LOOK, work: () => recognise(point.location) });
  const server = await findServer({
    major: Number.parseInt(point.engine.version, 10),
    ...(given.postgresDirs && { dirs: given.postgresDirs }),
    ...(given.path !== undefined && { path: given.path }),
  });
  if (server.kind === 'missing') throw new ProblemError(server.problem);
  return { ...given, form, server };
}

async function recognise(location: string): Promise<BackupForm> {
  const recognised = await recogniseBackup(location);
  if (recognised.kind === 'unusable') throw new ProblemError(recognised.problem);
  if (recognised.kind === 'none') throw new ProblemError(noBackup(location));
  return recognised.form;
}

function noBackup(location: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${location}' no longer holds a backup`,
    hint: 'Backups may have been rotated since the plan was made; run the drill again.',
    blames: 'environment',
  };
}
