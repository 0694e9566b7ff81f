import { sha256Hex } from '../../support/sha256-hex.ts';
import { isUnknownTable } from './server-errors.ts';
import type { Rows, Session } from './session.ts';
import { viewsOf } from './views.ts';

/**
 * For each part of a schema a query that gives one row for each object. Definers, comments and privileges are left out,
 * what counts up by itself, and the name of the schema: under another name it is the same.
 */
const PARTS = {
  // A dump writes down that pages of Aria have checksums, which they have anyway.
  tables: `select table_name, table_type, engine, table_collation,
      trim(replace(create_options, 'page_checksum=1', '')) from information_schema.tables
    where table_schema = database()`,
  columns: `select table_name, ordinal_position, column_name, column_type, is_nullable, column_default, extra,
      character_set_name, collation_name, generation_expression
    from information_schema.columns where table_schema = database()`,
  indexes: `select table_name, index_name, seq_in_index, column_name, sub_part, non_unique, index_type
    from information_schema.statistics where table_schema = database()`,
  constraints: `select table_name, constraint_name, constraint_type from information_schema.table_constraints
    where table_schema = database()`,
  references: `select table_name, constraint_name, ordinal_position, column_name,
      if(referenced_table_schema = database(), '', referenced_table_schema), referenced_table_name, referenced_column_name
    from information_schema.key_column_usage where table_schema = database()`,
  actions: `select table_name, constraint_name, update_rule, delete_rule from information_schema.referential_constraints
    where constraint_schema = database()`,
  checks: `select constraint_name, check_clause from information_schema.check_constraints
    where constraint_schema = database()`,
  partitions: `select table_name, partition_name, subpartition_name, partition_method, partition_expression,
      partition_description
    from information_schema.partitions where table_schema = database() and partition_name is not null`,
  routines: `select routine_name, routine_type, dtd_identifier, routine_definition, sql_data_access, security_type, sql_mode
    from information_schema.routines where routine_schema = database()`,
  parameters: `select specific_name, ordinal_position, parameter_mode, parameter_name, dtd_identifier
    from information_schema.parameters where specific_schema = database()`,
  triggers: `select trigger_name, event_manipulation, event_object_table, action_order, action_statement, action_timing,
      sql_mode
    from information_schema.triggers where trigger_schema = database()`,
  events: `select event_name, event_type, execute_at, interval_value, interval_field, event_definition, status, sql_mode
    from information_schema.events where event_schema = database()`,
};

/** Fingerprint of all definitions of a database, and one for each part. Comparable within one series of one engine. */
export async function fingerprintSchema(
  session: Session,
): Promise<{ readonly schemaFingerprint: string; readonly schemaParts: Readonly<Record<string, string>> }> {
  const parts: [string, string][] = [];
  for (const [part, query] of Object.entries(PARTS)) {
    // Sorted here: the server's order is that of a collation.
    const lines = (await describe(session, query)).map((row) => JSON.stringify(row)).sort();
    parts.push([part, sha256Hex(JSON.stringify(lines))]);
  }
  parts.push(['views', sha256Hex(JSON.stringify(await viewsOf(session)))]);
  return { schemaFingerprint: sha256Hex(JSON.stringify(parts)), schemaParts: Object.fromEntries(parts) };
}

async function describe(session: Session, query: string): Promise<Rows['rows']> {
  try {
    return (await session.query(query)).rows;
  } catch (error) {
    // A server older than such a part has none of it, e.g. MySQL 5.7 no checks.
    if (isUnknownTable(error)) return [];
    throw error;
  }
}
