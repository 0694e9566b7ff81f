import { execFile } from 'node:child_process';
import { access, chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { RecoveryPoint, RecoveryPointListing } from '../../../../src/catalog/recovery-point.ts';
import { listRepository } from '../../../../src/providers/local/repository/list-repository.ts';
import type { WorkerRequest } from '../../../../src/providers/local/worker/worker-context.ts';
import type { ResourceState } from '../../../../src/providers/provider.ts';
import type { FilesRestore, LocalRestore, Repository } from '../../../../src/runbook/restore-spec.ts';
import { type Worker, startWorker } from '../postgres/worker.ts';

const run = promisify(execFile);

/** The password of every repository of a test; its name in the environment too. */
export const PASSWORD = 'correct horse battery staple';
export const PASSWORD_NAME = 'DRILLBOOK_TEST_REPOSITORY';

/** Whether a backup tool is there; where it is not, one loud line says so. */
export async function hasTool(tool: Repository['tool']): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = await Promise.allSettled(folders.map(async (folder) => access(join(folder, tool))));
  if (found.some(({ status }) => status === 'fulfilled')) return true;
  process.stderr.write(`SKIPPED: tests of ${tool} need it on PATH (Debian: ${tool})\n`);
  return false;
}

/** Runs restic as the owner of a repository does. */
export async function restic(repository: string, args: readonly string[], cwd = '/'): Promise<string> {
  const env = { PATH: process.env['PATH'], RESTIC_PASSWORD: PASSWORD, TZ: 'UTC' };
  const { stdout } = await run('restic', ['--repo', repository, '--no-cache', ...args], { env, cwd });
  return stdout;
}

export const COMMON = {
  needs: [],
  recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'backup-end' } },
  database: '',
} as const;

export const RESTIC = { tool: 'restic', password: { env: PASSWORD_NAME }, tags: [] } as const;

export function filesSpec(source: string, repository: Repository): FilesRestore {
  return { ...COMMON, name: 'uploads', kind: 'files', source, repository };
}

export const ENV = { PATH: process.env['PATH'], [PASSWORD_NAME]: PASSWORD };

export async function list(spec: LocalRestore, env: NodeJS.ProcessEnv = ENV): Promise<RecoveryPointListing> {
  return listRepository(spec, env, new AbortController().signal);
}

/** The problem that listing ends with. */
export async function listingProblem(spec: LocalRestore, env: NodeJS.ProcessEnv = ENV): Promise<unknown> {
  return list(spec, env).then(
    (listing) => ({ listed: listing }),
    (error: unknown) => (error as { problem?: unknown }).problem ?? error,
  );
}

export async function writeRequest(folder: string, spec: LocalRestore, point: RecoveryPoint): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  await chmod(folder, 0o711);
  const expiresAt = new Date(Date.now() + 600_000).toISOString();
  const request: WorkerRequest = {
    level: 'L0',
    request: {
      kind: 'restore',
      token: 'token-1',
      spec,
      point,
      drill: {
        drillId: 'd-1',
        startedAt: '2026-01-01T00:00:00.000Z',
        sandbox: { provider: 'local', expiresAt, minimumIsolation: 'L0', folder },
        sources: [],
      },
    },
  };
  await writeFile(join(folder, 'request.json'), JSON.stringify(request));
}

/** Restores a point into a folder by a real worker, and gives the settled state. */
export async function restoreInto(
  folder: string,
  spec: LocalRestore,
  point: RecoveryPoint,
  env: NodeJS.ProcessEnv = ENV,
): Promise<Worker & { readonly state: ResourceState }> {
  await writeRequest(folder, spec, point);
  const worker = startWorker(folder, env);
  return { ...worker, state: await worker.settled() };
}

export function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (list.length !== 1 || first === undefined) throw new Error(`there are ${list.length}: ${JSON.stringify(list)}`);
  return first;
}
