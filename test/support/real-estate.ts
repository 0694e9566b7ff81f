import type { ChildProcess } from 'node:child_process';
import { link, mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { run } from './run-process.ts';
import type { Ended } from './run-process.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

interface RunbookChange {
  readonly pick: string;
  readonly checks?: string;
  readonly extra?: string;
  /** Another source than the estate's own copy of the sample. */
  readonly source?: string;
  /** How far to replay. */
  readonly to?: string;
}

/** A folder with the sample estate and a runbook on it, in which the built command is called as a user would. */
export interface RealEstate {
  readonly folder: string;
  /** Writes a runbook that picks one recovery point by id, and gives its path. */
  runbook(name: string, change: RunbookChange): Promise<string>;
  drillbook(args: readonly string[], options?: { env?: NodeJS.ProcessEnv }): Promise<Ended>;
  /** The same, still running. */
  start(args: readonly string[], env?: NodeJS.ProcessEnv): { child: ChildProcess; ended: Promise<Ended> };
  report(drillId: string): Promise<Record<string, unknown> & { verdict: string }>;
  remove(): Promise<void>;
}

/**
 * A fresh temporary folder with the sample estate that was built once for all end-to-end tests. Its files are links to the
 * built ones, 280 MB: drillbook only reads them, and who damages one writes to a copy.
 */
export async function realEstate(): Promise<RealEstate> {
  const estate = await emptyEstate();
  await linkTree(join(inject('builtEstate'), '.drillbook'), join(estate.folder, '.drillbook'));
  return estate;
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    await (entry.isDirectory() ? linkTree(source, target) : link(source, target));
  }
  const { atime, mtime } = await stat(from);
  await utimes(to, atime, mtime);
}

/** The same without any sample: each runbook names its own source. */
export async function emptyEstate(): Promise<RealEstate> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'drillbook-estate-')));
  await mkdir(join(folder, 'runbooks'));
  const start = (args: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
    run(process.execPath, [CLI, ...args], { cwd: folder, env });
  return {
    folder,
    async runbook(name, change) {
      const file = join(folder, 'runbooks', `${name}.yaml`);
      await writeFile(file, runbookText(name, change));
      return file;
    },
    drillbook: async (args, options) => start(args, options?.env).ended,
    start,
    report: async (drillId) =>
      JSON.parse(await readFile(join(folder, 'reports', drillId, 'report.json'), 'utf8')) as Awaited<
        ReturnType<RealEstate['report']>
      >,
    remove: async () => rm(folder, { recursive: true, force: true }),
  };
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

function runbookText(name: string, { pick, checks, extra, source, to }: RunbookChange): string {
  return `runbook: ${name}
objectives: { rto: 15m, rpo: 1h }
sandbox: { provider: local, expiresAfter: 2h, isolation: { minimum: L0 } }
${extra ?? ''}
restore:
  orders:
    kind: postgres
    source: ${source ?? '../.drillbook/sample/bookshop'}
    database: bookshop
    recoveryPoint: { id: '${pick}'${to === undefined ? '' : `, to: ${to}`} }
checks:
${
  checks ??
  `  - { smoke: orders accepts logins, of: orders, kind: login }
  - { integrity: the contents are those of the source, of: orders, kind: manifest }`
}
`;
}
