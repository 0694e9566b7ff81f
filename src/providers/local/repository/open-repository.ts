import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { readSecret } from '../../../probe/secret.ts';
import type { LocalRestore, SecretRef } from '../../../runbook/restore-spec.ts';
import { type FoundTool, findTool } from './find-tool.ts';
import { remoteRepository, repositoryUnreadable } from './repository-problems.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A repository of a backup tool, with what it takes to read it. Never stored: it holds the secret. */
export interface OpenRepository {
  readonly tool: FoundTool;
  /** Absolute path. */
  readonly source: string;
  readonly secret?: string;
  readonly signal: AbortSignal;
}

/** How backup tools write places on other machines; as a path it has become one below the runbook's folder. */
const REMOTE = /(?:^|\/)(?:s3|sftp|rest|b2|azure|gs|swift|rclone|https?):/;

/**
 * Finds the tool, looks whether the repository is there, and reads its secret.
 *
 * @throws ProblemError `restore/tool-missing`, `restore/remote-repository`, `restore/source-unreadable`,
 *   `restore/secret-unreadable`
 */
export async function openRepository(
  spec: LocalRestore,
  env: Environment,
  signal: AbortSignal,
): Promise<OpenRepository> {
  const { repository } = spec;
  if (!repository) throw new Error(`the source of '${spec.name}' is no repository`);
  const source = resolve(spec.source);
  if (REMOTE.test(source)) throw new ProblemError(remoteRepository(source));
  const tool = await findTool(repository.tool, env['PATH'], signal);
  await readdir(source).catch((error: unknown) => {
    throw new ProblemError(repositoryUnreadable(source, (error as NodeJS.ErrnoException).code ?? 'unknown error'));
  });
  const ref = repository.tool === 'restic' ? repository.password : repository.passphrase;
  return { tool, source, signal, ...(ref && { secret: await secretOf(ref, env) }) };
}

async function secretOf(ref: SecretRef, env: Environment): Promise<string> {
  const secret: string | Problem = await readSecret(ref, env);
  if (typeof secret === 'string') return secret;
  throw new ProblemError({ ...secret, code: 'restore/secret-unreadable' });
}
