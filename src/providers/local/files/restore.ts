import { stat } from 'node:fs/promises';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { FilesRestore } from '../../../runbook/restore-spec.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { isDone, once, spansOf } from '../worker/phases.ts';
import type { Restored, WorkerContext } from '../worker/worker-context.ts';
import { type FilesForm, recogniseFiles } from './archive-form.ts';
import { copyTree, measureTree } from './copy-tree.ts';
import { type FileTree, openFileTree, trueModesOf } from './file-tree.ts';
import { UNPACK_LIMITS } from './limits.ts';
import { sourceUnreadable } from './refusals.ts';
import { scanZip } from './scan-zip.ts';
import { type UnpackOptions, unpackTar } from './unpack-tar.ts';
import { unpackZip } from './unpack-zip.ts';

const SPACE = 'free space';
const COPY = 'copy and verify';

/** What a set of files will take, and how much is to be read for it. */
interface Measured {
  readonly form: FilesForm;
  /** Of a tar.gz only the least that it can be: it does not say, and space is looked at again while it is unpacked. */
  readonly needed: number;
  readonly toRead: number;
}

/**
 * Restores a set of files. Nothing serves it: the folder itself is what is looked at. Repeatable at any point: an
 * unfinished copy is made again from its beginning, a finished one is kept.
 *
 * @throws ProblemError for whatever the backup or the world did not allow
 */
export async function restoreFiles(context: WorkerContext<FilesRestore>): Promise<Restored> {
  const { layout, request } = context;
  const { point, spec } = request;
  if (!(await isDone(layout, COPY))) await once(layout, { name: SPACE, work: async () => assertSpace(context) });
  const { bytes } = await once(layout, { name: COPY, work: async () => copy(context) });
  await context.releaseBackup?.();
  return {
    endpoint: { kind: 'files', folder: layout.data, trueModes: trueModesOf(layout) },
    facts: {
      moment: { recoveryPointId: point.id, target: spec.recoveryPoint.to },
      // File times of many file systems, and of archives, have whole seconds; zip has two.
      dataMoments: [{ source: 'recovery-point', at: point.capturedAt, error: 2_000 }],
      engineVersion: point.format,
      bytesRestored: bytes,
      spans: await spansOf(layout, [SPACE, COPY]),
      settings: [],
      warnings: [],
    },
  };
}

async function assertSpace(context: WorkerContext<FilesRestore>): Promise<null> {
  context.progress({ detail: 'looking at free space' });
  const { needed } = await measure(context);
  const problem = await spaceProblem(context.layout.folder, needed);
  if (problem) throw new ProblemError(problem);
  return null;
}

async function measure({ request, signal }: WorkerContext<FilesRestore>): Promise<Measured> {
  const form = await formAt(request.point.location);
  if (form.kind === 'folder') {
    const { bytes } = await measureTree(form.path, UNPACK_LIMITS, signal);
    return { form, needed: bytes, toRead: bytes };
  }
  const { size } = await stat(form.path);
  if (form.kind === 'zip')
    return { form, needed: (await scanZip(form.path, UNPACK_LIMITS, signal)).bytes, toRead: size };
  return { form, needed: size, toRead: size };
}

async function copy(
  context: WorkerContext<FilesRestore>,
): Promise<{ readonly bytes: number; readonly entries: number }> {
  const { layout, signal, progress } = context;
  const { form, toRead } = await measure(context);
  const tree = await openFileTree(layout, form.path, UNPACK_LIMITS);
  let bytesDone = 0;
  const onBytes = (bytes: number): void => {
    bytesDone += bytes;
    progress({ detail: form.kind === 'folder' ? 'copying' : 'unpacking and verifying', bytesDone, bytesTotal: toRead });
  };
  try {
    await fill(tree, form, { signal, onBytes, limits: UNPACK_LIMITS });
    return await tree.finish();
  } catch (error) {
    await tree.close();
    throw error;
  }
}

async function fill(tree: FileTree, { kind, path }: FilesForm, options: UnpackOptions): Promise<void> {
  switch (kind) {
    case 'folder':
      return copyTree(path, tree, options);
    case 'tar':
    case 'tar.gz':
      return unpackTar({ path, gzip: kind === 'tar.gz' }, tree, options);
    case 'zip':
      return unpackZip(path, tree, options);
  }
}

async function formAt(location: string): Promise<FilesForm> {
  const recognised = await recogniseFiles(location);
  if (recognised.kind === 'files') return recognised.form;
  const problem =
    recognised.kind === 'unusable' ? recognised.problem : sourceUnreadable(location, 'it no longer holds files');
  throw new ProblemError(problem);
}
