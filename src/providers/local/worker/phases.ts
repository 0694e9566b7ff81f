import { readFile } from 'node:fs/promises';
import type { RestoreFacts } from '../../resource.ts';
import { systemClock } from '../../../support/clock.ts';
import { bootId } from '../../../support/process-identity.ts';
import { writeWholeFile } from '../../../support/whole-file.ts';
import type { FolderLayout } from './folder-layout.ts';

/** The mark that a finished phase leaves in the restore's folder. */
interface PhaseMark<T> {
  readonly bootId: string;
  /** How often it was finished in this folder: once, unless the machine was started anew. */
  readonly times: number;
  readonly span: RestoreFacts['spans'][number];
  readonly result: T;
}

/**
 * Does a phase of the restore once, however often the worker is killed and started again: a finished one gives what
 * it gave, an unfinished one is done from its beginning.
 *
 * A mark counts only in the boot of the machine that wrote it. So nothing needs to be forced to the disk: a killed
 * process loses nothing that it has written, and after a power cut the phase is done again.
 * Its result must be JSON-serialisable.
 */
export async function once<T>(layout: FolderLayout, phase: { name: string; work: () => Promise<T> }): Promise<T> {
  const boot = await bootId();
  const mark = await readMark<T>(layout, phase.name);
  if (mark?.bootId === boot) return mark.result;
  const times = (mark?.times ?? 0) + 1;
  const startedAt = systemClock.now();
  const begin = systemClock.monotonic();
  const result = await phase.work();
  const span = { name: phase.name, startedAt, took: Math.round(systemClock.monotonic() - begin) };
  await writeWholeFile(
    layout.mark(fileNameOf(phase.name)),
    JSON.stringify({ bootId: boot, times, span, result } satisfies PhaseMark<T>),
  );
  return result;
}

/** Whether a phase has been finished in this boot. */
export async function isDone(layout: FolderLayout, name: string): Promise<boolean> {
  return (await readMark(layout, name))?.bootId === (await bootId());
}

/** What the finished ones of these phases took. */
export async function spansOf(layout: FolderLayout, names: readonly string[]): Promise<RestoreFacts['spans']> {
  const marks = await Promise.all(names.map((name) => readMark(layout, name)));
  return marks.flatMap((mark) => (mark ? [mark.span] : []));
}

async function readMark<T>(layout: FolderLayout, name: string): Promise<PhaseMark<T> | undefined> {
  try {
    return JSON.parse(await readFile(layout.mark(fileNameOf(name)), 'utf8')) as PhaseMark<T>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function fileNameOf(phase: string): string {
  return phase.replaceAll(' ', '-');
}
