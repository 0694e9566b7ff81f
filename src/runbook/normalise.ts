import { dirname, resolve } from 'node:path';

import type { Instant, Millis } from '../support/time.ts';
import { parseDuration } from './duration.ts';
import { parseMoment } from './moment.ts';
import { must } from './must.ts';
import { normaliseCheck } from './normalise-check.ts';
import { normalisePublication } from './normalise-publication.ts';
import type {
  LiveSource,
  Objectives,
  Pick,
  RecoveryPointSpec,
  RecoveryTarget,
  RestoreSpec,
  Runbook,
} from './runbook.ts';
import { secretRef } from './secret-ref.ts';
import type { WrittenRestore, WrittenRunbook } from './written-runbook.ts';

/** What holds where a runbook says nothing. */
export const DEFAULTS = {
  expiresAfter: '2h',
  concurrency: 2,
  drill: '1h',
  restore: '30m',
  check: '10m',
  teardown: '10m',
} as const;

/** A written runbook in which nothing is wrong, with nothing left to parse. */
export function normalise(
  written: WrittenRunbook,
  { file, sandboxFolder }: { readonly file: string; readonly sandboxFolder: string },
): Runbook {
  const { limits, sandbox } = written;
  const path = resolve(file);
  const folder = dirname(path);
  const restore = Object.entries(written.restore).map(([name, one]) => normaliseRestore(name, one, folder));
  return {
    name: written.runbook,
    file: path,
    ...(written.owner !== undefined && { owner: written.owner }),
    tags: written.tags ?? [],
    objectives: normaliseObjectives(written.objectives),
    sandbox: {
      provider: sandbox?.provider ?? 'local',
      expiresAfter: duration(sandbox?.expiresAfter ?? DEFAULTS.expiresAfter),
      minimumIsolation: sandbox?.isolation?.minimum ?? 'L2',
      folder: resolve(sandboxFolder),
    },
    ...(written.disasterAt !== undefined && { disasterAt: moment(written.disasterAt) }),
    limits: {
      concurrency: limits?.concurrency ?? DEFAULTS.concurrency,
      drill: duration(limits?.drill ?? DEFAULTS.drill),
      restore: duration(limits?.restore ?? DEFAULTS.restore),
      check: duration(limits?.check ?? DEFAULTS.check),
      teardown: duration(limits?.teardown ?? DEFAULTS.teardown),
    },
    ...(written.publish && { publish: normalisePublication(written.publish) }),
    restore,
    checks: written.checks.map((check) => normaliseCheck(check, { restore, folder })),
  };
}

/** Objectives as drills and runbooks write them. */
export function normaliseObjectives(written: WrittenRunbook['objectives']): Objectives {
  const rto = typeof written?.rto === 'string' ? { target: written.rto } : written?.rto;
  return {
    ...(rto && { rto: { target: duration(rto.target), until: rto.until ?? 'verified' } }),
    ...(written?.rpo !== undefined && { rpo: { target: duration(written.rpo) } }),
  };
}

function normaliseRestore(name: string, written: WrittenRestore, folder: string): RestoreSpec {
  const database = written.database ?? 'postgres';
  return {
    name,
    kind: written.kind,
    source: resolve(folder, written.source),
    ...(written.wal !== undefined && { wal: resolve(folder, written.wal) }),
    needs: written.needs ?? [],
    recoveryPoint: normaliseRecoveryPoint(written.recoveryPoint ?? {}),
    database,
    superuser: written.superuser ?? 'postgres',
    preload: written.preload ?? [],
    ...(written.live && { live: normaliseLive(written.live, { database, folder }) }),
  };
}

function normaliseRecoveryPoint(written: NonNullable<WrittenRestore['recoveryPoint']>): RecoveryPointSpec {
  return {
    pick: pickOf(written),
    ...(written.within !== undefined && { within: duration(written.within) }),
    to: targetOf(written.to ?? 'backup-end'),
  };
}

function pickOf({ pick, before, after, tag, id }: NonNullable<WrittenRestore['recoveryPoint']>): Pick {
  if (before !== undefined) return { kind: 'before', moment: moment(before) };
  if (after !== undefined) return { kind: 'after', moment: moment(after) };
  if (tag !== undefined) return { kind: 'tag', tag };
  return id === undefined ? { kind: pick ?? 'random' } : { kind: 'id', id };
}

function targetOf(written: string): RecoveryTarget {
  if (written === 'backup-end' || written === 'latest') return { kind: written };
  return { kind: 'time', time: moment(written) };
}

function normaliseLive(
  { host, port, database, user, password }: NonNullable<WrittenRestore['live']>,
  defaults: { readonly database: string; readonly folder: string },
): LiveSource {
  return {
    host,
    port: port ?? 5432,
    database: database ?? defaults.database,
    user,
    ...(password && { password: secretRef(password, defaults.folder) }),
  };
}

function duration(text: string): Millis {
  return must(parseDuration(text), text);
}

function moment(text: string): Instant {
  return must(parseMoment(text), text);
}
