import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type RecoveryPointFinding, findGaps } from '../catalog/gaps.ts';
import type { RecoveryPointListing } from '../catalog/recovery-point.ts';
import { byCapturedTimeAndId } from '../catalog/selection.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { RestoreSpec, SandboxPlace } from '../runbook/runbook.ts';
import { formatBytes } from '../report/format.ts';
import { systemClock } from '../support/clock.ts';
import type { Millis } from '../support/time.ts';
import { type CommandIo, printProblem } from './io.ts';
import { readRunbook, sandboxFolder } from './read-runbook.ts';
import { runbookFiles } from './runbook-files.ts';
import { wireReadingProvider } from './wire.ts';

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
  const listed = await Promise.all(sources.map(async (source) => list(source, io)));
  const problems = listed.flatMap((one) => ('problem' in one ? [one.problem] : []));
  for (const problem of problems) printProblem(io, problem);
  const seen = listed.flatMap((one) => ('problem' in one ? [] : [one]));
  io.stdout(options.json ? `${JSON.stringify(seen, undefined, 2)}\n` : seen.map(table).join('\n'));
  return problems.length > 0 ? 3 : 0;
}

async function list({ spec, rpo, place }: Source, io: CommandIo): Promise<Listed | { readonly problem: Problem }> {
  const provider = await wireReadingProvider(io, place);
  try {
    const { points, unusable } = await provider.listRecoveryPoints(spec, new AbortController().signal);
    const listing = { points: points.toSorted(byCapturedTimeAndId), unusable };
    const findings = findGaps({ points: listing.points, now: systemClock.now(), rpo });
    return { resource: spec.name, source: spec.source, listing, findings };
  } catch (error) {
    return { problem: provider.classify(error).problem };
  }
}

interface Source {
  readonly spec: RestoreSpec;
  readonly rpo: Millis | undefined;
  readonly place: SandboxPlace;
}

async function sourcesOf(target: string, io: CommandIo): Promise<readonly Source[] | undefined> {
  const path = resolve(io.cwd, target);
  const isFolder = await stat(path).then(
    (one) => one.isDirectory(),
    () => false,
  );
  const here = { provider: 'local', folder: sandboxFolder(io) } as const;
  if (isFolder) return [{ spec: specOfFolder(path), rpo: undefined, place: here }];
  const runbook = await readRunbook(target, io);
  const rpo = runbook?.objectives.rpo?.target;
  return runbook?.restore.map((spec) => ({ spec, rpo, place: runbook.sandbox }));
}

async function sourcesOfAll(io: CommandIo): Promise<readonly Source[] | undefined> {
  const files = await runbookFiles(io);
  const sources = await Promise.all(files.map(async (file) => sourcesOf(file, io)));
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
