import { sha256Hex } from '../../support/sha256-hex.ts';
import type { SqliteDatabase } from './database.ts';

/** For each part of a schema a query that gives one row for each object. Where it is stored, is left out. */
const PARTS = {
  tables: "select name, sql from sqlite_schema where type = 'table' and name not like 'sqlite\\_stat%' escape '\\'",
  indexes: "select name, tbl_name, sql from sqlite_schema where type = 'index'",
  views: "select name, sql from sqlite_schema where type = 'view'",
  triggers: "select name, tbl_name, sql from sqlite_schema where type = 'trigger'",
  settings: 'select * from pragma_application_id, pragma_user_version',
};

/** Fingerprint of all definitions of a database, and one for each part. */
export function fingerprintSchema(database: SqliteDatabase): {
  readonly schemaFingerprint: string;
  readonly schemaParts: Readonly<Record<string, string>>;
} {
  const parts = Object.entries(PARTS).map(([part, query]): [string, string] => {
    const lines = [...database.rows(query)].map((row) => JSON.stringify(row)).sort();
    return [part, sha256Hex(JSON.stringify(lines))];
  });
  return { schemaFingerprint: sha256Hex(JSON.stringify(parts)), schemaParts: Object.fromEntries(parts) };
}
