import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { untilWeDie } from '../postgres-server.ts';

/** Holds what Python reads before moto, to make it quicker. */
const QUICKER = fileURLToPath(new URL('./moto', import.meta.url));
const START_TIMEOUT_MILLIS = 30_000;
const STOP_TIMEOUT_MILLIS = 5_000;

/** A running moto on a loopback port. */
export interface MotoServer {
  /** E.g. `http://127.0.0.1:43211`. */
  readonly url: string;
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
  const [program = path, ...args] = [...untilWeDie(), path, '-H', '127.0.0.1', '-p', '0'] as readonly string[];
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      // The AMIs and public snapshots that moto brings along cost time at each reset, and no drill looks at them.
      MOTO_EC2_LOAD_DEFAULT_AMIS: 'false',
      PYTHONPATH: [QUICKER, process.env['PYTHONPATH'] ?? ''].filter((one) => one !== '').join(delimiter),
      PYTHONDONTWRITEBYTECODE: '1',
    },
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const url = await announcedUrl(child);
  await untilAnswers(url);
  await post(`${url}/moto-api/config`, JSON.stringify({ lambda: { use_docker: false } }));
  return {
    ...motoServerAt(url),
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

/** A moto that somebody else started, and ends. */
export function motoServerAt(url: string): Omit<MotoServer, 'stop'> {
  return {
    url,
    reset: async () => {
      await post(`${url}/moto-api/reset`);
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
