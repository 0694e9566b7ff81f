import type { StructureFault } from '../observation.ts';
import { type Findings, lookAlone } from './findings.ts';
import type { Session } from './session.ts';

/** Object id of the collation `default`, which stands for the database's own (pg_collation.dat). */
const DATABASE_DEFAULT = '100';

/** The database's own: its version is recorded from 15 on. */
const OF_THE_DATABASE = `select ${DATABASE_DEFAULT}, quote_ident(datname), datcollversion, pg_database_collation_actual_version(oid)
  from pg_database where datname = current_database()
    and datcollversion is distinct from pg_database_collation_actual_version(oid) and datcollversion is not null`;

/** Those by which something of a user's is sorted; a cluster knows hundreds of others. */
const OF_COLUMNS = `select pg_collation.oid, format('%I.%I', nspname, collname), collversion, pg_collation_actual_version(pg_collation.oid)
  from pg_collation join pg_namespace on pg_namespace.oid = collnamespace
  where collversion is distinct from pg_collation_actual_version(pg_collation.oid) and collversion is not null
    and exists (select from pg_attribute where attcollation = pg_collation.oid and attrelid >= 16384 and not attisdropped)
  order by 2`;

/**
 * Looks for collations whose rules are of another version here than when the source's indexes were built: such an index
 * may be in another order than this server believes, and then finds nothing where there is something.
 *
 * @returns the object ids of these indexes
 */
export async function lookAtCollations(session: Session, findings: Findings): Promise<ReadonlySet<string>> {
  const suspects = new Set<string>();
  await lookAlone(session, 'pg_catalog.pg_collation', findings, async () => {
    const { rows: version } = await session.query(
      "select (current_setting('server_version_num')::int >= 150000)::text",
    );
    const changed = [
      ...(version[0]?.[0] === 'true' ? (await session.query(OF_THE_DATABASE)).rows : []),
      ...(await session.query(OF_COLUMNS)).rows,
    ];
    const faults: StructureFault[] = [];
    for (const [oid, name, recorded, actual] of changed) {
      const indexes = await indexesBy(session, oid ?? '');
      for (const index of indexes) suspects.add(index);
      const here = actual === null || actual === undefined ? 'not known here' : `'${actual}' here`;
      const built = `its rules were of version '${recorded}' where the ${indexes.length} indexes that sort by it were built`;
      faults.push({ relation: name ?? '', fault: `${built}, and are ${here}`, class: 'collation-versions' });
    }
    return faults;
  });
  return suspects;
}

async function indexesBy(session: Session, collation: string): Promise<readonly string[]> {
  const { rows } = await session.query(
    `select indexrelid from pg_index where $1 = any(string_to_array(indcollation::text, ' ')) and indexrelid >= 16384`,
    [collation],
  );
  return rows.map(([oid]) => oid ?? '');
}
