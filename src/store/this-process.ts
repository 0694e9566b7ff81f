import { randomUUID } from 'node:crypto';
import { readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { bootId, processStartTime } from '../support/process-identity.ts';
import type { Liveness, Owner } from './lease.ts';

/** This process as an owner of leases, a new one with each call. */
export async function ownerOfThisProcess(): Promise<Owner> {
  return {
    host: hostname(),
    bootId: await bootId(),
    pidNamespace: await readlink('/proc/self/ns/pid').catch(() => ''),
    pid: process.pid,
    startTime: (await processStartTime(process.pid)) ?? '',
    instance: randomUUID(),
  };
}

/**
 * What can be known here of the process of a holder.
 *
 * Only of the same boot and namespace of pids: hosts may share a name, and a container's process has another pid, or
 * none, in the next one. A host that was booted again is one of which nothing is known.
 */
export async function livenessFrom(here: Owner, holder: Owner): Promise<Liveness> {
  const isSeen =
    holder.host === here.host &&
    holder.bootId === here.bootId &&
    holder.pidNamespace === here.pidNamespace &&
    holder.startTime !== '';
  if (!isSeen || here.startTime === '') return 'unknown';
  return (await processStartTime(holder.pid)) === holder.startTime ? 'alive' : 'dead';
}
