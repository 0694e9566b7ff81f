import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { type Archive, type EngineHold, NOTHING_READ, archive } from '../archive/archive.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { TakeOver } from '../journal/drill-lock.ts';
import { type JournalOpening, openFileJournal } from '../journal/file-journal.ts';
import { folderStore } from '../store/folder-store.ts';
import { type Holder, takeLease, whileHeld } from '../store/lease.ts';
import { openBucket } from '../store/s3-client.ts';
import type { Retention } from '../store/s3-store.ts';
import type { Store } from '../store/store.ts';
import { livenessFrom, ownerOfThisProcess } from '../store/this-process.ts';
import { systemClock } from '../support/clock.ts';
import { parseDuration } from '../runbook/duration.ts';
import { bucketTrouble } from './bucket-trouble.ts';
import { type CommandIo, printProblem } from './io.ts';

/** Where the drills are kept, as `--reports` names it, and what may be asked of it. `fetch` throws `ReportsUnreachable`. */
export interface ReportsPlace {
  /** The folder that holds the drills; of a bucket, this machine's copies of them. */
  readonly folder: string;
  /** For what drills share: the ledger of the schedule. */
  readonly store: Store;
  /** Brings the copies up to date, of all drills or of one; nothing where there is but the folder. */
  fetch(drillId?: string): Promise<void>;
  openJournal(drillId: string, options?: { readonly takeOver?: TakeOver }): Promise<JournalOpening>;
  /** Keeps what an engine left in a drill's folder; why it could not, where it could not. */
  keep(drillId: string, isFinished: boolean): Promise<Problem | undefined>;
}

/** The bucket behind `--reports` did not do what it was asked for. */
class ReportsUnreachable extends Error {
  readonly problem: Problem;

  constructor(place: string, cause: unknown) {
    super(`'${place}' cannot be used: ${bucketTrouble(cause).because}`, { cause });
    const { hint } = bucketTrouble(cause);
    this.problem = { code: 'reports/unreachable', message: this.message, hint, blames: 'environment' };
  }
}

/** A folder, or part of a bucket with what is said behind its `?`. */
export type ParsedPlace =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      readonly prefix: string;
      readonly region?: string;
      readonly retention?: Retention;
    }
  | { readonly kind: 'wrong'; readonly because: string };

const S3_PLACE = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9!_.*'()/-]*))?(?:\?([^?]*))?$/;

/** What nobody means as a folder: of `s3:/evidence` or `S3://evidence` drills would lie on this disk, unnoticed. */
const URL_LIKE = /^([a-z][a-z0-9+.-]+:\/\/|s3:)/i;

/** What `--reports` says: a folder, or `s3://bucket/prefix?region=eu-west-1&retain=governance:400d`. */
export function parsePlace(text: string): ParsedPlace {
  if (text === '') return wrong('it is empty');
  if (!URL_LIKE.test(text)) return { kind: 'folder', path: text };
  const [, bucket, path = '', query = ''] = S3_PLACE.exec(text) ?? [];
  if (bucket === undefined) return wrong('it is not s3://bucket/prefix');
  const segments = path.split('/').filter(Boolean);
  // Clients and proxies resolve these, each in its own way.
  if (segments.includes('..') || segments.includes('.')) return wrong("'.' and '..' are no parts of a prefix");
  const params = new URLSearchParams(query);
  const twice = [...params.keys()].find((name) => params.getAll(name).length > 1);
  if (twice !== undefined) return wrong(`'${twice}' is said twice`);
  const unknown = [...params.keys()].find((name) => name !== 'region' && name !== 'retain');
  if (unknown !== undefined) return wrong(`nothing is known of '${unknown}'; 'region' and 'retain' are`);
  const retain = params.get('retain');
  const retention = retain === null ? undefined : parseRetention(retain);
  if (retain !== null && retention === undefined) return wrong(`'${retain}' is not governance:400d or compliance:400d`);
  const region = params.get('region');
  if (region !== null && !/^[a-z]{2,}(-[a-z0-9]+)+$/.test(region)) return wrong(`'${region}' is no region`);
  return {
    kind: 's3',
    bucket,
    prefix: segments.map((segment) => `${segment}/`).join(''),
    ...(region !== null && { region }),
    ...(retention && { retention }),
  };
}

function wrong(because: string): ParsedPlace {
  return { kind: 'wrong', because };
}

function parseRetention(text: string): Retention | undefined {
  const [, mode, duration] = /^(governance|compliance):(\w+)$/.exec(text) ?? [];
  const lasts = duration === undefined ? undefined : parseDuration(duration);
  if (mode === undefined || lasts === undefined) return undefined;
  return { mode: mode === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE', lasts };
}

/** The place that `--reports` names, or what is wrong with the name. Nothing is asked of a bucket yet. */
export function reportsPlace(text: string, io: Pick<CommandIo, 'cwd'>): ReportsPlace | Problem {
  const place = parsePlace(text);
  if (place.kind === 'folder') return folderPlace(resolve(io.cwd, place.path));
  if (place.kind === 'wrong') {
    return {
      code: 'usage/bad-reports',
      message: `'${text}' names no place for reports: ${place.because}`,
      hint: 'Name a folder, or part of a bucket, for example s3://evidence/drills.',
      blames: 'environment',
    };
  }
  const { kind: _, ...bucket } = place;
  return bucketPlace(text, { ...openBucket(bucket, systemClock), folder: copiesOf(place, io) });
}

/**
 * The place that `--reports` names, with its copies up to date, of one drill or of all; what keeps from that is printed,
 * and the exit code for it is all there is: 2 or 3.
 */
export async function openReports(text: string, io: CommandIo, drillId?: string): Promise<ReportsPlace | 2 | 3> {
  const place = reportsPlace(text, io);
  if ('code' in place) {
    printProblem(io, place);
    return 2;
  }
  try {
    await place.fetch(drillId);
    return place;
  } catch (error) {
    if (!(error instanceof ReportsUnreachable)) throw error;
    printProblem(io, error.problem);
    return 3;
  }
}

function folderPlace(folder: string): ReportsPlace {
  return {
    folder,
    store: folderStore(join(folder, '.schedule')),
    fetch: async () => Promise.resolve(),
    openJournal: async (drillId, { takeOver = false } = {}) =>
      openFileJournal(join(folder, drillId), { clock: systemClock, takeOver }),
    keep: async () => Promise.resolve(undefined),
  };
}

function copiesOf({ bucket, prefix }: { bucket: string; prefix: string }, io: Pick<CommandIo, 'cwd'>): string {
  const digest = createHash('sha256').update(`${bucket}/${prefix}`).digest('hex').slice(0, 12);
  return join(io.cwd, '.drillbook', 'reports', `${bucket}-${digest}`);
}

function bucketPlace(
  name: string,
  { store, evidence, folder }: { store: Store; evidence: Store; folder: string },
): ReportsPlace {
  const kept: Archive = archive({
    store,
    evidence,
    folder,
    host: hostname(),
    beOnlyEngine: async (drillId, takeOver) => beOnlyEngine(store, drillId, takeOver),
  });
  const reached = async <T>(call: Promise<T>): Promise<T> =>
    call.catch((error: unknown) => {
      throw new ReportsUnreachable(name, error);
    });
  return {
    folder,
    store,
    fetch: async (drillId) => reached(kept.fetch(drillId)),
    openJournal: async (drillId, { takeOver = false } = {}) =>
      kept.openJournal(drillId, { clock: systemClock, takeOver }).catch((error: unknown) => {
        const { problem } = new ReportsUnreachable(name, error);
        return { kind: 'refused', problem, readable: NOTHING_READ };
      }),
    keep: async (drillId, isFinished) =>
      kept.keepFolder(drillId, isFinished).then(
        () => undefined,
        (error: unknown) => new ReportsUnreachable(name, error).problem,
      ),
  };
}

/** Makes this process the only engine of a drill on whatever machine, until it lets go. */
async function beOnlyEngine(store: Store, drillId: string, takeOver: boolean): Promise<EngineHold> {
  const owner = await ownerOfThisProcess();
  const isAlive = async (holder: Parameters<typeof livenessFrom>[1]) =>
    takeOver ? ('dead' as const) : livenessFrom(owner, holder);
  const taken = await takeLease({ store, clock: systemClock, owner, isAlive }, `engines/${drillId}`);
  if (taken.kind === 'refused') return { kind: 'refused', problem: heldBy(drillId, taken.holder) };
  const letGo = new AbortController();
  // A lost lease needs nothing more: the next line of the journal is then another engine's, and none can be added.
  const holding = whileHeld(taken.lease, { clock: systemClock, signal: letGo.signal }, untilAborted);
  return {
    kind: 'held',
    async release() {
      letGo.abort();
      await holding;
      // A lease that cannot be given back is free all the same once its holder is seen to be dead.
      await taken.lease.release().catch(() => undefined);
    },
  };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function heldBy(drillId: string, holder: Holder | undefined): Problem {
  const who = holder === undefined ? 'another engine' : `process ${holder.pid} on '${holder.host}' since ${holder.at}`;
  return {
    code: 'journal/locked',
    message: `the drill '${drillId}' is being run by ${who}`,
    hint: 'Wait for it to end; ten minutes after its host has vanished it can be resumed, with --take-over at once.',
    blames: 'environment',
  };
}
