import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import type { RecoveryPoint, RecoveryPointListing } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { PostgresDumpRestore } from '../../../runbook/restore-spec.ts';
import { describeDump } from './describe-dump.ts';
import { EMPTY_DUMP } from './dump-problems.ts';
import { type RecognisedDump, recogniseDumpFile, recogniseDumpFolder } from './dump-form.ts';

/** How many folders below the source a dump may lie. */
const DEEPEST = 2;
/** Of other tools' backups too. */
const ENDINGS_OF_MANY: readonly string[] = ['.tar', '.backup'];

type Found = { readonly id: string } & (
  { readonly kind: 'point'; readonly point: RecoveryPoint } | { readonly kind: 'unusable'; readonly problem: Problem }
);

/**
 * All dumps in a source: in the folder itself or up to two levels below it, or the folder itself where it is a dump in
 * directory form. A point's id is its path from the source. They are known by what they hold, not by their names, except
 * for what holds nothing; what is no dump is left out, and what cannot be restored is listed with its reason. Reads only.
 *
 * @throws ProblemError `restore/source-unreadable` when the source itself cannot be read
 */
export async function listDumps(
  { source: given }: Pick<PostgresDumpRestore, 'source'>,
  signal: AbortSignal,
): Promise<RecoveryPointListing> {
  const source = resolve(given);
  const isFolder = await stat(source).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw new ProblemError(sourceUnreadable(source, codeOf(error)), error);
    },
  );
  if (!isFolder) throw new ProblemError(sourceUnreadable(source, 'it is no folder'));
  const found = await findInFolder({ source, signal }, source, DEEPEST);
  return {
    points: found.flatMap((one) => (one.kind === 'point' ? [one.point] : [])),
    unusable: found.flatMap((one) => (one.kind === 'unusable' ? [{ id: one.id, problem: one.problem }] : [])),
  };
}

interface Search {
  readonly source: string;
  readonly signal: AbortSignal;
}

async function findInFolder(search: Search, folder: string, levels: number): Promise<Found[]> {
  search.signal.throwIfAborted();
  const own = await look(search, folder, recogniseDumpFolder);
  if (own.length > 0) return own;
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = new Map<string, readonly Found[]>();
  for (const { name } of entries.filter((entry) => entry.isFile())) {
    search.signal.throwIfAborted();
    files.set(name, await look(search, join(folder, name), recogniseDumpFile));
  }
  const found: Found[] = [];
  for (const entry of entries) {
    const isFolder = entry.isDirectory() && levels > 0;
    if (isFolder) found.push(...(await findInFolder(search, join(folder, entry.name), levels - 1)));
    else if (!isEmptyAmongOthers(entry.name, files)) found.push(...(files.get(entry.name) ?? []));
  }
  return found;
}

/**
 * Whether a file holds nothing, and lies beside files of the same ending that are no dumps, with none that is one: what is
 * called a tar may be one of files.
 */
function isEmptyAmongOthers(name: string, files: ReadonlyMap<string, readonly Found[]>): boolean {
  const ending = extname(name);
  if (!ENDINGS_OF_MANY.includes(ending) || !(files.get(name) ?? []).some(isEmpty)) return false;
  const alike = [...files].flatMap(([other, of]) => (extname(other) === ending ? [of] : []));
  return alike.some((of) => of.length === 0) && !alike.flat().some((one) => !isEmpty(one));
}

function isEmpty(found: Found): boolean {
  return found.kind === 'unusable' && found.problem.code === EMPTY_DUMP;
}

/** What one file or folder is: one bad one hides no other. */
async function look(
  { source }: Search,
  path: string,
  recognise: (path: string) => Promise<RecognisedDump>,
): Promise<Found[]> {
  const id = relative(source, path) || basename(source);
  try {
    const recognised = await recognise(path);
    if (recognised.kind === 'none') return [];
    if (recognised.kind === 'unusable') return [{ id, ...recognised }];
    return [{ id, kind: 'point', point: await describeDump(id, recognised.form) }];
  } catch (error) {
    const problem = sourceUnreadable(path, codeOf(error));
    if (path === source) throw new ProblemError(problem, error);
    return [{ id, kind: 'unusable', problem }];
  }
}

function sourceUnreadable(path: string, why: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${path}' cannot be read: ${why}`,
    hint: "Correct 'source' in the runbook, or let the user that runs drillbook read it.",
    blames: 'environment',
  };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
