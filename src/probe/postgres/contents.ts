import type { BoundedEntry, Contents, Observation, ObservationRequest, TableContents } from '../observation.ts';
import { qualifiedName, readTable } from './row-counts.ts';
import { IS_USER_SCHEMA, fingerprintSchema } from './schema-fingerprint.ts';
import { type Session, inTransaction } from './session.ts';
import { FORCE_SCANS } from './sql.ts';

/** Counts, hashes and fingerprint of a restored database. */
export async function observeContents(
  session: Session,
  { bounded, scope = 'all' }: Extract<ObservationRequest, { kind: 'contents' }>,
): Promise<Observation> {
  const contents = await inTransaction(session, 'isolation level repeatable read, read only', () =>
    readContents(session, { bounded, scope }),
  );
  return { kind: 'contents', contents };
}

/** The same for any session; the snapshot is that of the transaction it is called in. */
export async function readContents(
  session: Session,
  { bounded, scope }: { bounded: readonly BoundedEntry[]; scope: 'all' | 'bounded' },
): Promise<Contents> {
  const version = await session.query("select current_setting('server_version_num')::int / 10000");
  await session.query(FORCE_SCANS);
  const schema = await fingerprintSchema(session);
  return {
    engineMajor: version.rows[0]?.[0] ?? '',
    ...schema,
    tables: scope === 'all' ? await readTables(session) : [],
    bounded: await readBounded(session, bounded),
  };
}

async function readTables(session: Session): Promise<readonly TableContents[]> {
  // What a backup cannot hold is left out: unlogged and temporary tables, foreign ones, and views without content.
  // Of partitions only the leaves hold rows.
  const { rows } = await session.query(
    `select format('%I.%I', nspname, relname), relkind
     from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where ${IS_USER_SCHEMA} and relkind in ('r', 'm') and relpersistence = 'p' and relispopulated
     order by nspname, relname`,
  );
  const tables: TableContents[] = [];
  for (const [name, kind] of rows) {
    if (name === null || name === undefined) continue;
    const from = kind === 'm' ? name : `only ${name}`;
    tables.push({ table: name, ...(await readTable(session, name, () => countAndHash(session, from))) });
  }
  return tables;
}

async function readBounded(session: Session, entries: readonly BoundedEntry[]): Promise<Contents['bounded']> {
  const read: (TableContents & BoundedEntry)[] = [];
  for (const { table, where } of entries) {
    const found = await readTable(session, table, async () => {
      const name = await qualifiedName(session, table);
      // The line end closes a comment in `where`, which would otherwise swallow the parenthesis.
      return name === undefined ? {} : countAndHash(session, name, `where (${where}\n)`);
    });
    read.push({ table, where, ...found });
  }
  return read;
}

/**
 * Rows and a hash of their text that does not depend on their order: the sum of a 64-bit hash a row. `row.*` is always
 * the whole row, also where a column is called `drillbook_row`.
 */
async function countAndHash(
  session: Session,
  from: string,
  where = '',
): Promise<{ readonly rows: number; readonly contentHash: string }> {
  const { rows } = await session.query(
    `select count(*), coalesce(sum(hashtextextended((drillbook_row.*)::text collate "C", 0)::numeric), 0)
     from ${from} as drillbook_row ${where}`,
  );
  return { rows: Number(rows[0]?.[0]), contentHash: rows[0]?.[1] ?? '' };
}
