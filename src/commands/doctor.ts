import { access, constants, statfs } from 'node:fs/promises';
import { availableLevel } from '../providers/local/sandbox/levels.ts';
import { loopbackProblem } from '../providers/local/sandbox/loopback.ts';
import { findServer, postgresDirsOf } from '../providers/local/postgres/server-binaries.ts';
import { formatBytes } from '../report/format.ts';
import type { CommandIo } from './io.ts';
import { version } from './version.ts';

/** Majors of PostgreSQL that are still out there. */
const MAJORS = [13, 14, 15, 16, 17, 18];

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly says: string;
}

/** `drillbook doctor`: what this machine can do, and what is missing. Exit 0 when a drill can run, else 3. */
export async function doctorCommand(options: { json?: boolean }, io: CommandIo): Promise<number> {
  const isolation = await availableLevel({ path: io.env['PATH'] });
  const noLoopback = await loopbackProblem(isolation, { path: io.env['PATH'] });
  const servers = await serversOf(io);
  const findings: readonly Finding[] = [
    {
      what: 'drillbook',
      ok: true,
      says: `${version()} on Node ${process.versions.node}, ${process.platform}-${process.arch}`,
    },
    { what: 'isolation', ok: isolation.level === 'L2', says: `${isolation.level}: ${isolation.because}` },
    {
      what: 'programs that listen',
      ok: noLoopback === undefined,
      says: noLoopback?.hint ?? 'checks of kind http can be done',
    },
    ...servers,
    await writable(io),
  ];
  io.stdout(options.json ? `${JSON.stringify(findings, undefined, 2)}\n` : findings.map(line).join(''));
  return servers.some(({ ok }) => ok) && findings.at(-1)?.ok === true ? 0 : 3;
}

async function serversOf(io: CommandIo): Promise<readonly Finding[]> {
  const dirs = postgresDirsOf(io.env);
  const path = io.env['PATH'];
  return Promise.all(
    MAJORS.map(async (major) => {
      const found = await findServer({ major, ...(dirs && { dirs }), ...(path !== undefined && { path }) });
      const what = `PostgreSQL ${major}`;
      return found.kind === 'found'
        ? { what, ok: true, says: `${found.version} (${found.origin}) in ${found.binDir}` }
        : { what, ok: false, says: found.problem.hint };
    }),
  );
}

async function writable(io: CommandIo): Promise<Finding> {
  const what = 'this folder';
  try {
    await access(io.cwd, constants.W_OK);
    const { bavail, bsize } = await statfs(io.cwd);
    return { what, ok: true, says: `${formatBytes(bavail * bsize)} free for sandboxes and reports` };
  } catch {
    return { what, ok: false, says: `'${io.cwd}' cannot be written; call drillbook in a folder that can` };
  }
}

function line({ what, ok, says }: Finding): string {
  return `${ok ? 'ok     ' : 'missing'}  ${what}: ${says}\n`;
}
