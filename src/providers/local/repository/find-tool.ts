import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { Repository } from '../../../runbook/restore-spec.ts';
import { searchPath } from '../sandbox/launch.ts';
import { runTool } from './run-tool.ts';

/** A backup tool on this machine. */
export interface FoundTool {
  /** Absolute path. */
  readonly file: string;
  /** As it says, e.g. `0.14.0`. */
  readonly version: string;
  /** `PATH`, for the tool's own children. */
  readonly path: string;
}

/**
 * restic: what Ubuntu 22.04 packages; it knows all that is asked of it. pgBackRest: repo-ls came with 2.32.
 * Debian's package has the tool's name.
 */
const OLDEST: Readonly<Record<Repository['tool'], string>> = { restic: '0.12.0', pgbackrest: '2.32' };

/**
 * Finds the tool of a repository on `PATH`.
 *
 * @throws ProblemError `restore/tool-missing` where there is none, or only an older one than is needed
 */
export async function findTool(
  tool: Repository['tool'],
  path: string | undefined,
  signal: AbortSignal,
): Promise<FoundTool> {
  const folders = searchPath(path);
  const file = await executable(tool, path ?? folders);
  if (file === undefined) throw new ProblemError(missing(tool, 'is not on PATH'));
  const env = { PATH: folders, LC_ALL: 'C' };
  const { stdout } = await runTool({ command: [file, 'version'], env, signal });
  const version = /\b\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? '';
  if (version === '') throw new ProblemError(missing(tool, `at '${file}' does not tell its version`));
  if (isOlder(version, OLDEST[tool])) {
    throw new ProblemError(missing(tool, `at '${file}' is of version ${version}, and ${OLDEST[tool]} is needed`));
  }
  return { file, version, path: folders };
}

async function executable(tool: string, folders: string): Promise<string | undefined> {
  for (const folder of folders.split(delimiter).filter((folder) => folder !== '')) {
    const file = join(folder, tool);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

function isOlder(version: string, than: string): boolean {
  const [parts, needed] = [version, than].map((text) => text.split('.').map(Number));
  for (const [index, wanted] of (needed ?? []).entries()) {
    const have = parts?.[index] ?? 0;
    if (have !== wanted) return have < wanted;
  }
  return false;
}

function missing(tool: Repository['tool'], why: string): Problem {
  return {
    code: 'restore/tool-missing',
    message: `'${tool}' ${why}, and the recovery points are in a repository that only it reads`,
    hint: `Install it (Debian: '${tool}'), version ${OLDEST[tool]} or newer, and let its folder be on PATH.`,
    blames: 'environment',
  };
}
