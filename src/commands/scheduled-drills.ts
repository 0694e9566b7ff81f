import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Drill, Schedule } from '../runbook/drill.ts';
import { loadFiles } from '../runbook/load-files.ts';
import { loadDrill } from '../runbook/load-drill.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { CommandIo } from './io.ts';
import { sandboxFolder } from './read-runbook.ts';

/** A drill that drills by itself, with its runbooks as it changes them. */
export interface ScheduledDrillFile {
  readonly drill: Drill & { readonly schedule: Schedule };
  readonly runbooks: readonly Runbook[];
}

export interface ScheduledDrills {
  readonly drills: readonly ScheduledDrillFile[];
  /** What is wrong with any file in `drills/`. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The drills in `drills/` that have a schedule, by file name. */
export async function scheduledDrills(io: Pick<CommandIo, 'cwd'>): Promise<ScheduledDrills> {
  const options = { sandboxFolder: sandboxFolder(io), cwd: io.cwd };
  const files = await drillFiles(io);
  const looked = await loadFiles(files, options);
  const diagnostics = looked.flatMap(({ loaded }) => (loaded.kind === 'invalid' ? loaded.diagnostics : []));
  if (diagnostics.length > 0) return { drills: [], diagnostics };
  const loaded = await Promise.all(files.map(async (file) => loadDrill(file, options)));
  return {
    drills: loaded.flatMap((one) => {
      if (one.kind === 'invalid') return [];
      const { schedule } = one.drill;
      return schedule ? [{ drill: { ...one.drill, schedule }, runbooks: one.runbooks }] : [];
    }),
    diagnostics,
  };
}

async function drillFiles({ cwd }: Pick<CommandIo, 'cwd'>): Promise<readonly string[]> {
  const names = await readdir(join(cwd, 'drills')).catch(() => []);
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join('drills', name));
}
