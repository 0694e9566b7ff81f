import type { Manifest } from '../../checks/manifest-format.ts';
import type { Problem } from '../../diagnostics/problem.ts';
import type { BoundedEntry, Contents } from '../observation.ts';
import { readContents } from './contents.ts';
import { problemOf } from './server-errors.ts';
import { type Login, type Session, inTransaction, withSession } from './session.ts';
import { momentOf } from './values.ts';

export interface Recording {
  readonly login: Omit<Login, 'superuser'>;
  /** Parts of tables that are recorded on their own, for they no longer change. */
  readonly bounded: readonly BoundedEntry[];
  /** The recovery point whose end is this very moment, when the caller knows it. */
  readonly recoveryPointId?: string;
}

/**
 * Records what a restore of this moment must contain: everything from one read-only snapshot of the living source.
 *
 * Where WAL is written while the snapshot is taken, the position is only near it and the manifest says `approximate`.
 * A table that cannot be read whole is a problem: a manifest with a gap would vouch for too little.
 */
export async function recordManifest(
  { login, bounded, recoveryPointId }: Recording,
  signal: AbortSignal,
): Promise<Manifest | Problem> {
  const about = `database '${login.database}'`;
  try {
    return await withSession({ ...login, superuser: false }, signal, async (session) => {
      const before = await walPosition(session);
      return inTransaction(session, 'isolation level repeatable read, read only', async () => {
        // The first statement takes the snapshot; what is written before the second is the doubt about its position.
        const { rows, types } = await session.query('select clock_timestamp(), pg_is_in_recovery()');
        const after = await walPosition(session);
        const contents = await readContents(session, { bounded, scope: 'all' });
        const gap = gapIn(contents, about);
        if (gap) return gap;
        const moment = {
          at: momentOf(rows[0]?.[0] ?? '', types[0]) ?? '',
          lsn: after,
          ...(before !== after && { approximate: true as const }),
          ...(recoveryPointId !== undefined && { recoveryPointId }),
        };
        return { manifest: 1, database: login.database, moment, contents };
      });
    });
  } catch (error) {
    return problemOf(error, about, signal);
  }
}

async function walPosition(session: Session): Promise<string> {
  const { rows } = await session.query(
    `select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end`,
  );
  return rows[0]?.[0] ?? '';
}

function gapIn({ tables, bounded }: Contents, about: string): Problem | undefined {
  const entry = [...tables, ...bounded].find(({ rows }) => rows === undefined);
  if (!entry) return undefined;
  const reason = entry.unreadable?.message ?? entry.fault ?? 'there is no such table';
  return {
    code: 'manifest/unreadable-table',
    message: `unable to record a manifest of ${about}: '${entry.table}' cannot be read whole: ${reason}`,
    hint: 'Record as a user that may read every table (pg_read_all_data), and check the tables of bounded entries.',
    blames: 'environment',
  };
}
