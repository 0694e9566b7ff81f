import type { Problem } from '../../diagnostics/problem.ts';
import { damageOf, isSurvivable, problemOf } from './server-errors.ts';
import { type Session, attempt } from './session.ts';

const INSTALL_HINT =
  'Restore with a server that has the extension amcheck (PostgreSQL 14 or newer, package contrib), as a user that may install it (on Amazon RDS a member of rds_superuser).';
/** The functions that are called, as a grant names them. */
const FUNCTIONS = {
  amcheck: ['bt_index_check(regclass, boolean)', 'verify_heapam(regclass, boolean, boolean, text, bigint, bigint)'],
  pg_visibility: ['pg_visibility(regclass)'],
} as const;

type Extension = keyof typeof FUNCTIONS;

/** An extension that is there, and what of it the user lacks: its schema, functions, or nothing. */
interface Installed {
  /** Quoted. */
  readonly schema: string;
  readonly owner: string;
  readonly lacks: readonly string[];
}

/**
 * The extension's scripts revoke execution from everybody but the owner. On Amazon RDS the owner is RDS itself
 * (rdsadmin), even of what a master user installs: whether that user is granted it is not documented.
 */
function notAllowed({ owner, lacks }: Installed): Problem {
  return {
    code: 'check/amcheck-not-allowed',
    message: `unable to look at the structure of indexes and heaps: the user may not use ${lacks.join(' and ')}, which '${owner}' owns`,
    hint: `In the source, as '${owner}': grant ${lacks.join(' and ')} to the user that looks (on Amazon RDS the master user, or rds_superuser); where nobody can, check the data with row-counts and sql instead of structure.`,
    blames: 'environment',
  };
}

/** The quoted schemas in which the functions are; pg_visibility is optional, since packages leave it out. */
export interface Extensions {
  readonly amcheck: string;
  readonly visibility?: string;
}

/** Both extensions, installed where they were not; `problem` when the first cannot be used, without which nothing can be seen. */
export async function installExtensions(session: Session): Promise<Extensions | { readonly problem: Problem }> {
  const amcheck = await attempt(session, () => install(session, 'amcheck'));
  if (amcheck.kind === 'refused') {
    if (!isSurvivable(amcheck.error) || damageOf(amcheck.error) !== undefined) throw amcheck.error;
    const { message } = problemOf(amcheck.error, "the structure of indexes and heaps with the extension 'amcheck'");
    return { problem: { code: 'check/no-amcheck', message, hint: INSTALL_HINT, blames: 'environment' } };
  }
  if (amcheck.result.lacks.length > 0) return { problem: notAllowed(amcheck.result) };
  const visibility = await attempt(session, () => install(session, 'pg_visibility'));
  const isUsable = visibility.kind === 'done' && visibility.result.lacks.length === 0;
  return { amcheck: amcheck.result.schema, ...(isUsable && { visibility: visibility.result.schema }) };
}

/** The extension after it was installed where it was not. */
async function install(session: Session, extension: Extension): Promise<Installed> {
  if ((await findExtension(session, extension)) === undefined) {
    await session.query('create schema if not exists drillbook_probe');
    await session.query(`create extension ${extension} schema drillbook_probe`);
  }
  // An older one, left by an upgrade of the source, may lack functions. Of another owner we may not; what it lacks
  // then shows as unreadable relations.
  await attempt(session, () => session.query(`alter extension ${extension} update`));
  const found = await findExtension(session, extension);
  if (found === undefined) throw new Error(`the extension ${extension} is gone from its own transaction`);
  return found;
}

async function findExtension(session: Session, extension: Extension): Promise<Installed | undefined> {
  const { rows } = await session.query(
    `select quote_ident(nspname), coalesce(min(pg_get_userbyid(proowner)), pg_get_userbyid(extowner)),
       has_schema_privilege(pg_namespace.oid, 'usage')::text,
       string_agg(signature, ';' order by signature) filter (where not has_function_privilege(pg_proc.oid, 'execute'))
     from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
     left join (pg_proc cross join lateral (select proname || '(' || oidvectortypes(proargtypes) || ')') as named (signature))
       on pronamespace = extnamespace and signature = any(string_to_array($2, ';'))
     where extname = $1 group by nspname, pg_namespace.oid, extowner`,
    [extension, FUNCTIONS[extension].join(';')],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const [schema, owner, mayEnter, closed] = [row[0] ?? '', row[1] ?? '', row[2] === 'true', row[3] ?? ''];
  const functions = closed === '' ? [] : closed.split(';').map((signature) => `${schema}.${signature}`);
  return {
    schema,
    owner,
    lacks: [
      ...(mayEnter ? [] : [`usage on schema ${schema}`]),
      ...functions.map((name) => `execute on function ${name}`),
    ],
  };
}
