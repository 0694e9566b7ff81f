import type { StructureFault } from '../observation.ts';
import { type Findings, look, lookAlone } from './findings.ts';
import { type Session, inTransaction } from './session.ts';

/** A sequence that fills a column. */
interface OwnedSequence {
  readonly oid: string;
  /** Quoted, with its schema. */
  readonly name: string;
  /** Of the table that owns it. */
  readonly table: string;
  /** Quoted. */
  readonly column: string;
  readonly isAscending: boolean;
}

/**
 * Sequences of `serial` and identity columns, and those that are otherwise owned by a column of whole numbers. One that
 * may begin anew gives old values by intention. Types are int2, int4, int8 and numeric, or domains of them.
 */
const OWNED_SEQUENCES = `select sequence.oid, format('%I.%I', sequence_schema.nspname, sequence.relname), owner.oid,
    quote_ident(attname), (seqincrement > 0)::text
  from pg_depend join pg_class as sequence on sequence.oid = objid
  join pg_namespace as sequence_schema on sequence_schema.oid = sequence.relnamespace
  join pg_sequence on seqrelid = sequence.oid
  join pg_class as owner on owner.oid = refobjid
  join pg_attribute on attrelid = owner.oid and attnum = refobjsubid
  join pg_type on pg_type.oid = atttypid
  where classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass and deptype in ('a', 'i') and refobjsubid > 0
    and not seqcycle and owner.relkind in ('r', 'p') and owner.relpersistence <> 't' and sequence.relpersistence <> 't'
    and case typtype when 'd' then typbasetype else pg_type.oid end in (21, 23, 20, 1700)
  order by 2`;

/** The tables that hold rows of a table: itself, and its partitions and heirs on this server. */
const ITS_TABLES = `with recursive tree (relation) as (
    select $1::oid union select inhrelid from tree join pg_inherits on inhparent = relation)
  select format('%I.%I', nspname, relname)
  from tree join pg_class on pg_class.oid = relation join pg_namespace on pg_namespace.oid = relnamespace
  where relkind = 'r' order by 1`;

/**
 * Looks for sequences that would give values that are in use already. Says of no value what it is.
 *
 * A physical copy has them rather ahead, by the values that a server writes to its WAL in advance (sequence.c,
 * SEQ_LOG_VALS).
 */
export async function lookAtSequences(session: Session, findings: Findings): Promise<void> {
  const sequences: OwnedSequence[] = [];
  await lookAlone(session, 'pg_catalog.pg_sequence', findings, async () => {
    const { rows } = await session.query(OWNED_SEQUENCES);
    for (const [oid, name, table, column, ascends] of rows)
      sequences.push({
        oid: oid ?? '',
        name: name ?? '',
        table: table ?? '',
        column: column ?? '',
        isAscending: ascends === 'true',
      });
    return [];
  });
  for (const sequence of sequences) {
    await inTransaction(session, 'isolation level repeatable read, read only', async () => {
      await session.query("select set_config('enable_seqscan', 'on', true)");
      await look(session, sequence.name, findings, () => behind(session, sequence));
    });
  }
}

async function behind(session: Session, sequence: OwnedSequence): Promise<readonly StructureFault[]> {
  const next = await session.query(
    `select case when is_called then last_value::numeric + seqincrement else last_value::numeric end
     from ${sequence.name}, pg_sequence where seqrelid = $1::oid`,
    [sequence.oid],
  );
  const tables = await session.query(ITS_TABLES, [sequence.table]);
  for (const [table] of tables.rows) {
    const reached = sequence.isAscending ? `max(${sequence.column}) >=` : `min(${sequence.column}) <=`;
    const { rows } = await session.query(`select (${reached} $1::numeric)::text from only ${table}`, [
      next.rows[0]?.[0] ?? '',
    ]);
    if (rows[0]?.[0] !== 'true') continue;
    const fault = `the sequence is behind column ${sequence.column} of '${table}': it would give values that are in use`;
    return [{ relation: sequence.name, fault, class: 'sequences-behind' }];
  }
  return [];
}
