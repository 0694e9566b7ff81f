import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { MysqlRestore } from '../../../runbook/restore-spec.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { once } from '../worker/phases.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { definersWarning } from './definers.ts';
import { type DumpParticulars, lookAtDump } from './dump-file.ts';
import type { Filled } from './filled.ts';
import { type LoadFacts, loadDump } from './load-dump.ts';
import { zoneError } from './local-time.ts';
import { makeEmptyServer } from './make-server.ts';
import { startServer } from './run-server.ts';
import { type ServerPrograms, findMysqlServer } from './server-binaries.ts';

const LOOK = 'look at the dump';
const LOAD = 'load the dump';

/** Loads a dump into a new, empty server, and ends that server in good order. */
export async function restoreDump(context: WorkerContext<MysqlRestore>): Promise<Filled> {
  const { layout, request, path } = context;
  const { engine, capturedError } = await once(layout, {
    name: LOOK,
    async work() {
      const dump = await look(request.point.location);
      const error = dump.isLocalTime ? zoneError(request.point.capturedAt, dump.writtenAt) : 1_000;
      return { engine: dump.engine, capturedError: error };
    },
  });
  const chosen = await findMysqlServer({ ...engine, fit: 'any-version' }, path);
  if ('problem' in chosen) throw new ProblemError(chosen.problem);
  const programs = chosen.found;
  // One phase: of a load that was cut short nobody knows how far it came, so it begins anew with an empty server.
  const loaded = await once(layout, { name: LOAD, work: () => load(context, programs) });
  await context.releaseBackup?.();
  return {
    programs,
    bytes: loaded.bytes,
    warnings: [...leftOutWarning(loaded.leftOut), ...definersWarning(loaded.definers)],
    layOut: [],
    capturedError,
    source: engine,
    phases: [LOAD],
  };
}

async function look(file: string): Promise<DumpParticulars> {
  const looked = await lookAtDump(file);
  if ('problem' in looked) throw new ProblemError(looked.problem);
  return looked.dump;
}

async function load(context: WorkerContext<MysqlRestore>, programs: ServerPrograms): Promise<LoadFacts> {
  const { layout, request, progress } = context;
  const { location: file } = request.point;
  const dump = await look(file);
  const problem = await spaceProblem(layout.folder, dump.bytes);
  if (problem) throw new ProblemError(problem);
  progress({ detail: 'making an empty server' });
  await makeEmptyServer(context, programs);
  const server = await startServer(context, programs);
  try {
    return await loadDump(context, { file, dump, server: programs, database: request.spec.database });
  } finally {
    // In good order, so that what is found at the next start is whole, whatever its storage engine.
    await server.stop();
  }
}

function leftOutWarning(leftOut: Readonly<Record<string, number>>): Problem[] {
  const kinds = Object.entries(leftOut).filter(([kind]) => kind !== 'comments');
  if (kinds.length === 0) return [];
  const told = kinds.map(([kind, count]) => `${kind} (${count})`).join(', ');
  return [
    {
      code: 'restore/statements-left-out',
      message: `statements of the dump that are of use in production alone were not run: ${told}`,
      hint: 'In a recovery these may be wanted: keep them in your procedure.',
      blames: 'environment',
    },
  ];
}
