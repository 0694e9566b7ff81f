import { isAbsolute, resolve } from 'node:path';

import type { CheckCommon, CommandCheck, HttpCheck, SandboxedProgram } from './check-spec.ts';
import { isBelow } from './is-below.ts';
import type { WrittenCheck } from './written-checks.ts';
import type { WrittenProgramCheck } from './written-program-checks.ts';

type Written<K extends WrittenProgramCheck['kind']> = Extract<WrittenCheck, { kind: K }>;

/** What a check of kind `http` has besides what all checks have. `folder`: absolute, of the runbook. */
export function normaliseHttp(written: Written<'http'>, folder: string): Omit<HttpCheck, keyof CheckCommon> {
  const { start, port, path, expect = {} } = written;
  return {
    kind: 'http',
    start: programOf(start, written, folder),
    port,
    path: path ?? '/',
    status: expect.status ?? 200,
    ...(expect.matches !== undefined && { matches: expect.matches }),
  };
}

/** What a check of kind `command` has besides what all checks have. `folder`: absolute, of the runbook. */
export function normaliseCommand(written: Written<'command'>, folder: string): Omit<CommandCheck, keyof CheckCommon> {
  const { run, expect = {}, reveal } = written;
  return {
    kind: 'command',
    run: programOf(run, written, folder),
    exitCode: expect.exitCode ?? 0,
    ...(expect.matches !== undefined && { matches: expect.matches }),
    reveal: reveal ?? false,
  };
}

/** A program that is named by its path lies where the runbook says, not where the sandbox has its working folder. */
function programOf(
  argv: readonly string[],
  { reads = [], env = {} }: Pick<WrittenProgramCheck, 'reads' | 'env'>,
  folder: string,
): SandboxedProgram {
  const [program = '', ...rest] = argv;
  const readable = reads.map((path) => resolve(folder, path));
  if (!program.includes('/') || isAbsolute(program)) return { argv: [program, ...rest], reads: readable, env };
  const path = resolve(folder, program);
  const isReadable = readable.some((home) => home === path || isBelow(home, path));
  return { argv: [path, ...rest], reads: isReadable ? readable : [...readable, path], env };
}
