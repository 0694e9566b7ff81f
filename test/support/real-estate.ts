import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** What a process that a test started came to. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with the sample estate and a runbook on it, in which the built command is called as a user would. */
export interface RealEstate {
  readonly folder: string;
  /** Writes a runbook that picks one recovery point by id, and gives its path. */
  runbook(name: string, change: { pick: string; checks?: string; extra?: string }): Promise<string>;
  drillbook(args: readonly string[], options?: { env?: NodeJS.ProcessEnv }): Promise<Ended>;
  /** The same, still running. */
  start(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> };
  report(drillId: string): Promise<Record<string, unknown> & { verdict: string }>;
  remove(): Promise<void>;
}

/** Builds the sample in a fresh temporary folder. */
export async function realEstate(): Promise<RealEstate> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'drillbook-estate-')));
  await mkdir(join(folder, 'runbooks'));
  const start = (args: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
    run(process.execPath, [CLI, ...args], { cwd: folder, env });
  const built = await start(['sample']).ended;
  if (built.code !== 0) throw new Error(`the sample cannot be built: ${built.stderr}`);
  return {
    folder,
    async runbook(name, change) {
      const file = join(folder, 'runbooks', `${name}.yaml`);
      await writeFile(file, runbookText(name, change));
      return file;
    },
    drillbook: async (args, options) => start(args, options?.env).ended,
    start: (args) => start(args),
    report: async (drillId) =>
      JSON.parse(await readFile(join(folder, 'reports', drillId, 'report.json'), 'utf8')) as Awaited<
        ReturnType<RealEstate['report']>
      >,
    remove: async () => rm(folder, { recursive: true, force: true }),
  };
}

/** Starts a process and collects what it prints. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** Command lines of living processes that name a folder, and mounts below it: what a finished drill must not leave. */
export async function tracesOf(folder: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')),
  );
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  const sandboxes = await readdir(join(folder, '.drillbook', 'sandboxes')).catch(() => []);
  return [...commands, ...mounts, ...sandboxes.map((name) => `sandbox ${name} in ${folder}`)].filter((one) =>
    one.includes(folder),
  );
}

function runbookText(name: string, { pick, checks, extra }: { pick: string; checks?: string; extra?: string }): string {
  return `runbook: ${name}
objectives: { rto: 15m, rpo: 1h }
sandbox: { provider: local, expiresAfter: 2h, isolation: { minimum: L0 } }
${extra ?? ''}
restore:
  orders:
    kind: postgres
    source: ../.drillbook/sample/bookshop
    database: bookshop
    recoveryPoint: { id: '${pick}' }
checks:
${
  checks ??
  `  - { smoke: orders accepts logins, of: orders, kind: login }
  - { integrity: the contents are those of the source, of: orders, kind: manifest }`
}
`;
}
