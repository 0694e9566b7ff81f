import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { sandboxCommand } from '../sandbox/launch.ts';

/** A backup tool, as it is to be run. */
export interface ToolRun {
  /** Absolute path, then arguments: never a secret, since everyone on the machine reads them. */
  readonly command: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Never shown in what the tool wrote. */
  readonly secret?: string | undefined;
  readonly signal: AbortSignal;
  /** Is given what the tool prints, line by line; then nothing of it is kept. */
  readonly onLine?: (line: string) => void;
}

/** How a tool ended. */
export interface ToolEnd {
  /** `null`: it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  /** Its beginning and its end, where it is long. */
  readonly stderr: string;
}

/** A listing of a hundred thousand WAL segments takes 15 MiB. */
const LONGEST_OUTPUT = 256 * 1024 * 1024;
/** A tool that finds damage may say so of each file. */
const HALF_OF_ERRORS = 32 * 1024;
/** How long a tool may take to end by itself when it is told to. */
const GRACE = 2_000;

/**
 * Runs a backup tool until it ends, as a plain child: it reads as the user that runs drillbook does. It never outlives
 * this process, and is told to end when the signal aborts.
 *
 * @throws the signal's reason, once the tool has ended; ProblemError when it prints without end
 */
export async function runTool(run: ToolRun): Promise<ToolEnd> {
  const { command, env, secret, signal } = run;
  signal.throwIfAborted();
  const [file = '', ...args] = sandboxCommand({ level: 'L0', readOnly: [], writable: [], command, scratch: '/' });
  const child = spawn(file, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
  const stopTelling = endOnAbort(child, signal);
  try {
    const errors = collectErrors(child);
    const [stdout, code] = await Promise.all([outputOf(child, run), exitOf(child)]);
    signal.throwIfAborted();
    return { code, stdout, stderr: secret ? errors().replaceAll(secret, '***') : errors() };
  } finally {
    stopTelling();
  }
}

function endOnAbort(child: ChildProcess, signal: AbortSignal): () => void {
  let killer: NodeJS.Timeout | undefined;
  const tell = (): void => {
    child.kill('SIGTERM');
    killer = setTimeout(() => child.kill('SIGKILL'), GRACE);
  };
  signal.addEventListener('abort', tell, { once: true });
  return () => {
    signal.removeEventListener('abort', tell);
    clearTimeout(killer);
  };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
}

async function outputOf(child: ChildProcess, { command, onLine }: ToolRun): Promise<string> {
  const { stdout } = child;
  if (!stdout) return '';
  if (onLine) {
    for await (const line of createInterface({ input: stdout })) onLine(line);
    return '';
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LONGEST_OUTPUT) {
      child.kill('SIGKILL');
      throw new ProblemError(endlessOutput(command[0] ?? ''));
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Keeps what a tool says of its troubles, bounded. */
function collectErrors({ stderr }: ChildProcess): () => string {
  let head = '';
  let tail = '';
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    const room = HALF_OF_ERRORS - head.length;
    head += text.slice(0, room);
    tail = (tail + text.slice(room)).slice(-HALF_OF_ERRORS);
  });
  return () => head + tail;
}

function endlessOutput(tool: string): ConstructorParameters<typeof ProblemError>[0] {
  return {
    code: 'restore/tool-failed',
    message: `'${tool}' printed more than ${LONGEST_OUTPUT} bytes`,
    hint: 'Split the repository, or tell drillbook of it: no listing is expected to be that long.',
    blames: 'environment',
  };
}
