import { resolve } from 'node:path';

import { unreachable } from '../support/unreachable.ts';
import { accountOf } from './account-of.ts';
import { parseDuration } from './duration.ts';
import { parseMoment } from './moment.ts';
import { must } from './must.ts';
import type {
  LiveSource,
  Pick,
  PostgresRestore,
  RdsRestore,
  RecoveryPointSpec,
  RecoveryTarget,
  RestoreSpec,
} from './restore-spec.ts';
import { secretRef } from './secret-ref.ts';
import type { WrittenPostgres, WrittenRds, WrittenRestore } from './written-restore.ts';

type WrittenPoint = NonNullable<WrittenRestore['recoveryPoint']>;

/** What a resource is read with. */
export interface RestoreSurroundings {
  /** The absolute folder of the runbook. */
  readonly folder: string;
  /** The sandbox's account, where it has one. */
  readonly account?: string;
}

/** A written resource in which nothing is wrong. */
export function normaliseRestore(name: string, written: WrittenRestore, around: RestoreSurroundings): RestoreSpec {
  switch (written.kind) {
    case 'postgres':
      return normalisePostgres(name, written, around.folder);
    case 'rds':
      return normaliseRds(name, written, around.account);
    default:
      return unreachable(written);
  }
}

function normalisePostgres(name: string, written: WrittenPostgres, folder: string): PostgresRestore {
  const database = written.database ?? 'postgres';
  return {
    name,
    kind: 'postgres',
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

function normaliseLive(
  { host, port, database, user, password }: NonNullable<WrittenPostgres['live']>,
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
