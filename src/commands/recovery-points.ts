import { resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import { type RecoveryPointFinding, findGaps } from '../catalog/gaps.ts';
import type { RecoveryPointListing } from '../catalog/recovery-point.ts';
import type { RestoreSpec, Runbook } from '../runbook/runbook.ts';
import { formatBytes } from '../report/format.ts';
import { systemClock } from '../support/clock.ts';
import { type CommandIo, printProblem } from './io.ts';
import { readRunbook } from './read-runbook.ts';
import { wireProvider } from './wire.ts';

interface Listed {
  readonly resource: string;
  readonly source: string;
  readonly listing: RecoveryPointListing;
  readonly findings: readonly RecoveryPointFinding[];
}

/** `drillbook recovery-points`: everything a source holds, what of it is unusable and why, and gaps against the RPO. */
export async function recoveryPointsCommand(
  target: string,
  options: { json?: boolean },
  io: CommandIo,
): Promise<number> {
  const isFolder = await stat(resolve(io.cwd, target)).then(
    (one) => one.isDirectory(),
    () => false,
  );
  const runbook = isFolder ? undefined : await readRunbook(target, io);
  if (!isFolder && runbook === undefined) return 2;
  const specs = runbook?.restore ?? [specOfFolder(resolve(io.cwd, target))];
  const provider = wireProvider(io);
  try {
    const listed = await Promise.all(specs.map(async (spec) => list(spec, runbook)));
    io.stdout(options.json ? `${JSON.stringify(listed, undefined, 2)}\n` : listed.map(table).join('\n'));
    return 0;
  } catch (error) {
    printProblem(io, provider.classify(error).problem);
    return 3;
  }

  async function list(spec: RestoreSpec, of: Runbook | undefined): Promise<Listed> {
    const listing = await provider.listRecoveryPoints(spec, new AbortController().signal);
    const findings = findGaps({ points: listing.points, now: systemClock.now(), rpo: of?.objectives.rpo?.target });
    return { resource: spec.name, source: spec.source, listing, findings };
  }
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
    ({ id, problem }) => `  ${id}  not usable: ${problem.message} [${problem.code}]`,
  );
  const found = findings.map(({ message }) => `  finding: ${message}`);
  return [`${resource} (${source}): ${listing.points.length} recovery points`, ...rows, ...unusable, ...found, ''].join(
    '\n',
  );
}
