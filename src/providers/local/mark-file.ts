import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type DescribedResource, type Mark, proofText } from '../../drill/guard.ts';
import { sha256Hex } from '../../support/sha256-hex.ts';
import { type Instant, instantOf } from '../../support/time.ts';
import type { DrillIdentity } from '../provider.ts';
import type { Resource } from '../resource.ts';

const MARK_FILE = 'mark.json';

/** A folder that is being made and does not carry its own name yet. */
const UNFINISHED = '.unfinished-';

/** The text of `mark.json`: the mark, and enough to know the resource without a journal. */
interface MarkFile {
  readonly mark: Mark;
  readonly resource: Resource;
}

/** Names a resource's folder in 22 characters: PostgreSQL puts it, as `cluster_name`, into the title of each process. */
export function shortMark(folder: string): string {
  return `drillbook-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
}

/** Makes a marked folder; it never exists under its name without its mark. One that is there is kept. */
export async function makeMarkedFolder(making: {
  readonly folder: string;
  readonly resource: Resource;
  readonly drill: DrillIdentity;
  readonly mode: number;
}): Promise<void> {
  const { folder, resource, drill, mode } = making;
  if ((await readMarkFile(folder)) !== undefined) return;
  const unfinished = join(dirname(folder), `${UNFINISHED}${basename(folder)}`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode });
  await chmod(unfinished, mode);
  const place = join(await realpath(dirname(folder)), basename(folder));
  const mark: Mark = {
    drillId: drill.drillId,
    expiresAt: drill.sandbox.expiresAt,
    proof: await proofOf(place, resource, drill.drillId),
  };
  await writeFile(join(unfinished, MARK_FILE), JSON.stringify({ mark, resource } satisfies MarkFile), {
    mode: 0o600,
    flush: true,
  });
  await rename(unfinished, folder);
}

/** A folder as it lies there now, for the guard; `undefined` when there is none. */
export async function describeFolder(folder: string): Promise<DescribedResource | undefined> {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return undefined;
  const file = found.isDirectory() ? await readMarkFile(folder) : undefined;
  const parent = await realpath(dirname(folder));
  const isItself = found.isDirectory() && (await realpath(folder)) === join(parent, basename(folder));
  // A mark is made for the name that its folder gets when it is finished.
  const place = join(parent, basename(folder).replace(UNFINISHED, ''));
  const unknown: Resource = { provider: 'local', type: 'unknown', id: folder, name: basename(folder), token: '' };
  return {
    resource: file ? { ...file.resource, id: folder } : unknown,
    ...(file && { mark: file.mark }),
    expectedProof: file && isItself ? await proofOf(place, file.resource, file.mark.drillId) : '',
    createdAt: createdAtOf(found),
    isSource: false,
  };
}

/** The mark of a folder; `undefined` when it carries none that can be read. */
export async function readMarkFile(folder: string): Promise<MarkFile | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, MARK_FILE), 'utf8')) as MarkFile;
  } catch {
    return undefined;
  }
}

async function proofOf(place: string, { type, token }: Resource, drillId: string): Promise<string> {
  return sha256Hex(proofText({ drillId, kind: type, name: token, account: await machineId(), region: place }));
}

/** Names this machine, or this installation of it (machine-id(5)). */
async function machineId(): Promise<string> {
  const id = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  return id.trim() || hostname();
}

/** Where a file system does not keep the time of birth, it is given as 0 or as the time of the last change. */
function createdAtOf({ birthtimeMs, ctimeMs }: { birthtimeMs: number; ctimeMs: number }): Instant {
  return instantOf(birthtimeMs > 0 ? birthtimeMs : ctimeMs);
}
