import type { Problem } from '../../diagnostics/problem.ts';
import type { Observation, ObservationRequest } from '../observation.ts';
import { countRows } from './row-counts.ts';
import { damageOf, isSurvivable, problemOf } from './server-errors.ts';
import { type Session, attempt, inTransaction } from './session.ts';
import { FORCE_SCANS } from './sql.ts';

type Found = { readonly relation: string; readonly fault: string };
type Unread = { readonly relation: string; readonly problem: Problem };

/** What a look at all relations has come to so far. */
interface Findings {
  readonly faults: Found[];
  readonly unreadable: Unread[];
}

interface Relation {
  readonly oid: string;
  /** Quoted, with its schema. */
  readonly name: string;
  /** `relkind` of pg_class. */
  readonly kind: string;
}

/** Relations of this database, temporary ones and those without a file left out. */
const RELATIONS = `select pg_class.oid, format('%I.%I', nspname, relname), relkind
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace left join pg_index on indexrelid = pg_class.oid
  left join pg_am on pg_am.oid = relam
  where relpersistence <> 't'`;
const HEAPS = `${RELATIONS} and relkind in ('r', 't', 'm') and amname = 'heap' order by 2`;
const SOUND_INDEXES = `${RELATIONS} and relkind = 'i' and amname = 'btree' and indisvalid and indisready and indislive order by 2`;
const INVALID_INDEXES = `${RELATIONS} and relkind in ('i', 'I') and not (indisvalid and indisready and indislive) order by 2`;

/**
 * Looks at every valid B-tree index and every heap, of the system too, each on its own.
 *
 * amcheck and pg_visibility are installed in a transaction that is rolled back, so that the copy stays as it was
 * restored. Neither finds a zeroed page in which no index is read through the heap; two more looks do: pages that the
 * visibility map calls all-visible and that do not say so themselves, and tables of which an index gives another number
 * of rows than the table.
 */
export async function observeStructure(
  session: Session,
  { heapAllIndexed }: Extract<ObservationRequest, { kind: 'structure' }>,
): Promise<Observation> {
  const findings: Findings = { faults: [], unreadable: [] };
  for (const { name } of await relations(session, INVALID_INDEXES)) {
    findings.faults.push({ relation: name, fault: 'the index is not valid' });
  }
  const indexes = await relations(session, SOUND_INDEXES);
  const heaps = await relations(session, HEAPS);
  const refused = await inTransaction(session, 'read write', async () => {
    const extensions = await installExtensions(session);
    if ('problem' in extensions) return extensions.problem;
    // Heaps first: a deep look at an index also meets what is wrong with its table.
    for (const heap of heaps) {
      await look(session, heap, findings, () => checkHeap(session, heap, extensions));
      await look(session, heap, findings, () => checkVisibility(session, heap, extensions));
    }
    for (const index of indexes) {
      await look(session, index, findings, () => checkIndex(session, index, extensions, heapAllIndexed));
    }
    return undefined;
  });
  if (refused) return { kind: 'unobservable', problem: refused };
  await inTransaction(session, 'isolation level repeatable read, read only', async () => {
    for (const heap of heaps) await look(session, heap, findings, () => compareCounts(session, heap));
  });
  return { kind: 'structure', indexesChecked: indexes.length, heapsChecked: heaps.length, ...findings };
}

async function relations(session: Session, query: string): Promise<readonly Relation[]> {
  const { rows } = await session.query(query);
  return rows.map(([oid, name, kind]) => ({ oid: oid ?? '', name: name ?? '', kind: kind ?? '' }));
}

/** One look at one relation: a fault, an error that proves damage, or an error that proves nothing. */
async function look(
  session: Session,
  { name }: Relation,
  findings: Findings,
  inspect: () => Promise<string | undefined>,
): Promise<void> {
  const tried = await attempt(session, inspect);
  if (tried.kind === 'refused' && !isSurvivable(tried.error)) throw tried.error;
  const fault = tried.kind === 'done' ? tried.result : damageOf(tried.error);
  if (fault !== undefined) {
    const isKnown = findings.faults.some((found) => found.relation === name && found.fault === fault);
    if (!isKnown) findings.faults.push({ relation: name, fault });
  } else if (tried.kind === 'refused') {
    findings.unreadable.push({ relation: name, problem: problemOf(tried.error, `'${name}'`) });
  }
}

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
interface Extensions {
  readonly amcheck: string;
  readonly visibility?: string;
}

async function installExtensions(session: Session): Promise<Extensions | { readonly problem: Problem }> {
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

async function checkIndex(
  session: Session,
  { oid }: Relation,
  { amcheck }: Extensions,
  deep: boolean,
): Promise<undefined> {
  await session.query(`select ${amcheck}.bt_index_check($1::oid::regclass, $2::boolean)`, [oid, String(deep)]);
}

async function checkHeap(session: Session, { oid }: Relation, { amcheck }: Extensions): Promise<string | undefined> {
  return faultyBlocks(
    session,
    `select blkno from ${amcheck}.verify_heapam($1::oid::regclass, on_error_stop := false, check_toast := true)`,
    oid,
    'amcheck found corrupt rows',
  );
}

async function checkVisibility(
  session: Session,
  { oid }: Relation,
  { visibility }: Extensions,
): Promise<string | undefined> {
  if (visibility === undefined) return undefined;
  return faultyBlocks(
    session,
    `select blkno from ${visibility}.pg_visibility($1::oid::regclass) where all_visible and not pd_all_visible`,
    oid,
    'the visibility map contradicts the pages',
  );
}

/** @param query gives block numbers, one for each thing wrong */
async function faultyBlocks(session: Session, query: string, oid: string, what: string): Promise<string | undefined> {
  const { rows } = await session.query(
    `select count(*), count(distinct blkno), array_to_string((array_agg(distinct blkno))[1:5], ', ') from (${query}) as found`,
    [oid],
  );
  const [found, blocks, first] = rows[0] ?? [];
  if (Number(found) === 0) return undefined;
  return `${what} (${found} in ${Number(blocks) === 1 ? 'block' : 'blocks'} ${first}${Number(blocks) > 5 ? ', …' : ''})`;
}

/** An index-only scan where there is an index; it looks into the table only where pages are not all-visible. */
const PREFER_INDEXES = `select set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true),
  set_config('enable_indexonlyscan', 'on', true)`;

/** A table lost rows when an index that need not look into the table still knows more of them. */
async function compareCounts(session: Session, { oid, name, kind }: Relation): Promise<string | undefined> {
  if (kind === 't' || (await isClosedCatalog(session, oid))) return undefined;
  const from = kind === 'm' ? name : `only ${name}`;
  await session.query("select set_config('enable_seqscan', 'on', true)");
  await session.query(FORCE_SCANS);
  const scanned = await countRows(session, from);
  await session.query(PREFER_INDEXES);
  const indexed = await countRows(session, from);
  return scanned === indexed ? undefined : `an index knows ${indexed} rows, the table holds ${scanned}`;
}

/**
 * Catalogs that hold secrets or samples of rows (`pg_authid`, `pg_statistic`) are closed to all but superusers, by design
 * of every cluster: amcheck has looked at them, and that no rows can be counted there is no finding.
 */
async function isClosedCatalog(session: Session, oid: string): Promise<boolean> {
  const { rows } = await session.query(
    `select (relnamespace::regnamespace::text in ('pg_catalog', 'information_schema') and not has_table_privilege(pg_class.oid, 'select'))::text
     from pg_class where pg_class.oid = $1::oid`,
    [oid],
  );
  return rows[0]?.[0] === 'true';
}
