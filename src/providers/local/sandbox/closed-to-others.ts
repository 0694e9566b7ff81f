import { execFile } from 'node:child_process';
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { processStartTime } from '../../../support/process-identity.ts';
import type { IsolationProof } from '../../resource.ts';
import { SANDBOX_UID, dropsRoot } from './launch.ts';

const run = promisify(execFile);

/** Proves, by its permissions, that nobody but the owner enters a folder (and, as root at L0, the sandbox's own uid). */
export async function proveClosed(folder: string, what: string): Promise<IsolationProof> {
  const words = {
    claim: `nobody else can enter ${what}`,
    method: 'read the permissions',
    expected: dropsRoot('L0') ? `mode 0700, or 0710 for the sandbox's own gid ${SANDBOX_UID}` : 'mode 0700',
  };
  try {
    const { mode, gid, uid } = await stat(folder);
    const bits = mode & 0o777;
    const letsSandboxPass = dropsRoot('L0') && gid === SANDBOX_UID && bits === 0o710;
    return {
      ...words,
      observed: `mode 0${bits.toString(8)}, uid ${uid}, gid ${gid}`,
      holds: (bits & 0o077) === 0 || letsSandboxPass,
    };
  } catch (error) {
    return { ...words, observed: unseen(error), holds: false };
  }
}

/** Proves that a server listens on no TCP port, by the kernel's own tables (`lsof` where there is no /proc). */
export async function proveNoTcpListener(pid: number, hasOwnNetwork: boolean): Promise<IsolationProof> {
  const isLinux = process.platform === 'linux';
  const words = {
    claim: 'the restored server listens on no TCP port',
    method: isLinux ? 'read /proc/PID/net/tcp and tcp6' : 'ran lsof',
    expected: 'no listening socket',
  };
  try {
    const listening = isLinux ? await listeningByProc(pid, hasOwnNetwork) : await listeningByLsof(pid);
    // Nobody listens in a process that has ended.
    if ((await processStartTime(pid)) === undefined)
      return { ...words, observed: 'the server has ended', holds: false };
    return { ...words, observed: `${listening} listening`, holds: listening === 0 };
  } catch (error) {
    return { ...words, observed: unseen(error), holds: false };
  }
}

async function listeningByProc(pid: number, hasOwnNetwork: boolean): Promise<number> {
  const [tcp, tcp6] = await Promise.all([
    readFile(`/proc/${pid}/net/tcp`, 'utf8'),
    // Absent where IPv6 is switched off.
    readFile(`/proc/${pid}/net/tcp6`, 'utf8').catch(() => ''),
  ]);
  // Fields 3 (state, 0A is LISTEN) and 9 (inode) of proc_net_tcp.
  const listening = [tcp, tcp6]
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A')
    .map((fields) => `socket:[${fields[9]}]`);
  if (hasOwnNetwork || listening.length === 0) return listening.length;
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const open = await Promise.all(descriptors.map(async (fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return listening.filter((socket) => open.includes(socket)).length;
}

async function listeningByLsof(pid: number): Promise<number> {
  // Ends with 1 and says nothing when there is none.
  const { stdout } = await run('lsof', ['-a', '-nP', '-p', String(pid), '-iTCP', '-sTCP:LISTEN', '-t']).catch(
    (error: { code?: unknown; stdout?: string }) => {
      if (error.code === 1) return { stdout: error.stdout ?? '' };
      throw error;
    },
  );
  return stdout.trim() === '' ? 0 : stdout.trim().split('\n').length;
}

function unseen(error: unknown): string {
  return `it could not be seen (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
}
