import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type Archive, type ScriptWanted, archiveScript } from './archive-script.ts';
import type { DumpContext } from './dump-context.ts';
import { findPgRestore } from './find-pg-restore.ts';
import type { LoadTarget, RowsBeside } from './load-state.ts';
import { type LoadFacts, replayScript } from './replay-script.ts';
import { type WeighedTable, shareOut, takeTables } from './share-out.ts';

/**
 * Loads an archive of pg_dump; with more than one job, the rows of several tables at once.
 *
 * @throws ProblemError as `replayScript` does, and when there is no pg_restore that reads it
 */
export async function loadArchive(context: DumpContext, form: Archive['form'], target: LoadTarget): Promise<LoadFacts> {
  const archive = { form, pgRestore: await findPgRestore(context, form.header) };
  const parts = target.jobs > 1 ? await shareOut(context, archive) : undefined;
  const onRead = readingOfAll(context);
  // The database is made as the archive describes it, where that is the one that the runbook speaks of.
  const options = form.header.database === target.database ? ['--create'] : [];
  if (parts === undefined) return replay(context, archive, { options, onRead }, target);
  const beside = loadBeside(parts.tables, target, (entries, ofPart) =>
    replay({ ...context, signal: ofPart.signal }, archive, { options: ['--section=data'], entries, onRead }, ofPart),
  );
  try {
    const facts = await replay(context, archive, { options, entries: parts.script, onRead }, { ...target, beside });
    return merged([facts, ...(await beside.end())]);
  } finally {
    await beside.stop();
  }
}

function readingOfAll({ progress, request }: DumpContext): (bytes: number) => void {
  const bytesTotal = request.point.bytes;
  let read = 0;
  progress({ detail: 'loading' });
  return (bytes) => {
    read += bytes;
    // What every load reads of the table of contents comes on top.
    const bytesDone = Math.min(read, bytesTotal ?? read);
    progress({ detail: 'loading', bytesDone, ...(bytesTotal === undefined ? {} : { bytesTotal }) });
  };
}

async function replay(
  context: DumpContext,
  archive: Archive,
  wanted: ScriptWanted,
  target: LoadTarget,
): Promise<LoadFacts> {
  const script = archiveScript(context, archive, wanted);
  try {
    return await replayScript(script, target);
  } finally {
    await script.return(undefined);
  }
}

interface LoadsBeside extends RowsBeside {
  /** Waits for the last rows, and gives what came of each part. */
  end(): Promise<readonly LoadFacts[]>;
  /** Has all loads stop, and waits until they have. */
  stop(): Promise<void>;
}

/**
 * Loads tables while the script loads its own: at its first rows every table is there, and nothing yet that depends on
 * rows. At the entry after those, all must be loaded.
 */
function loadBeside(
  tables: readonly WeighedTable[],
  target: LoadTarget,
  loadPart: (entries: readonly string[], target: LoadTarget) => Promise<LoadFacts>,
): LoadsBeside {
  const left = [...tables];
  const stopping = new AbortController();
  const signal = AbortSignal.any([target.signal, stopping.signal]);
  const facts: LoadFacts[] = [];
  const running: Promise<void>[] = [];
  let place: { readonly database: string } | 'not yet' | 'all loaded' = 'not yet';
  let failure: unknown;
  const loadWhatIsLeft = async (database: string): Promise<void> => {
    try {
      while (left.length > 0) {
        signal.throwIfAborted();
        facts.push(await loadPart(takeTables(left, target.jobs), { ...target, database, jobs: 1, signal }));
      }
    } catch (error) {
      failure ??= error;
      stopping.abort();
    }
  };
  const catchUp = async (): Promise<void> => {
    if (typeof place === 'object') running.push(loadWhatIsLeft(place.database));
    await Promise.all(running);
    if (failure !== undefined) throw failure;
    place = 'all loaded';
  };
  return {
    async atEntry(isRows, database) {
      if (typeof place === 'object') return catchUp();
      if (!isRows || place === 'all loaded') return;
      place = { database };
      // The script itself is one of the jobs, and takes part when its own rows are loaded.
      for (let job = 1; job < target.jobs; job += 1) running.push(loadWhatIsLeft(database));
    },
    async end() {
      if (typeof place === 'object') await catchUp();
      if (left.length > 0) throw new ProblemError(rowsNotFound());
      return facts;
    },
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

function rowsNotFound(): ConstructorParameters<typeof ProblemError>[0] {
  return {
    code: 'restore/archive-unreadable',
    message: "'pg_restore' did not write the rows of a table that its own list names",
    hint: "Restore it with 'jobs: 1', and report what wrote the archive.",
    blames: 'environment',
  };
}

function merged(all: readonly LoadFacts[]): LoadFacts {
  const each = (of: (facts: LoadFacts) => readonly string[]): string[] => [...new Set(all.flatMap(of))];
  return {
    databases: each((facts) => facts.databases),
    madeRoles: each((facts) => facts.madeRoles),
    settings: each((facts) => facts.settings),
    asSuperuser: each((facts) => facts.asSuperuser).sort(),
  };
}
