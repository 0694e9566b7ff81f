import { ProblemError } from '../../diagnostics/problem-error.ts';
import type { Contents, Observation, ObservationRequest, TableContents } from '../observation.ts';
import { fingerprintSchema } from './schema-fingerprint.ts';
import { type Session, inTransaction } from './session.ts';
import { type Table, baseTables, findTable, quotedName, readTable, scanned } from './tables.ts';

/** Counts, hashes and fingerprint of a restored database, all of one moment. */
export async function observeContents(
  session: Session,
  { bounded, scope = 'all' }: Extract<ObservationRequest, { kind: 'contents' }>,
): Promise<Observation> {
  const contents = await inTransaction(session, async (): Promise<Contents> => {
    const tables: TableContents[] = [];
    for (const table of scope === 'all' ? await baseTables(session) : []) {
      tables.push({ table: table.name, ...(await readTable(table.name, () => countAndHash(session, table))) });
    }
    const parts: Contents['bounded'][number][] = [];
    for (const { table, where } of bounded) {
      const read = await readTable(table, async () => {
        const known = await findTable(session, table);
        // The line end closes a comment in `where`, which would otherwise swallow the parenthesis.
        return known === undefined ? {} : countAndHash(session, known, `where (${where}\n)`);
      });
      parts.push({ table, where, ...read });
    }
    return { engineMajor: await engineMajor(session), ...(await fingerprintSchema(session)), tables, bounded: parts };
  });
  return { kind: 'contents', contents };
}

/** e.g. `mysql 8.0`, `mariadb 10.11`: what differs here stores and prints things differently. */
async function engineMajor(session: Session): Promise<string> {
  const { rows } = await session.query('select version()');
  const version = rows[0]?.[0] ?? '';
  const series = /^\d+\.\d+/.exec(version)?.[0] ?? version;
  return `${/mariadb/i.test(version) ? 'mariadb' : 'mysql'} ${series}`;
}

/** Rows and a hash of their values that does not depend on their order: the sum of 64 bits of a hash a row. */
async function countAndHash(
  session: Session,
  table: Table,
  where = '',
): Promise<{ readonly rows: number; readonly contentHash: string }> {
  const columns = await session.query(
    'select column_name from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position',
    [table.schema, table.name],
  );
  // A hash for each value, so that no value runs into the next one and none is taken for another row's null.
  const values = columns.rows.map(([name]) => {
    const column = quotedName(name ?? '');
    return `if(${column} is null, 'null', sha2(concat(${column}, ''), 256))`;
  });
  const { rows } = await session.query(
    `select count(*), count(drillbook_hash), coalesce(sum(drillbook_hash), 0)
     from (select cast(conv(left(sha2(concat(${values.join(', ')}), 256), 16), 16, 10) as unsigned) as drillbook_hash
       from ${scanned(table)} ${where}) as drillbook_rows`,
  );
  const [count, hashed, sum] = rows[0] ?? [];
  if (count !== hashed) throw new ProblemError(notHashed(table.name));
  return { rows: Number(count), contentHash: sum ?? '' };
}

function notHashed(table: string) {
  return {
    code: 'check/value-too-large',
    message: `unable to read table '${table}' whole: it holds values larger than max_allowed_packet`,
    hint: "Raise max_allowed_packet in the restored server's parameters.",
    blames: 'environment' as const,
  };
}
