import { isSurvivable } from '../../../probe/mysql/server-errors.ts';
import type { Session } from '../../../probe/mysql/session.ts';
import { quoted, quotedName } from '../../../probe/mysql/tables.ts';
import { type View, viewsOf } from '../../../probe/mysql/views.ts';
import { type StoredProgram, createPrograms, eventsOf, routinesOf, triggersOf } from './copy-mysql-programs.ts';

/** Name of the copy, a schema beside the original. */
export const MYSQL_COPY = 'drillbook_proof';

/** How many rows each table of a copy holds, by the table's name. Only what is in here may be damaged. */
export type CopiedTables = ReadonlyMap<string, number>;

interface Source {
  readonly schema: string;
  /** Without rows every table of the copy is empty. */
  readonly withRows: boolean;
}

/** Engines whose tables lie elsewhere, or whose rows are those of other tables or nowhere. */
const WITHOUT_ROWS = ['MEMORY', 'BLACKHOLE', 'SEQUENCE', 'PERFORMANCE_SCHEMA', 'MRG_MYISAM'];

/**
 * Of a server that does not know one of these the others are still set. Nothing of a row is looked at again while it is
 * copied and damaged: a load lets in zero dates, ids of zero, and rows that break a foreign key or a check.
 */
const SETTINGS = [
  "sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION,NO_DIR_IN_CREATE'",
  'foreign_key_checks = 0',
  'unique_checks = 0',
  'check_constraint_checks = 0',
  'innodb_strict_mode = 0',
  'sql_safe_updates = 0',
  'sql_quote_show_create = 1',
  'autocommit = 1',
  // MySQL 8 tells sizes of a day ago.
  'information_schema_stats_expiry = 0',
];
const ER_UNKNOWN_SYSTEM_VARIABLE = 1193;

/** Makes a session of the probe, which only reads, one that copies and damages. */
export async function letItWrite(session: Session): Promise<void> {
  // Rows that are copied are then read without locks.
  await session.query('set session transaction isolation level read committed, read write');
  for (const setting of SETTINGS) {
    await session.query(`set session ${setting}`).catch((error: unknown) => {
      if ((error as { readonly errno?: number }).errno !== ER_UNKNOWN_SYSTEM_VARIABLE) throw error;
    });
  }
}

/** Bytes of all tables and indexes of a schema, as the server estimates them. */
export async function bytesOf(session: Session, schema: string): Promise<number> {
  const { rows } = await session.query(
    'select coalesce(sum(data_length + index_length), 0) from information_schema.tables where table_schema = ?',
    [schema],
  );
  return Number(rows[0]?.[0]);
}

/** Removes the copy; none is fine. Whoever looks at it would otherwise keep it from being removed. */
export async function dropCopy(session: Session): Promise<void> {
  const { rows } = await session.query(
    'select id from information_schema.processlist where db = ? and id <> connection_id()',
    [MYSQL_COPY],
  );
  for (const [id] of rows) {
    await session.query(`kill ${Number(id)}`).catch((error: unknown) => {
      // It has ended by itself.
      if (!isSurvivable(error)) throw error;
    });
  }
  await session.query(`drop schema if exists ${MYSQL_COPY}`);
}

/** A copied schema, and what it still lacks. */
export interface SchemaCopy {
  readonly tables: CopiedTables;
  /** To be made when the copy is damaged, which would set off triggers. */
  readonly triggersAndEvents: readonly StoredProgram[];
}

/**
 * Makes the copy: tables with their rows, sequences, routines and views. Leaves the session in the copy.
 */
export async function copySchema(session: Session, { schema, withRows }: Source): Promise<SchemaCopy> {
  await session.query(`use ${quotedName(schema)}`);
  const { rows } = await session.query(
    `select table_name, table_type, coalesce(engine, '') from information_schema.tables
     where table_schema = database() and table_type in ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE')
       and coalesce(engine, '') <> 'FEDERATED'
     order by cast(table_name as binary)`,
  );
  // Told from within the schema, a definition does not name it, and leads to the copy when it is replayed there.
  const definitions: string[] = [];
  for (const [name] of rows) definitions.push(await definitionOf(session, `table ${quotedName(name ?? '')}`));
  const views = await viewsOf(session);
  const routines = await routinesOf(session);
  const triggersAndEvents = [...(await triggersOf(session)), ...(await eventsOf(session))];
  await createCopy(session, schema);
  for (const definition of definitions) await session.query(definition);
  const copied = new Map<string, number>();
  for (const [name, type, engine] of rows) {
    if (name === null || name === undefined || type === 'SEQUENCE' || WITHOUT_ROWS.includes(engine ?? '')) continue;
    copied.set(name, withRows ? await copyRows(session, schema, name) : 0);
  }
  await createPrograms(session, routines);
  await createViews(session, views);
  return { tables: copied, triggersAndEvents };
}

async function createCopy(session: Session, schema: string): Promise<void> {
  const { rows } = await session.query(
    'select default_character_set_name, default_collation_name from information_schema.schemata where schema_name = ?',
    [schema],
  );
  const [charset, collation] = rows[0] ?? [];
  const defaults = charset && collation ? ` character set ${charset} collate ${collation}` : '';
  await session.query(`create schema ${MYSQL_COPY}${defaults}`);
  await session.query(`use ${MYSQL_COPY}`);
}

async function definitionOf(session: Session, what: string): Promise<string> {
  const { rows } = await session.query(`show create ${what}`);
  return rows[0]?.[1] ?? '';
}

/** Rows that were copied. Invisible columns must be named to be copied, generated ones must not. */
async function copyRows(session: Session, schema: string, name: string): Promise<number> {
  // `extra` is no help: MySQL calls a default that is an expression DEFAULT_GENERATED.
  const { rows } = await session.query(
    `select column_name from information_schema.columns
     where table_schema = ? and table_name = ? and coalesce(generation_expression, '') = '' order by ordinal_position`,
    [schema, name],
  );
  const columns = rows.map(([column]) => quotedName(column ?? '')).join(', ');
  await session.query(
    `insert into ${quoted({ schema: MYSQL_COPY, name })} (${columns}) select ${columns} from ${quoted({ schema, name })}`,
  );
  return affected(session);
}

/** Rows that the last statement of the session has inserted or deleted. */
export async function affected(session: Session): Promise<number> {
  const { rows } = await session.query('select row_count()');
  return Number(rows[0]?.[0]);
}

/**
 * Makes views, which may read each other, until no more of them can be made. Left is what does not work in the original
 * either.
 */
async function createViews(session: Session, views: readonly View[]): Promise<void> {
  let left = views;
  for (let before = left.length + 1; left.length < before;) {
    before = left.length;
    left = await thoseRefused(session, left);
  }
}

async function thoseRefused(session: Session, views: readonly View[]): Promise<readonly View[]> {
  const refused: View[] = [];
  for (const view of views) {
    try {
      await session.query(view.definition);
    } catch (error) {
      if (!isSurvivable(error)) throw error;
      refused.push(view);
    }
  }
  return refused;
}
