import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type RecoveryPointFinding, findGaps } from '../catalog/gaps.ts';
import type { RecoveryPointListing } from '../catalog/recovery-point.ts';
import type { RestoreSpec } from '../runbook/runbook.ts';
import { formatBytes } from '../report/format.ts';
import { systemClock } from '../support/clock.ts';
import type { Millis } from '../support/time.ts';
import { type CommandIo, printProblem } from './io.ts';
import { readRunbook } from './read-runbook.ts';
import { wireProvider } from './wire.ts';

interface Listed {
  readonly resource: string;
  readonly source: string;
  readonly listing: RecoveryPointListing;
  readonly findings: readonly RecoveryPointFinding[];
}

/**
 * `drillbook recovery-points`: everything that sources hold, what of it is unusable and why, and gaps against the RPO; of
 * a runbook, of a folder, or, without either, of all runbooks in `runbooks/`.
 */
export async function recoveryPointsCommand(
  target: string | undefined,
  options: { json?: boolean },
  io: CommandIo,
): Promise<number> {
  const sources = target === undefined ? await sourcesOfAll(io) : await sourcesOf(target, io);
  if (sources === undefined) return 2;
  const provider = wireProvider(io);
  try {
    const listed = await Promise.all(sources.map(list));
    io.stdout(options.json ? `${JSON.stringify(listed, undefined, 2)}\n` : listed.map(table).join('\n'));
    return 0;
  } catch (error) {
    printProblem(io, provider.classify(error).problem);
    return 3;
  }

  async function list({ spec, rpo }: Source): Promise<Listed> {
    const listing = await provider.listRecoveryPoints(spec, new AbortController().signal);
    const findings = findGaps({ points: listing.points, now: systemClock.now(), rpo });
    return { resource: spec.name, source: spec.source, listing, findings };
  }
}

interface Source {
  readonly spec: RestoreSpec;
  readonly rpo: Millis | undefined;
}

async function sourcesOf(target: string, io: CommandIo): Promise<readonly Source[] | undefined> {
  const path = resolve(io.cwd, target);
  const isFolder = await stat(path).then(
    (one) => one.isDirectory(),
    () => false,
  );
  if (isFolder) return [{ spec: specOfFolder(path), rpo: undefined }];
  const runbook = await readRunbook(target, io);
  const rpo = runbook?.objectives.rpo?.target;
  return runbook?.restore.map((spec) => ({ spec, rpo }));
}

async function sourcesOfAll(io: CommandIo): Promise<readonly Source[] | undefined> {
  const names = await readdir(join(io.cwd, 'runbooks')).catch(() => []);
  const files = names.filter((name) => /\.ya?ml$/.test(name)).map((name) => join('runbooks', name));
  const sources = await Promise.all(files.sort().map(async (file) => sourcesOf(file, io)));
  return sources.includes(undefined) ? undefined : sources.flatMap((of) => of ?? []);
}

function specOfFolder(source: string): RestoreSpec {
  return {
    name: 'source',
    kind: 'postgres',
    source,
    needs: [],
    recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'backup-end' } },
    database: 'postgres',
    superuser: 'postgres',
    preload: [],
  };
}

function table({ resource, source, listing, findings }: Listed): string {
  const rows = listing.points.map(
    ({ id, capturedAt, format, consistency, engine, bytes }) =>
      `  ${id}  ${capturedAt}  ${engine.name} ${engine.version}  ${format}, ${consistency}-consistent` +
      (bytes === undefined ? '' : `, ${formatBytes(bytes)}`),
  );
  const unusable = listing.unusable.map(
    ({ id, problem }) => `  ${id}  not usable: ${problem.message} [${problem.code}]\n    hint: ${problem.hint}`,
  );
  const found = findings.map(({ message }) => `  finding: ${message}`);
  return [`${resource} (${source}): ${listing.points.length} recovery points`, ...rows, ...unusable, ...found, ''].join(
    '\n',
  );
}
