import { open, stat } from 'node:fs/promises';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { SqliteRestore } from '../../../runbook/restore-spec.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { isDone, once, spansOf } from '../worker/phases.ts';
import type { Restored, WorkerContext } from '../worker/worker-context.ts';
import { copyDatabase, copyOf } from './copy-database.ts';
import { type DatabaseFiles, lookAtDatabase } from './database-files.ts';
import { type Recovered, recoverDatabase } from './recover-database.ts';
import { unusableBecause } from './unusable-database.ts';

const PHASES = ['free space', 'copy', 'recover'] as const;
const GIB_4 = 2 ** 32;

/**
 * Restores a SQLite database as one file with nothing beside it. Repeatable at any point: what an earlier worker finished
 * in this folder is kept, and the copy is made once.
 *
 * @throws ProblemError for whatever the world did not allow
 */
export async function restoreDatabase(context: WorkerContext<SqliteRestore>): Promise<Restored> {
  const { layout, request, signal, progress } = context;
  if (!(await isDone(layout, 'copy'))) {
    await once(layout, { name: 'free space', work: async () => assertSpace(context) });
  }
  const copied = await once(layout, { name: 'copy', work: async () => copy(context) });
  await context.releaseBackup?.();
  const file = copyOf({ file: request.point.location, isGzip: request.point.location.endsWith('.gz') }, layout.data);
  const recovered = await once(layout, {
    name: 'recover',
    async work(): Promise<Recovered> {
      progress({ detail: 'rolling back and taking in what a crash left' });
      return recoverDatabase(file, signal);
    },
  });
  return {
    endpoint: { kind: 'sqlite', file },
    facts: {
      moment: { recoveryPointId: request.point.id, target: request.spec.recoveryPoint.to },
      // The finest that every file system and every tool that copies keeps.
      dataMoments: [{ source: 'recovery-point', at: request.point.capturedAt, error: 1_000 }],
      engineVersion: `SQLite ${recovered.engineVersion} (written by ${request.point.engine.version})`,
      bytesRestored: recovered.bytes,
      spans: await spansOf(layout, PHASES),
      settings: [],
      warnings: [...copied.warnings, ...recovered.warnings],
    },
  };
}

async function assertSpace({ request: { point }, layout, progress }: WorkerContext<SqliteRestore>): Promise<null> {
  progress({ detail: 'looking at free space' });
  const files = await lookAtSource(point.location);
  // A WAL can add as many pages as it holds.
  const beside = 2 * (files.wal?.bytes ?? 0) + (files.journal?.bytes ?? 0);
  const problem = await spaceProblem(layout.folder, (await unpackedBytes(files)) + beside);
  if (problem) throw new ProblemError(problem);
  return null;
}

async function copy(context: WorkerContext<SqliteRestore>): Promise<{ readonly warnings: readonly Problem[] }> {
  const { request, layout, signal, progress } = context;
  const files = await lookAtSource(request.point.location);
  const unusable = await unusableBecause(files);
  if (unusable) throw new ProblemError(unusable);
  const bytesTotal = files.bytes + (files.wal?.bytes ?? 0) + (files.journal?.bytes ?? 0);
  let bytesDone = 0;
  const onBytes = (bytes: number): void => {
    bytesDone += bytes;
    progress({ detail: 'copying', bytesDone, bytesTotal });
  };
  await copyDatabase(files, layout.data, { signal, onBytes });
  return { warnings: files.header?.isWal && !files.wal ? [noWal(files.file)] : [] };
}

async function lookAtSource(file: string): Promise<DatabaseFiles> {
  try {
    return await lookAtDatabase(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new ProblemError(notThere(file, code), error);
  }
}

/** By the header's count of pages, else by gzip's own count, which is modulo 4 GiB (RFC 1952). */
async function unpackedBytes({ file, isGzip, bytes, header }: DatabaseFiles): Promise<number> {
  if (!isGzip) return bytes;
  if (header?.pages !== undefined) return header.pages * header.pageSize;
  const handle = await open(file, 'r');
  try {
    const trailer = Buffer.alloc(4);
    await handle.read(trailer, 0, 4, Math.max(0, (await stat(file)).size - 4));
    const remainder = trailer.readUInt32LE(0);
    return remainder + Math.max(0, Math.ceil((bytes - remainder) / GIB_4)) * GIB_4;
  } finally {
    await handle.close();
  }
}

function notThere(file: string, code: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${file}' cannot be read: ${code}`,
    hint: 'Backups may have been rotated since the plan was made; run the drill again.',
    blames: 'environment',
  };
}

/** Whether something is missing cannot be told from the file: a database that was closed properly has no `-wal` either. */
function noWal(file: string): Problem {
  return {
    code: 'restore/no-wal',
    message: `'${file}' is in WAL mode and has no '-wal' beside it: where it was copied while in use, what was written last is missing`,
    hint: "Back up the -wal together with its database, or by SQLite's own means (.backup, VACUUM INTO); a freshness check would tell.",
    blames: 'environment',
  };
}
