import { resolve } from 'node:path';
import { findServer } from '../providers/local/postgres/server-binaries.ts';
import { recordManifest } from '../probe/postgres/record-manifest.ts';
import { buildSample, type SampleOutcome } from '../sample/build-sample.ts';
import { unreachable } from '../support/unreachable.ts';
import { type CommandIo, printProblem } from './io.ts';

/** Where the sample lies, below the current folder, unless another folder is named. */
const SAMPLE_FOLDER = '.drillbook/sample/bookshop';

/** The sample is built with one major, so that it is the same everywhere; it is that of the embedded server. */
const SAMPLE_MAJOR = 18;

const RECORDING = { password: '', statementTimeout: 60_000 };

/**
 * `drillbook sample`: builds the sample estate, or keeps the one that is there.
 *
 * @returns the exit code
 */
export async function sampleCommand(options: { folder?: string; force?: boolean }, io: CommandIo): Promise<number> {
  const folder = resolve(io.cwd, options.folder ?? SAMPLE_FOLDER);
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    const outcome = await buildSample({
      folder,
      force: options.force ?? false,
      findServer: findSampleServer,
      recordManifest: (source, recoveryPointId, signal) =>
        recordManifest({ login: { ...source, ...RECORDING }, bounded: [], recoveryPointId }, signal),
      onProgress: (line) => io.stderr(`sample: ${line}\n`),
      signal: abort.signal,
    });
    return tell(outcome, folder, io);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** The embedded server; a system one of the same major where there is no embedded one for the machine. */
async function findSampleServer() {
  const embedded = await findServer({ major: SAMPLE_MAJOR, dirs: [] });
  const found = embedded.kind === 'found' ? embedded : await findServer({ major: SAMPLE_MAJOR });
  return found.kind === 'found' ? { binDir: found.binDir } : found.problem;
}

function tell(outcome: SampleOutcome, folder: string, io: CommandIo): number {
  switch (outcome.kind) {
    case 'built':
    case 'kept': {
      const { recoveryPoints, rows } = outcome.sample;
      const what = outcome.kind === 'built' ? 'built' : 'already there, kept';
      io.stdout(`sample ${what}: ${recoveryPoints.length} recovery points of a shop of ${rows} rows in '${folder}'\n`);
      return 0;
    }
    case 'aborted':
      io.stderr('sample: interrupted, nothing is left\n');
      return 130;
    case 'failed':
      printProblem(io, outcome.problem);
      return outcome.problem.code === 'sample/folder-in-use' ? 2 : 3;
    default:
      return unreachable(outcome);
  }
}
