import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import type { RecoveryPoint } from '../../../../src/catalog/recovery-point.ts';
import { type FileTree, openFileTree, trueModesOf } from '../../../../src/providers/local/files/file-tree.ts';
import { listFileSets } from '../../../../src/providers/local/files/list-file-sets.ts';
import { UNPACK_LIMITS, type UnpackLimits } from '../../../../src/providers/local/files/limits.ts';
import type { UnpackOptions } from '../../../../src/providers/local/files/unpack-tar.ts';
import { layoutOf } from '../../../../src/providers/local/worker/folder-layout.ts';
import { ProblemError } from '../../../../src/diagnostics/problem-error.ts';
import type { FilesRestore } from '../../../../src/runbook/restore-spec.ts';

export type TarEntry = Partial<Header> & { readonly name: string; readonly text?: string };

/** The bytes of a tar with these entries. */
export async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { text, ...header } of entries) {
    const facts = { mtime: new Date('2026-11-20T03:00:00Z'), ...header };
    if (text === undefined) archive.entry(facts);
    else archive.entry(facts, text);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function tarGzOf(entries: readonly TarEntry[]): Promise<Buffer> {
  return gzipSync(await tarOf(entries));
}

/** A folder of the test's own, and what removes it. */
export async function ownFolder(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'drillbook-files-'));
  return { folder, remove: async () => rm(folder, { recursive: true, force: true }) };
}

export async function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

export function filesSpec(source: string): FilesRestore {
  return {
    name: 'uploads',
    kind: 'files',
    source,
    needs: [],
    recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'latest' } },
    database: '',
  };
}

export async function filesPoint(source: string, id: string): Promise<RecoveryPoint> {
  const { points, unusable } = await listFileSets(filesSpec(source), new AbortController().signal);
  const point = points.find((point) => point.id === id);
  if (!point) throw new Error(`no point '${id}': ${JSON.stringify({ points, unusable })}`);
  return point;
}

/** What an unpacking came to: where it lies, or the code and the blame of the problem that refused it. */
export type Unpacked =
  | { readonly folder: string; readonly trueModes: string; readonly bytes: number; readonly entries: number }
  | { readonly code: string; readonly blames: string; readonly message: string };

/** Fills a new restored folder below `folder` by `fill`. */
export async function unpacked(
  folder: string,
  fill: (tree: FileTree, options: UnpackOptions) => Promise<void>,
  limits: UnpackLimits = UNPACK_LIMITS,
): Promise<Unpacked> {
  const layout = layoutOf(await mkdtemp(join(folder, 'resource-')));
  const tree = await openFileTree(layout, 'the backup', limits);
  try {
    await fill(tree, { signal: new AbortController().signal, onBytes: () => {}, limits });
    return { folder: layout.data, trueModes: trueModesOf(layout), ...(await tree.finish()) };
  } catch (error) {
    await tree.close();
    if (!(error instanceof ProblemError)) throw error;
    const { code, blames, message } = error.problem;
    return { code, blames, message };
  }
}
