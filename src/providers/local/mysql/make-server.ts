import { mkdir } from 'node:fs/promises';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { discardRestored } from '../worker/folder-layout.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { temporaryFolder } from './run-server.ts';
import { runSandboxed } from './sandboxed-tool.ts';
import type { ServerPrograms } from './server-binaries.ts';

/**
 * Makes the data folder of an empty server, in place of whatever was there.
 *
 * @throws ProblemError `restore/server-not-made`
 */
export async function makeEmptyServer(
  context: Pick<WorkerContext, 'layout' | 'level' | 'signal'>,
  programs: ServerPrograms,
): Promise<void> {
  const { layout } = context;
  await discardRestored(layout);
  const temporary = temporaryFolder(layout);
  for (const folder of [layout.data, temporary]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const { code, output } = await runSandboxed(context, {
    command: commandOf(programs, layout.data, temporary),
    readOnly: programs.readOnlyPaths,
    writable: [layout.data, temporary],
  });
  if (code === 0) return;
  const isFull = /No space left on device|errno: 28\b/.test(output);
  throw new ProblemError({
    code: 'restore/server-not-made',
    message: `an empty server could not be made: ${isFull ? 'the disk is full' : `its installer ended with ${code ?? 'a signal'}`}`,
    hint: "Run the drill with '--keep-on-failure' and read 'server.log' in the restore's folder.",
    blames: 'environment',
  });
}

function commandOf({ flavour, server, installDb }: ServerPrograms, data: string, temporary: string): string[] {
  const common = ['--no-defaults', `--datadir=${data}`, `--tmpdir=${temporary}`, '--innodb-flush-method=nosync'];
  if (flavour === 'mysql' || installDb === undefined) return [server, ...common, '--initialize-insecure'];
  return [installDb, ...common, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
}
