import picomatch from 'picomatch';
import type { Problem } from '../../diagnostics/problem.ts';
import type { FilesEndpoint } from '../../providers/resource.ts';
import { notOffered } from '../not-offered.ts';
import type { FilesRequest, Observation } from '../observation.ts';
import type { Probe } from '../probe.ts';
import { filesOf } from './file-inside.ts';
import { fileReader } from './read-to-end.ts';
import { readTree } from './read-tree.ts';
import { readTrueModes } from './true-modes.ts';
import { walkFiles } from './walk-files.ts';

type Files = Extract<Observation, { kind: 'files' }>;

/** A disk that cannot give back what was written to it. */
const UNREADABLE_CONTENT: readonly string[] = ['EIO', 'EBADMSG', 'EUCLEAN'];
const FAULTS_NAMED = 1_000;

/** Looks at restored files, read-only, in bounded memory and with few of them open. */
export const filesProbe: Probe<FilesEndpoint> = {
  async observe(endpoint, request, signal) {
    if (request.kind !== 'files' && request.kind !== 'tree') return notOffered(request, 'a set of files');
    try {
      return request.kind === 'tree'
        ? await observeTree(endpoint, signal)
        : await observeFiles(endpoint, request, signal);
    } catch (error) {
      return { kind: 'unobservable', problem: filesProblem(error, signal) };
    }
  },
};

/** Why restored files could not be looked at; anything but an abort and a refused system call is a bug, and thrown. */
export function filesProblem(error: unknown, signal: AbortSignal): Problem {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (!signal.aborted && syscall === undefined) throw error;
  return {
    code: 'check/files-unreadable',
    message: `unable to look at the restored files: ${signal.aborted ? 'it took too long, or was given up' : code}`,
    hint: signal.aborted
      ? "Give checks more time with 'limits.check'."
      : 'The folder of the sandbox must stay as it is, and be readable for drillbook, until the drill has ended.',
    blames: 'environment',
  };
}

async function observeTree({ folder, trueModes }: FilesEndpoint, signal: AbortSignal): Promise<Observation> {
  const modes = await readTrueModes(trueModes);
  const entries = await readTree(folder, signal);
  return { kind: 'tree', entries: entries.map((entry) => ({ ...entry, mode: modes.get(entry.path) ?? entry.mode })) };
}

async function observeFiles(
  { folder }: FilesEndpoint,
  { glob, contains }: Extract<FilesRequest, { kind: 'files' }>,
  signal: AbortSignal,
): Promise<Files> {
  const isWanted = glob === undefined ? () => true : picomatch(glob, { dot: true });
  const seen = look(signal);
  let files = 0;
  let bytes = 0;
  for await (const { path, place } of walkFiles(folder)) {
    if (!isWanted(path)) continue;
    files += 1;
    bytes += await seen.read(path, place);
  }
  const fileAt = filesOf(folder);
  const missing: string[] = [];
  for (const path of contains) {
    const place = fileAt(path);
    if (place === undefined) missing.push(path);
    else await seen.read(path, place);
  }
  return { kind: 'files', files, bytes, missing, faults: seen.faults };
}

interface Look {
  readonly faults: Files['faults'];
  /** Bytes that could be read. */
  read(path: string, place: string): Promise<number>;
}

function look(signal: AbortSignal): Look {
  const reader = fileReader(signal);
  const faults: { path: string; fault: string }[] = [];
  return {
    faults,
    async read(path, place) {
      try {
        return (await reader.readToEnd(place)).bytes;
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException;
        if (!UNREADABLE_CONTENT.includes(code)) throw error;
        if (faults.length < FAULTS_NAMED) faults.push({ path, fault: `it cannot be read to its end: ${code}` });
        return 0;
      }
    },
  };
}
