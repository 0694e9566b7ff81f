import { resolve } from 'node:path';

import { unreachable } from '../support/unreachable.ts';
import { accountOf } from './account-of.ts';
import { parseDuration } from './duration.ts';
import { parseMoment } from './moment.ts';
import { must } from './must.ts';
import { normaliseRepository } from './normalise-repository.ts';
import type { LiveSource, Pick, RdsRestore, RecoveryPointSpec, RecoveryTarget, RestoreSpec } from './restore-spec.ts';
import { secretRef } from './secret-ref.ts';
import { LIVE_PORTS, type WrittenLive, type WrittenLocal } from './written-local-restore.ts';
import type { WrittenPoint } from './written-recovery-point.ts';
import type { WrittenRds, WrittenRestore } from './written-restore.ts';

/** What a resource is read with. */
export interface RestoreSurroundings {
  /** The absolute folder of the runbook. */
  readonly folder: string;
  /** The sandbox's account, where it has one. */
  readonly account?: string;
}

type Written<K extends WrittenRestore['kind']> = Extract<WrittenRestore, { kind: K }>;

/** A written resource in which nothing is wrong. */
export function normaliseRestore(name: string, written: WrittenRestore, around: RestoreSurroundings): RestoreSpec {
  const { folder, account } = around;
  if (written.kind === 'rds') return normaliseRds(name, written, account);
  const common = localCommon(name, written, folder);
  switch (written.kind) {
    case 'postgres':
      return { ...common, ...ofPostgres(written, folder) };
    case 'postgres-dump':
      return { ...common, ...ofPostgresDump(written, folder) };
    case 'mysql': {
      const { kind, database } = written;
      return { ...common, kind, database, ...liveServer(written, { database, folder }) };
    }
    case 'sqlite':
      return { ...common, kind: 'sqlite', database: 'main', ...livePath(written, folder) };
    case 'files':
      return { ...common, kind: 'files', database: '', ...livePath(written, folder) };
    default:
      return unreachable(written);
  }
}

function localCommon(name: string, written: WrittenLocal, folder: string) {
  const { source, repository, needs, recoveryPoint } = written;
  return {
    name,
    source: resolve(folder, source),
    ...(repository && { repository: normaliseRepository(repository, folder) }),
    needs: needs ?? [],
    recoveryPoint: normaliseRecoveryPoint(recoveryPoint ?? {}),
  };
}

function ofPostgres(written: Written<'postgres'>, folder: string) {
  const { kind, wal, superuser, preload, database = 'postgres' } = written;
  return {
    kind,
    ...(wal !== undefined && { wal: resolve(folder, wal) }),
    database,
    superuser: superuser ?? 'postgres',
    preload: preload ?? [],
    ...liveServer(written, { database, folder }),
  };
}

function ofPostgresDump(written: Written<'postgres-dump'>, folder: string) {
  const { kind, jobs, major, database = 'postgres' } = written;
  return {
    kind,
    database,
    jobs: jobs ?? 1,
    ...(major !== undefined && { major }),
    ...liveServer(written, { database, folder }),
  };
}

function normaliseRds(name: string, written: WrittenRds, account: string | undefined): RdsRestore {
  const { source, instanceClass, parameterGroup } = written;
  const owner = written.sourceAccount ?? accountOf(source);
  return {
    name,
    kind: 'rds',
    source,
    ...(owner !== undefined && owner !== account && { sourceAccount: owner }),
    ...(instanceClass !== undefined && { instanceClass }),
    ...(parameterGroup !== undefined && { parameterGroup }),
    needs: written.needs ?? [],
    recoveryPoint: normaliseRecoveryPoint(written.recoveryPoint ?? {}),
    database: written.database,
  };
}

function normaliseRecoveryPoint(written: WrittenPoint): RecoveryPointSpec {
  return {
    pick: pickOf(written),
    ...(written.within !== undefined && { within: must(parseDuration(written.within), written.within) }),
    to: targetOf(written.to ?? 'backup-end'),
  };
}

function pickOf({ pick, before, after, tag, id }: WrittenPoint): Pick {
  if (before !== undefined) return { kind: 'before', moment: must(parseMoment(before), before) };
  if (after !== undefined) return { kind: 'after', moment: must(parseMoment(after), after) };
  if (tag !== undefined) return { kind: 'tag', tag };
  return id === undefined ? { kind: pick ?? 'random' } : { kind: 'id', id };
}

function targetOf(written: string): RecoveryTarget {
  if (written === 'backup-end' || written === 'latest') return { kind: written };
  return { kind: 'time', time: must(parseMoment(written), written) };
}

function liveServer(
  { kind, live }: { readonly kind: keyof typeof LIVE_PORTS; readonly live?: WrittenLive },
  { database, folder }: { readonly database: string; readonly folder: string },
): { readonly live?: LiveSource } {
  if (live === undefined) return {};
  return {
    live: {
      host: live.host,
      port: live.port ?? LIVE_PORTS[kind],
      database: live.database ?? database,
      user: live.user,
      ...(live.password && { password: secretRef(live.password, folder) }),
    },
  };
}

function livePath({ live }: { readonly live?: string }, folder: string): { readonly live?: string } {
  return live === undefined ? {} : { live: resolve(folder, live) };
}
