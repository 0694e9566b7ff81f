import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MILLIS = 30_000;
const STOP_TIMEOUT_MILLIS = 5_000;

/** A running moto of our own on a free loopback port. */
export interface MotoServer {
  /** E.g. `http://127.0.0.1:43211`. */
  readonly url: string;
  readonly pid: number;
  /** Forgets every resource of every account. */
  reset(): Promise<void>;
  /** Ends the process; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Where `moto_server` is looked for: `.venv/bin` of the working directory, then PATH. */
function usualFolders(): string[] {
  return [join('.venv', 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)].filter((one) => one !== '');
}

/** The path of `moto_server` in the first of the folders that has it; `undefined` where none has. */
export async function findMotoServer(folders: readonly string[] = usualFolders()): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, 'moto_server');
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** Starts `moto_server` and waits until it answers. Throws with its last output when it does not. */
export async function startMotoServer(path: string): Promise<MotoServer> {
  const child = spawn(path, ['-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The AMIs and public snapshots that moto brings along cost time at each reset, and no drill looks at them.
    env: { ...process.env, MOTO_EC2_LOAD_DEFAULT_AMIS: 'false' },
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const url = await announcedUrl(child);
  await untilAnswers(url);
  await post(`${url}/moto-api/config`, JSON.stringify({ lambda: { use_docker: false } }));
  return {
    url,
    pid: child.pid ?? 0,
    reset: async () => {
      await post(`${url}/moto-api/reset`);
    },
    stop: async () => {
      process.removeListener('exit', killWithUs);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const forced = setTimeout(killWithUs, STOP_TIMEOUT_MILLIS);
      await gone;
      clearTimeout(forced);
    },
  };
}

async function announcedUrl(child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`moto_server did not start within ${START_TIMEOUT_MILLIS} ms: ${output.slice(-2_000)}`));
    }, START_TIMEOUT_MILLIS);
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
      const found = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`moto_server ended with ${String(code)} before it answered: ${output.slice(-2_000)}`));
    });
  });
}

async function untilAnswers(url: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MILLIS;
  for (;;) {
    try {
      await fetch(`${url}/moto-api/`);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}

async function post(url: string, body?: string): Promise<void> {
  const response = await fetch(url, { method: 'POST', ...(body === undefined ? {} : { body }) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`moto answered ${response.status} to POST ${url}`);
}
