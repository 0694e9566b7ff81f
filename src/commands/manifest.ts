import { resolve } from 'node:path';
import { writeManifest } from '../catalog/manifest-file.ts';
import type { FilesManifest, Manifest, RecordedManifest } from '../checks/manifest-format.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { recordFilesManifest } from '../probe/files/record-manifest.ts';
import { recordManifest } from '../probe/postgres/record-manifest.ts';
import { readSecret } from '../probe/secret.ts';
import { isWithin } from '../providers/local/sandbox/launch.ts';
import type { ManifestCheck } from '../runbook/check-spec.ts';
import type { LiveSource, RestoreSpec } from '../runbook/restore-spec.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import { type CommandIo, printProblem } from './io.ts';
import { recordSqliteManifest } from './record-sqlite-manifest.ts';

/** Longest that reading one table of the living source may take. */
const STATEMENT_TIMEOUT = 6 * 3_600_000;

const OK = 0;
const BAD_INPUT = 2;
const INCONCLUSIVE = 3;

export interface ManifestArgs {
  readonly runbook: Runbook;
  /** The resource whose source is recorded; needed where the runbook names several. */
  readonly of?: string;
  /** The recovery point whose end is this very moment. */
  readonly recoveryPoint?: string;
  /** Where to write; by default where the resource's manifest check reads. */
  readonly output?: string;
}

/** A database that is a file, and the name that checks have for it. */
interface LiveFile {
  readonly path: string;
  readonly database: string;
}

/** A folder of files that live; checks know no database in it. */
interface LiveFolder {
  readonly folder: string;
  readonly database: '';
}

/** What must be known before the living source is asked. */
interface Task {
  readonly live: LiveSource | LiveFile | LiveFolder;
  readonly file: string;
  readonly bounded: NonNullable<ManifestCheck['bounded']>;
}

/** Records what a restore must contain from the living source. Gives the exit code. */
export async function manifestCommand(
  args: ManifestArgs,
  io: Pick<CommandIo, 'stdout' | 'stderr' | 'env'>,
): Promise<number> {
  const task = taskOf(args);
  if ('code' in task) return refused(io, task, BAD_INPUT);
  const manifest = await record(task, args.recoveryPoint, io);
  if ('code' in manifest) return refused(io, manifest, INCONCLUSIVE);
  const unwritten = await write(task.file, manifest);
  if (unwritten) return refused(io, unwritten, INCONCLUSIVE);
  report(task.file, manifest, io);
  return OK;
}

async function record(
  { live, bounded }: Task,
  recoveryPoint: string | undefined,
  io: Pick<CommandIo, 'env'>,
): Promise<RecordedManifest | Problem> {
  const { signal } = new AbortController();
  const wanted = { bounded, ...(recoveryPoint !== undefined && { recoveryPointId: recoveryPoint }) };
  if ('folder' in live) return recordFilesManifest({ folder: live.folder, at: systemClock.now(), ...wanted }, signal);
  if ('path' in live) return recordSqliteManifest({ live: live.path, database: live.database, ...wanted }, signal);
  const password = live.password === undefined ? '' : await readSecret(live.password, io.env);
  if (typeof password !== 'string') return password;
  return recordManifest({ login: { ...live, password, statementTimeout: STATEMENT_TIMEOUT }, ...wanted }, signal);
}

function taskOf({ runbook, of, recoveryPoint, output }: ManifestArgs): Task | Problem {
  const named = runbook.restore.filter(({ name }) => of === undefined || name === of);
  const [spec] = named;
  if (spec === undefined)
    return badInput(
      `runbook '${runbook.name}' restores nothing called '${of}'`,
      'Name one of its resources with --of.',
    );
  if (named.length > 1)
    return badInput(`runbook '${runbook.name}' restores several resources`, 'Name the one to record with --of.');
  const live = liveOf(spec);
  if ('code' in live) return live;
  const check = runbook.checks.find(
    (one): one is ManifestCheck => one.kind === 'manifest' && one.of === spec.name && one.database === live.database,
  );
  const file = output ?? check?.file;
  if (file === undefined)
    return badInput(
      `'${spec.name}' has no manifest check${live.database === '' ? '' : ` on database '${live.database}'`}`,
      'Add one, or say where to write with --output.',
    );
  if (file.includes('{recoveryPoint}') && recoveryPoint === undefined) {
    return badInput(
      `the manifest of '${spec.name}' is one for each recovery point`,
      'Say with --recovery-point which one this moment is.',
    );
  }
  const place = file.replaceAll('{recoveryPoint}', recoveryPoint ?? '');
  if (spec.kind === 'files' && isWithin(resolve(place), spec.source))
    return badInput(
      `the manifest of '${spec.name}' would be written into its source, which is only read`,
      'Say where to write with --output, outside of the source.',
    );
  return { live, file: place, bounded: check?.bounded ?? [] };
}

function liveOf(spec: RestoreSpec): Task['live'] | Problem {
  const { name, kind } = spec;
  const unknown = badInput(
    `the living source of '${name}' is not known`,
    `Say in the runbook where it is: restore.${name}.live.`,
  );
  if (kind === 'sqlite') {
    return spec.live === undefined ? unknown : { path: spec.live, database: spec.database };
  }
  if (kind === 'files') return spec.live === undefined ? unknown : { folder: spec.live, database: '' };
  if (kind === 'postgres' || kind === 'postgres-dump') return spec.live ?? unknown;
  return badInput(
    `no manifest is recorded from the living source of '${name}', which is of kind '${kind}'`,
    "Check its contents otherwise, for example by 'row-counts', or of files by 'files'.",
  );
}

async function write(file: string, manifest: RecordedManifest): Promise<Problem | undefined> {
  try {
    await writeManifest(file, manifest);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const message = `unable to write the manifest '${file}': ${code}`;
    return { code: 'manifest/unwritable', message, hint: 'Choose another place with --output.', blames: 'environment' };
  }
}

function report(file: string, manifest: RecordedManifest, io: Pick<CommandIo, 'stdout' | 'stderr'>): void {
  io.stderr('entries' in manifest ? filesWords(manifest) : databaseWords(manifest));
  io.stdout(`${file}\n`);
}

function filesWords({ moment, entries }: FilesManifest): string {
  const bytes = entries.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  const recorded = `recorded ${entries.length} files with ${bytes} bytes as of ${moment.at}\n`;
  if (moment.recoveryPointId !== undefined) return recorded;
  return `${recorded}no recovery point is known to be of this very moment: nothing in it will be compared\n`;
}

function databaseWords({ moment, contents }: Manifest): string {
  const rows = contents.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const position = moment.lsn === '' ? '' : `, WAL position ${moment.lsn}`;
  const recorded = `recorded ${contents.tables.length} tables with ${rows} rows as of ${moment.at}${position}\n`;
  if (moment.recoveryPointId !== undefined || !moment.approximate) return recorded;
  const alternative = contents.bounded.length > 0 ? 'only its bounded entries' : 'nothing in it';
  return `${recorded}the source was written to meanwhile, so no restore ends in this very moment: ${alternative} will be compared\n`;
}

function badInput(message: string, hint: string): Problem {
  return { code: 'manifest/bad-input', message, hint, blames: 'environment' };
}

function refused(io: Pick<CommandIo, 'stderr'>, problem: Problem, exitCode: number): number {
  printProblem(io, problem);
  return exitCode;
}
