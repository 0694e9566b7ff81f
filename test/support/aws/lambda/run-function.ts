import { type ChildProcess, spawn } from 'node:child_process';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';

/** A function's code unpacked, to be run in processes of its own. */
export interface UnpackedFunction {
  /** Runs the handler once. Resolves when its process has ended. */
  invoke(event: string, options: InvokeOptions): Promise<Outcome>;
  /** Ends what runs, and removes the code. */
  remove(): Promise<void>;
}

export interface InvokeOptions {
  /** Of the handler, e.g. `index.handler`. */
  readonly handler: string;
  readonly timeoutMillis: number;
  /** All of the process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** `HOST:PORT` of the resolver of the process; the machine's own unless named. */
  readonly resolver?: string;
}

/** `isError`: the payload is an error as Lambda words it. */
export interface Outcome {
  readonly isError: boolean;
  readonly payload: string;
  /** What the handler logged, as it would be in CloudWatch Logs. */
  readonly log: string;
}

/** Stands for the runtime: loads the handler and calls it with the event and a context that knows the remaining time. */
const BOOTSTRAP = `
import dns from 'node:dns/promises';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { existsSync, writeSync } from 'node:fs';
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { handler, timeout, resolver, event } = JSON.parse(Buffer.concat(chunks).toString());
if (resolver) dns.setServers([resolver]);
const ends = performance.now() + timeout;
const [module, name] = handler.split('.');
const file = ['mjs', 'js', 'cjs'].map((end) => join(process.env.LAMBDA_TASK_ROOT, module + '.' + end)).find(existsSync);
let answer;
try {
  const loaded = await import(pathToFileURL(file));
  answer = { result: (await loaded[name](event, { getRemainingTimeInMillis: () => ends - performance.now() })) ?? null };
} catch (error) {
  answer = { error: { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\\n') } };
}
const bytes = Buffer.from(JSON.stringify(answer));
for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
process.exit(0);
`;

/** @param authorities PEM of the tests' own authority, which the code is to trust beside those of Amazon RDS */
export async function unpackFunction(zip: Uint8Array, authorities: string): Promise<UnpackedFunction> {
  const folder = await mkdtemp(join(tmpdir(), 'drillbook-lambda-'));
  for (const [name, content] of Object.entries(unzipSync(zip))) await writeFile(join(folder, name), content);
  await appendFile(join(folder, 'rds-ca.pem'), authorities);
  await writeFile(join(folder, '.bootstrap.mjs'), BOOTSTRAP);
  const running = new Set<ChildProcess>();
  return {
    async invoke(event, options) {
      const child = spawn(process.execPath, [join(folder, '.bootstrap.mjs')], {
        cwd: folder,
        env: { ...options.env, LAMBDA_TASK_ROOT: folder },
        stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      });
      running.add(child);
      try {
        return await outcomeOf(child, event, options);
      } finally {
        running.delete(child);
      }
    },
    async remove() {
      for (const child of running) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function outcomeOf(child: ChildProcess, event: string, options: InvokeOptions): Promise<Outcome> {
  const { handler, timeoutMillis: timeout, resolver } = options;
  const read = ['', '', '', ''];
  for (const stream of [1, 2, 3]) {
    child.stdio[stream]?.on('data', (chunk: Buffer) => (read[stream] += chunk.toString()));
  }
  const settings = JSON.stringify({ handler, timeout, resolver });
  child.stdin?.end(`${settings.slice(0, -1)},"event":${event}}`);
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    child.kill('SIGKILL');
  }, timeout);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  clearTimeout(timer);
  const log = `${read[1]}${read[2]}`;
  if (isOver) return failed('Sandbox.Timedout', `Task timed out after ${(timeout / 1_000).toFixed(2)} seconds`, log);
  if (read[3] === '') return failed('Runtime.ExitError', 'Runtime exited without providing a reason', log);
  const answer = JSON.parse(read[3] ?? '') as { result?: unknown; error?: unknown };
  return { isError: 'error' in answer, payload: JSON.stringify('error' in answer ? answer.error : answer.result), log };
}

function failed(errorType: string, errorMessage: string, log: string): Outcome {
  return { isError: true, payload: JSON.stringify({ errorType, errorMessage }), log };
}
