import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { bootId, processStartTime } from '../support/process-identity.ts';

/** Who holds a drill: enough to know whether that engine still lives. */
export interface LockHolder {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  readonly startTime: string;
  readonly epoch: number;
}

export type LockOutcome =
  { readonly kind: 'locked'; readonly holder: LockHolder } | { readonly kind: 'refused'; readonly problem: Problem };

const LOCK_FILE = 'engine.lock';

/** From whom a lock is taken besides the dead: from nobody, from engines of other hosts, which are known to be dead, from anybody. */
export type TakeOver = false | 'from-elsewhere' | true;

/**
 * Takes the lock of a drill's folder: one engine a drill.
 *
 * A holder of this host that no longer lives is replaced; one that lives, or is of another host, is respected as far as
 * `takeOver` says. The lock appears whole (by `link`), and of two engines that replace a dead one only one can rename it away.
 *
 * @param lastEpoch the highest epoch in the journal; the new holder's is above it and above the old holder's
 */
export async function takeLock(
  folder: string,
  { lastEpoch, takeOver }: { lastEpoch: number; takeOver: TakeOver },
): Promise<LockOutcome> {
  const file = join(folder, LOCK_FILE);
  const before = await readHolder(folder);
  if (before !== undefined) {
    if (takeOver !== true && (await mayLive(before, takeOver)))
      return { kind: 'refused', problem: lockedBy(before, folder) };
    await rename(file, `${file}.epoch-${before.epoch}`).catch(ignoreMissing);
  }
  const holder: LockHolder = {
    host: hostname(),
    bootId: await bootId(),
    pid: process.pid,
    startTime: (await processStartTime(process.pid)) ?? '',
    epoch: Math.max(lastEpoch, before?.epoch ?? 0) + 1,
  };
  const whole = `${file}.${process.pid}`;
  await writeFile(whole, `${JSON.stringify(holder)}\n`, { mode: 0o600, flush: true });
  try {
    await link(whole, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    return { kind: 'refused', problem: lockedBy((await readHolder(folder)) ?? holder, folder) };
  } finally {
    await unlink(whole);
    if (before) await unlink(`${file}.epoch-${before.epoch}`).catch(ignoreMissing);
  }
  return { kind: 'locked', holder };
}

/** Whether the lock is still this holder's: asked before every append. */
export async function stillHolds(folder: string, holder: LockHolder): Promise<boolean> {
  const now = await readHolder(folder);
  return now !== undefined && now.epoch === holder.epoch && now.pid === holder.pid && now.host === holder.host;
}

/** Gives the lock back, if it is still this holder's. */
export async function releaseLock(folder: string, holder: LockHolder): Promise<void> {
  if (await stillHolds(folder, holder)) await unlink(join(folder, LOCK_FILE)).catch(ignoreMissing);
}

/** The holder of a drill's folder, when there is one. */
async function readHolder(folder: string): Promise<LockHolder | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, LOCK_FILE), 'utf8')) as LockHolder;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether a holder lives, as far as this host can know. */
async function mayLive(holder: LockHolder, takeOver: TakeOver): Promise<boolean> {
  if (holder.host !== hostname()) return takeOver !== 'from-elsewhere';
  return holder.bootId === (await bootId()) && holder.startTime === (await processStartTime(holder.pid));
}

function lockedBy(holder: LockHolder, folder: string): Problem {
  return {
    code: 'journal/locked',
    message: `drill in '${folder}' is being run by process ${holder.pid} on '${holder.host}'`,
    hint: 'Wait for it to end; if that host is gone for good, add --take-over.',
    blames: 'environment',
  };
}

function ignoreMissing(error: unknown): void {
  if (!isCode(error, 'ENOENT')) throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
