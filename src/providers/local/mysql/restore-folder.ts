import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecoveryPoint } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { MysqlRestore } from '../../../runbook/restore-spec.ts';
import type { Millis } from '../../../support/time.ts';
import { discardRestored } from '../worker/folder-layout.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { once } from '../worker/phases.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { readBackupInfo, readCheckpoints, settingsOf } from './backup-info.ts';
import { copyBackup, listBackup } from './copy-backup.ts';
import type { Engine } from './engine.ts';
import type { Filled } from './filled.ts';
import { zoneError } from './local-time.ts';
import { redoProblem } from './redo-end.ts';
import { runSandboxed } from './sandboxed-tool.ts';
import { type ServerPrograms, findMysqlServer } from './server-binaries.ts';

const LOOK = 'look at the folder';
const COPY = 'copy';
const PREPARE = 'prepare';

/** Copies a physical backup, and lets its own tool make the copy fit to be started, in the sandbox. */
export async function restoreFolder(context: WorkerContext<MysqlRestore>): Promise<Filled> {
  const { layout, request, path } = context;
  const { engine, capturedError } = await once(layout, { name: LOOK, work: () => look(request.point) });
  const chosen = await findMysqlServer({ ...engine, fit: 'same-series' }, path);
  if ('problem' in chosen) throw new ProblemError(chosen.problem);
  const programs = chosen.found;
  const bytes = await once(layout, { name: COPY, work: () => copy(context) });
  await context.releaseBackup?.();
  const layOut = await once(layout, { name: PREPARE, work: () => prepare(context, programs) });
  return {
    programs,
    bytes,
    warnings: [],
    layOut,
    capturedError,
    source: engine,
    phases: [COPY, PREPARE],
  };
}

async function look({
  location,
  capturedAt,
}: RecoveryPoint): Promise<{ readonly engine: Engine; readonly capturedError: Millis }> {
  const read = await readBackupInfo(location);
  if ('problem' in read) throw new ProblemError(read.problem);
  const { engine, isLocalTime, writtenAt } = read.info;
  return { engine, capturedError: isLocalTime ? zoneError(capturedAt, writtenAt) : 1_000 };
}

async function copy({ layout, request, signal, progress }: WorkerContext<MysqlRestore>): Promise<number> {
  const listed = await listBackup(request.point.location);
  const problem = await spaceProblem(layout.folder, listed.bytes);
  if (problem) throw new ProblemError(problem);
  await discardRestored(layout);
  let bytesDone = 0;
  const onBytes = (read: number): void => {
    bytesDone += read;
    progress({ detail: 'copying', bytesDone, bytesTotal: listed.bytes });
  };
  return copyBackup(listed, layout.data, { signal, onBytes });
}

/** What a copy may say of its own files, and nothing that would name a place outside of it. */
const LAID_OUT: readonly (readonly [name: string, value: RegExp])[] = [
  ['innodb_page_size', /^\d+$/],
  ['innodb_undo_tablespaces', /^\d+$/],
  ['innodb_checksum_algorithm', /^[a-z0-9_]+$/],
  ['innodb_data_file_path', /^[\w.]+:\d+[KMG]?(?::autoextend)?(?:;[\w.]+:\d+[KMG]?(?::autoextend)?)*$/i],
];

/**
 * Repeatable on the same copy: the tool itself knows how far it has come.
 *
 * @returns the server's options for these files
 */
async function prepare(context: WorkerContext<MysqlRestore>, programs: ServerPrograms): Promise<readonly string[]> {
  const { layout, progress } = context;
  progress({ detail: 'preparing the copy' });
  const own = join(layout.data, 'backup-my.cnf');
  const told = settingsOf(await readFile(own, 'utf8').catch(() => ''));
  const laidOut = LAID_OUT.flatMap(([name, value]) => {
    const text = told.get(name);
    return text !== undefined && value.test(text) ? [`${name}=${text}`] : [];
  });
  // The tool reads this file of the backup as its settings.
  await rm(own, { force: true });
  await writeFile(own, `[mysqld]\n${laidOut.map((line) => `${line}\n`).join('')}`, { mode: 0o600 });
  if (programs.prepare === undefined) throw new ProblemError(noTool(programs));
  const { code, output } = await runSandboxed(context, {
    command: [programs.prepare, '--no-defaults', '--prepare', `--target-dir=${layout.data}`],
    readOnly: programs.readOnlyPaths,
    writable: [layout.data],
  });
  if (code !== 0 || !/completed OK!\s*$/.test(output)) throw new ProblemError(notPrepared(output));
  const lost = redoProblem(await readCheckpoints(layout.data), output);
  if (lost) throw new ProblemError(lost);
  return laidOut.map((line) => `--${line}`);
}

function noTool({ flavour }: ServerPrograms): Problem {
  const isMariaDb = flavour === 'mariadb';
  return {
    code: 'restore/backup-tool-missing',
    message: `a physical backup is made fit to be started by ${isMariaDb ? 'mariadb-backup' : 'xtrabackup'}, which is not on this machine`,
    hint: isMariaDb ? "Install it (Debian: 'mariadb-backup')." : 'Install Percona XtraBackup, and let it be on PATH.',
    blames: 'environment',
  };
}

/** The tool's words are not shown: only whether they tell of this machine or of the backup. */
function notPrepared(output: string): Problem {
  const isFull = /No space left on device|Errcode: 28\b|Disk is full/i.test(output);
  const isOther = /encrypt|key management|Unsupported redo log format|Cannot allocate memory|out of memory/i.test(
    output,
  );
  const why = isFull ? ': the disk is full' : isOther ? ': it needs keys, memory or another version of the tool' : '';
  return {
    code: 'restore/backup-not-prepared',
    message: `the backup could not be made fit to be started${why}`,
    hint: "Run the drill with '--keep-on-failure' and read 'server.log' in the restore's folder.",
    blames: isFull || isOther ? 'environment' : 'backup',
  };
}
