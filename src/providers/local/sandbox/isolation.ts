import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalLevel } from '../../../runbook/runbook.ts';
import type { IsolationEvidence, IsolationProof } from '../../resource.ts';
import { type Canaries, openCanaries } from './canaries.ts';
import { proveClosed, proveNoTcpListener } from './closed-to-others.ts';
import { ESCAPE_SCRIPT, type EscapeAttempt, type EscapeTargets } from './escape-script.ts';
import { judgeEscape } from './judge-isolation.ts';
import { sandboxCommand, searchPath } from './launch.ts';
import { parentOf } from './processes.ts';

const run = promisify(execFile);

/** Which sandbox is to be tried; after a restore, from its server's own side. */
export interface IsolationTrial {
  readonly level: LocalLevel;
  /** The sandbox's folder. */
  readonly folder: string;
  /** Where tools are looked for, besides the folders of system tools. */
  readonly path: string | undefined;
  readonly restored?: RestoredServer;
}

export interface RestoredServer {
  /** On the host. */
  readonly pid: number;
  readonly folder: string;
  readonly socketFolder: string;
}

/** Makes the arguments that run a command inside: in a sandbox of the same shape, or beside the restored server. */
export type Inside = (command: readonly string[], shape: ProofShape) => Promise<readonly string[]> | readonly string[];

/** Folders that stand for those of a restore. */
export interface ProofShape {
  readonly readOnly: string;
  readonly writable: string;
  readonly scratch: string;
}

/** Longest that an attempt to get out may take; it takes some 150 ms. */
const ATTEMPT_LIMIT = 10_000;

/**
 * Tries to get out of a sandbox, and says of every claim that its level makes whether it holds. Whatever keeps an
 * attempt from being made keeps its claims from holding.
 *
 * @param inside how to get in, where the usual way is not what is to be tried
 */
export async function proveIsolation(
  trial: IsolationTrial,
  inside: Inside = usualWayIn(trial),
): Promise<IsolationEvidence> {
  const { level, folder, restored } = trial;
  const proofs: IsolationProof[] = [await proveClosed(folder, "the sandbox's folder")];
  if (restored) {
    proofs.push(
      await proveClosed(restored.folder, "the restored resource's folder"),
      await proveClosed(restored.socketFolder, "the folder of the server's socket"),
      await proveNoTcpListener(restored.pid, level !== 'L0'),
    );
  }
  if (level !== 'L0') proofs.push(...(await tryToEscape({ ...trial, level }, inside)));
  return { level, proofs };
}

async function tryToEscape(
  trial: IsolationTrial & { level: Exclude<LocalLevel, 'L0'> },
  inside: Inside,
): Promise<readonly IsolationProof[]> {
  // All of it lies in the sandbox's folder, so that what a killed runner leaves goes with that; none of it is shown
  // inside but what stands for a restore's folders.
  const proofFolder = await mkdtemp(join(trial.folder, '.proof-'));
  const outside = join(proofFolder, 'outside');
  await mkdir(outside, { mode: 0o700 });
  const canaries = await openCanaries(outside);
  try {
    const shape = await makeShape(proofFolder);
    const readOnly = trial.restored ? ['/', '/usr'] : ['/', '/usr', shape.readOnly];
    const attempt = await attemptUntilMade({ trial, inside, shape, canaries, readOnly });
    const server = trial.restored && (await namespacesOf(trial.restored.pid));
    return judgeEscape({
      level: trial.level,
      attempt,
      canaries,
      from: server ? "from the restored server's own namespaces" : 'from a sandbox of the same shape',
      runner: await namespacesOf('self'),
      ...(server && { server }),
    });
  } finally {
    await canaries.close();
    await rm(proofFolder, { recursive: true, force: true });
  }
}

async function makeShape(folder: string): Promise<ProofShape> {
  const shape = { readOnly: join(folder, 'given'), writable: join(folder, 'data'), scratch: join(folder, 'scratch') };
  for (const one of Object.values(shape)) await mkdir(one, { mode: 0o700 });
  return shape;
}

interface EscapeOptions {
  readonly trial: IsolationTrial;
  readonly inside: Inside;
  readonly shape: ProofShape;
  readonly canaries: Canaries;
  readonly readOnly: readonly string[];
}

/** How often an attempt that could not be made is made again: on a busy machine, entering namespaces fails now and then. */
const MAX_ATTEMPTS = 3;

/** An attempt that could be made stands, whatever it shows; only one that could not says nothing and is made again. */
async function attemptUntilMade(options: EscapeOptions): Promise<EscapeAttempt | { failed: string }> {
  for (let n = 1; ; n += 1) {
    const attempt = await attemptEscape(options);
    if (!('failed' in attempt) || n >= MAX_ATTEMPTS) return attempt;
  }
}

async function attemptEscape(options: EscapeOptions): Promise<EscapeAttempt | { failed: string }> {
  const { canaries, readOnly, trial } = options;
  const targets: EscapeTargets = {
    port: canaries.tcp.port,
    socket: canaries.unix.socket,
    file: canaries.file,
    readOnly,
  };
  try {
    const script = [process.execPath, '-e', ESCAPE_SCRIPT, '--', JSON.stringify(targets)];
    const [file = '', ...args] = await options.inside(script, options.shape);
    const env = { PATH: searchPath(trial.path), LC_ALL: 'C' };
    const { stdout } = await run(file, args, { cwd: '/', env, timeout: ATTEMPT_LIMIT, killSignal: 'SIGKILL' });
    return JSON.parse(stdout) as EscapeAttempt;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    return { failed: stderr?.trim().split('\n').at(-1) || (message.split('\n')[0] ?? message) };
  }
}

function usualWayIn({ level, restored }: IsolationTrial): Inside {
  if (restored) return (command) => beside(restored.pid, level, command);
  return (command, { readOnly, writable, scratch }) =>
    sandboxCommand({ level, readOnly: [readOnly], writable: [writable], command, scratch });
}

/**
 * Runs a command in the namespaces of a process in a sandbox. At L2 an ordinary user gets there in two steps, as it came
 * in: first the outer user namespace, that of the parent, in which it may do everything.
 */
async function beside(pid: number, level: LocalLevel, command: readonly string[]): Promise<readonly string[]> {
  const enter = (target: number, namespaces: readonly string[]): readonly string[] => [
    'nsenter',
    '--target',
    String(target),
    '--preserve-credentials',
    ...namespaces,
    '--',
  ];
  if (level === 'L1') return [...enter(pid, ['--user', '--net', '--pid']), ...command];
  const parent = await parentOf(pid);
  if (parent === undefined) throw new Error('the restored server does not run');
  return [
    ...enter(parent, ['--user']),
    ...enter(pid, ['--user', '--mount', '--net', '--pid', '--ipc', '--uts']),
    ...command,
  ];
}

async function namespacesOf(pid: number | 'self'): Promise<Record<string, string>> {
  const found = await Promise.all(
    ['user', 'net', 'mnt', 'pid'].map(async (name) => {
      const inode = await readlink(`/proc/${pid}/ns/${name}`).catch(() => undefined);
      return inode === undefined ? [] : [[name, inode] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}
