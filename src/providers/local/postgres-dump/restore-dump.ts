import { rm, stat } from 'node:fs/promises';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { PostgresDumpRestore } from '../../../runbook/restore-spec.ts';
import type { RestoreFacts } from '../../resource.ts';
import { shortMark } from '../mark-file.ts';
import { startServer } from '../postgres/run-server.ts';
import { type LoginFacts, secureLogin } from '../postgres/secure-login.ts';
import { SERVER_PORT, SPECIAL_SETTINGS, writeLoginRules, writeSettings } from '../postgres/server-settings.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { isDone, once, spansOf } from '../worker/phases.ts';
import type { Restored, RunningServer, WorkerContext } from '../worker/worker-context.ts';
import { chooseServer } from './choose-server.ts';
import type { DumpContext } from './dump-context.ts';
import { dumpStart } from './describe-dump.ts';
import { type DumpForm, recogniseDumpFile, recogniseDumpFolder } from './dump-form.ts';
import type { DumpStart } from './dump-start.ts';
import { makeCluster } from './fresh-cluster.ts';
import { type LoadResult, loadDump } from './load-dump.ts';
import { SUPERUSER } from './load-sessions.ts';

const PHASES = ['free space', 'initdb', 'load', 'secure login'] as const;

/** Settings beside those of every restore: indexes are made from scratch, and without a log of what is in them. */
const LOAD_SETTINGS = { maintenance_work_mem: '256MB', wal_level: 'minimal' };
/**
 * What a database takes, as a multiple of its dump as stored: an estimate, of text that becomes rows and indexes, and of
 * the usual yield of gzip.
 */
const SPACE_FACTORS = { uncompressed: 1.5, compressed: 6 };

/**
 * Restores a dump into a new server, and serves it. Repeatable at any point; a load that was interrupted begins anew in
 * an empty cluster, so that nothing is loaded twice.
 *
 * @throws ProblemError for whatever the world did not allow; then no server is left
 */
export async function restoreDump(given: WorkerContext<PostgresDumpRestore>): Promise<Restored> {
  const { layout } = given;
  // What an earlier worker has loaded may be gone from where it was fetched to.
  const { form, start } = await once(layout, { name: 'recognise', work: () => recogniseGiven(given) });
  const context = { ...given, form, server: await chooseGiven(given) };
  if (!(await isDone(layout, 'load'))) {
    await once(layout, { name: 'free space', work: () => assertSpace(context) });
    await rm(layout.mark('initdb'), { force: true });
  }
  context.progress({ detail: 'making a cluster' });
  const locale = await once(layout, { name: 'initdb', work: () => makeCluster(context) });
  await configure(context);
  const { server, loaded, login } = await serve(context);
  return {
    server,
    endpoint: {
      kind: 'postgres',
      host: layout.socket,
      port: SERVER_PORT,
      superuser: SUPERUSER,
      credentialsFile: layout.credentials,
    },
    facts: await factsOf(context, { start, locale, loaded, login }),
  };
}

async function serve(context: DumpContext): Promise<{ server: RunningServer; loaded: LoadResult; login: LoginFacts }> {
  const { layout } = context;
  let server: RunningServer | undefined;
  try {
    const loaded = await once(layout, {
      name: 'load',
      async work() {
        context.progress({ detail: 'starting the server' });
        server = await start(context);
        return loadDump(context);
      },
    });
    await context.releaseBackup?.();
    server ??= await start(context);
    context.progress({ detail: 'securing the login' });
    const login = await once(layout, { name: 'secure login', work: () => secureLogin(layout, SUPERUSER) });
    return { server, loaded, login };
  } catch (error) {
    await server?.stop();
    throw error;
  }
}

/** The cluster is ours, so whatever keeps it from starting says nothing of the dump. */
async function start(context: DumpContext): Promise<RunningServer> {
  try {
    return await startServer(context);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    throw new ProblemError({ ...error.problem, blames: 'environment' }, error);
  }
}

async function assertSpace({ form, layout, progress, request: { point } }: DumpContext): Promise<null> {
  progress({ detail: 'looking at free space' });
  const bytes = point.bytes ?? (await stat(form.path)).size;
  const isCompressed = form.kind === 'plain' ? form.compression !== 'none' : form.header.compression !== 'none';
  const problem = await spaceProblem(
    layout.folder,
    bytes * SPACE_FACTORS[isCompressed ? 'compressed' : 'uncompressed'],
  );
  if (problem) throw new ProblemError({ ...problem, message: `${problem.message} (estimated by the dump's size)` });
  return null;
}

async function configure({ layout, server }: DumpContext): Promise<void> {
  await writeSettings(layout, {
    major: Number.parseInt(server.version, 10),
    clusterName: shortMark(layout.folder),
    preload: [],
    target: { kind: 'backup-end' },
    control: { maxPreparedTransactions: 0, maxLocksPerTransaction: 64 },
    more: LOAD_SETTINGS,
  });
  await writeLoginRules(layout, (await isDone(layout, 'secure login')) ? 'password' : 'trust');
}

interface Found {
  readonly start: DumpStart;
  readonly locale: string;
  readonly loaded: LoadResult;
  readonly login: LoginFacts;
}

async function factsOf(
  { layout, request, server }: DumpContext,
  { start, locale, loaded, login }: Found,
): Promise<RestoreFacts> {
  const { point, spec } = request;
  return {
    moment: { recoveryPointId: point.id, target: spec.recoveryPoint.to },
    dataMoments: [{ source: 'recovery-point', at: start.at, error: start.error }],
    engineVersion: `PostgreSQL ${login.version} (${server.origin})`,
    ...(point.bytes === undefined ? {} : { bytesRestored: point.bytes }),
    spans: await spansOf(layout, PHASES),
    settings: [
      ...SPECIAL_SETTINGS,
      ...Object.entries(LOAD_SETTINGS).map(([name, value]) => `${name}=${value}`),
      `locale=${locale} where the dump names none`,
      ...loaded.settings,
      `jobs=${spec.jobs}`,
    ],
    warnings: warningsOf(start, loaded, spec),
  };
}

function warningsOf(start: DumpStart, { madeRoles, databases }: LoadResult, spec: PostgresDumpRestore): Problem[] {
  const warnings: Problem[] = [];
  if (!start.isCertain) {
    warnings.push({
      code: 'restore/dump-start-uncertain',
      message: `it is not known for certain when the dump began: ${start.source}`,
      hint: "Take plain dumps with '--verbose', in UTC: they then say when they began.",
      blames: 'backup',
    });
  }
  // Every server has a superuser, and most call it so: that it is not in the dump is no loss.
  const missing = madeRoles.filter((role) => role !== 'postgres');
  if (missing.length > 0) {
    warnings.push({
      code: 'restore/roles-not-in-dump',
      message: `the dump names roles that it does not hold: ${missing.map((role) => `'${role}'`).join(', ')}; they were made without the right to log in`,
      hint: "Back up the roles too, by 'pg_dumpall --roles-only': a database alone does not hold them.",
      blames: 'backup',
    });
  }
  if (!databases.includes(spec.database)) {
    warnings.push({
      code: 'restore/database-not-in-dump',
      message: `the dump holds no database '${spec.database}'; it holds ${databases.map((name) => `'${name}'`).join(', ')}`,
      hint: "Name one of them as 'database' in the runbook, or in each check.",
      blames: 'environment',
    });
  }
  return warnings;
}

async function recogniseGiven({
  request: { point },
}: WorkerContext<PostgresDumpRestore>): Promise<{ readonly form: DumpForm; readonly start: DumpStart }> {
  const recognised = await recognise(point.location);
  if (recognised.kind === 'unusable') throw new ProblemError(recognised.problem);
  if (recognised.kind === 'none') throw new ProblemError(noDump(point.location));
  return { form: recognised.form, start: await dumpStart(recognised.form) };
}

async function chooseGiven(given: WorkerContext<PostgresDumpRestore>): Promise<DumpContext['server']> {
  given.progress({ detail: 'looking for a server' });
  return chooseServer(given, given.request.point.engine.version);
}

async function recognise(location: string): ReturnType<typeof recogniseDumpFile> {
  const found = await stat(location).catch(() => undefined);
  if (found === undefined) return { kind: 'none' };
  return found.isDirectory() ? recogniseDumpFolder(location) : recogniseDumpFile(location);
}

function noDump(location: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${location}' no longer holds a dump`,
    hint: 'Dumps may have been rotated since the plan was made; run the drill again.',
    blames: 'environment',
  };
}
