import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Archive, archiveScript } from './archive-script.ts';
import type { DumpContext } from './dump-context.ts';

/** How the entries of an archive are shared out, by their ids. */
export interface ArchiveParts {
  /** What is loaded in its order: all definitions, and the first table, which marks where rows may be loaded. */
  readonly script: readonly string[];
  /** Tables whose rows are loaded beside it, with what they weigh. */
  readonly tables: readonly WeighedTable[];
}

/** A table's rows in an archive; `weight` in bytes as stored, or 1 for each where that is not known. */
export interface WeighedTable {
  readonly id: string;
  readonly weight: number;
}

/** A line of `pg_restore --list`: the entry's id, two object ids, and what it is. */
const ENTRY = /^(\d+); \d+ \d+ (TABLE DATA )?/;
/** Small enough that the last ones to be loaded end at about the same time. */
const PARTS_LEFT_PER_LOAD = 4;

/**
 * Shares out an archive, so that several loads read it at once.
 *
 * @returns `undefined` when there is nothing to share: a tar is read from its beginning each time, and one table is one
 *   stream of rows
 * @throws ProblemError when the archive is damaged
 */
export async function shareOut(context: DumpContext, archive: Archive): Promise<ArchiveParts | undefined> {
  if (archive.form.kind === 'tar') return undefined;
  const listed = await listEntries(context, archive);
  const tables = await Promise.all(
    listed.filter(({ isTable }) => isTable).map(async ({ id }) => ({ id, weight: await weightOf(archive, id) })),
  );
  const [first, ...others] = tables.sort((a, b) => b.weight - a.weight);
  if (first === undefined || others.length === 0) return undefined;
  const beside = new Set(others.map(({ id }) => id));
  return { script: listed.map(({ id }) => id).filter((id) => !beside.has(id)), tables: others };
}

/** Takes what one load reads next from what is left: ever smaller parts, the heaviest tables first. */
export function takeTables(left: WeighedTable[], loads: number): readonly string[] {
  const fair = left.reduce((sum, { weight }) => sum + weight, 0) / (loads * PARTS_LEFT_PER_LOAD);
  let taken = 0;
  let weight = 0;
  do {
    weight += left[taken]?.weight ?? 0;
    taken += 1;
  } while (taken < left.length && weight + (left[taken]?.weight ?? 0) <= fair);
  return left.splice(0, taken).map(({ id }) => id);
}

async function listEntries(
  context: DumpContext,
  archive: Archive,
): Promise<readonly { readonly id: string; readonly isTable: boolean }[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of archiveScript(context, archive, { options: ['--list'] })) chunks.push(chunk);
  return Buffer.concat(chunks)
    .toString('latin1')
    .split('\n')
    .flatMap((line) => {
      const [matched, id, table] = ENTRY.exec(line) ?? [];
      return matched === undefined || id === undefined ? [] : [{ id, isTable: table !== undefined }];
    });
}

/** In a directory, the rows of a table are a file of its id, compressed or not. */
async function weightOf({ form }: Archive, id: string): Promise<number> {
  if (form.kind !== 'directory') return 1;
  for (const ending of ['.dat.gz', '.dat', '.dat.lz4', '.dat.zst']) {
    const found = await stat(join(form.path, `${id}${ending}`)).catch(() => undefined);
    if (found) return Math.max(1, found.size);
  }
  return 1;
}
