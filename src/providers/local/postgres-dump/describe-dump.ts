import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecoveryPoint } from '../../../catalog/recovery-point.ts';
import { type Instant, instantOf } from '../../../support/time.ts';
import type { DumpForm } from './dump-form.ts';
import { type DumpStart, startOfDump } from './dump-start.ts';

/** What the file system says of a dump. */
interface StoredDump {
  readonly bytes: number;
  /** When the first of its files was there, and when the last was finished. */
  readonly firstAt: Instant;
  readonly finishedAt: Instant;
}

/** The version of a dump that does not say what it comes from, e.g. one of roles alone. */
const UNKNOWN_VERSION = 'unknown';

/** Describes a dump as a recovery point. Reads little, whatever its size. */
export async function describeDump(id: string, form: DumpForm): Promise<RecoveryPoint> {
  const stored = await lookAtFiles(form);
  const start = startOf(form, stored);
  return {
    id,
    provider: 'local',
    kind: 'postgres-dump',
    location: form.path,
    capturedAt: start.at,
    capturedAtSource: start.source,
    availableAt: stored.finishedAt < start.at ? start.at : stored.finishedAt,
    consistency: 'application',
    format: formatOf(form),
    engine: { name: 'postgresql', version: versionOf(form) },
    bytes: stored.bytes,
    tags: [],
  };
}

/** When a dump began. */
export async function dumpStart(form: DumpForm): Promise<DumpStart> {
  return startOf(form, await lookAtFiles(form));
}

function startOf(form: DumpForm, { bytes, firstAt }: StoredDump): DumpStart {
  const written = writtenStart(form);
  const minutesEastAt = (moment: Instant): number => -new Date(moment).getTimezoneOffset();
  return startOfDump({ ...(written && { written }), fileTime: firstAt, bytes, minutesEastAt });
}

function writtenStart(form: DumpForm): { text: string; source: string } | undefined {
  if (form.kind !== 'plain')
    return { text: form.header.localTime, source: "start of the dump in the archive's header" };
  const { startedOn } = form.header;
  return startedOn === undefined
    ? undefined
    : { text: startedOn, source: "start of the dump in its line 'Started on'" };
}

function versionOf({ header }: DumpForm): string {
  const [version = ''] = (header.serverVersion ?? '').split(' ');
  return version === '' ? UNKNOWN_VERSION : version;
}

function formatOf(form: DumpForm): string {
  if (form.kind !== 'plain') return `${form.kind} dump`;
  const what = form.header.isCluster ? 'plain dump of a cluster' : 'plain dump';
  return form.compression === 'none' ? what : `${what} (${form.compression})`;
}

async function lookAtFiles({ kind, path }: DumpForm): Promise<StoredDump> {
  const files = kind === 'directory' ? (await readdir(path)).map((name) => join(path, name)) : [path];
  const stats = await Promise.all(files.map(async (file) => stat(file)));
  // A copy is younger than what it copies; where the file system keeps no birth, it is 0.
  const first = stats.map(({ birthtimeMs, mtimeMs }) => (birthtimeMs > 0 ? Math.min(birthtimeMs, mtimeMs) : mtimeMs));
  return {
    bytes: stats.reduce((sum, { size }) => sum + size, 0),
    firstAt: instantOf(Math.floor(Math.min(...first))),
    finishedAt: instantOf(Math.floor(Math.max(...stats.map(({ mtimeMs }) => mtimeMs)))),
  };
}
