import type { Problem } from '../../diagnostics/problem.ts';
import type { Observation, ObservationRequest, StructureFault } from '../observation.ts';
import { type Extensions, installExtensions } from './amcheck.ts';
import { lookAtCatalogs } from './catalog-faults.ts';
import { lookAtCollations } from './collations.ts';
import { type Findings, look, lookAlone } from './findings.ts';
import { countRows } from './row-counts.ts';
import { lookAtSequences } from './sequences.ts';
import { type OpenBeside, type Session, inTransaction } from './session.ts';
import { FORCE_SCANS } from './sql.ts';

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
 * Looks at every valid B-tree index and every heap, of the system too, each on its own; then at what the catalogs promise.
 *
 * amcheck and pg_visibility are installed in a transaction that is rolled back, so that the copy stays as it was
 * restored. Neither finds a zeroed page in which no index is read through the heap; two more looks do: pages that the
 * visibility map calls all-visible and that do not say so themselves, and tables of which an index gives another number
 * of rows than the table.
 */
export async function observeStructure(
  session: Session,
  request: Extract<ObservationRequest, { kind: 'structure' }>,
  openBeside: OpenBeside,
): Promise<Observation> {
  const findings: Findings = { faults: [], unreadable: [] };
  for (const { name } of await relations(session, INVALID_INDEXES)) {
    findings.faults.push({ relation: name, fault: 'the index is not valid' });
  }
  const indexes = await relations(session, SOUND_INDEXES);
  const heaps = await relations(session, HEAPS);
  const ofCatalogs: Findings = { faults: [], unreadable: findings.unreadable };
  const suspects = await lookAtCollations(session, ofCatalogs);
  const counting = countBeside(heaps, openBeside);
  const isDeep = ({ oid }: Relation): boolean => request.heapAllIndexed || suspects.has(oid);
  try {
    const refused = await runAmcheck(session, { heaps, indexes, isDeep }, findings);
    if (refused) return { kind: 'unobservable', problem: refused };
    merge(findings, (await counting.ended) ?? (await countAll(session, heaps)));
  } finally {
    await counting.stop();
  }
  await lookAtCatalogs(session, ofCatalogs);
  await lookAtSequences(session, ofCatalogs);
  const encoding = (await session.query('select getdatabaseencoding()')).rows[0]?.[0] ?? '';
  return {
    kind: 'structure',
    indexesChecked: indexes.length,
    heapsChecked: heaps.length,
    faults: [...findings.faults, ...ofCatalogs.faults],
    encoding,
    unreadable: findings.unreadable,
  };
}

/** Why nothing could be seen, where that is so. */
async function runAmcheck(
  session: Session,
  {
    heaps,
    indexes,
    isDeep,
  }: { heaps: readonly Relation[]; indexes: readonly Relation[]; isDeep: (index: Relation) => boolean },
  findings: Findings,
): Promise<Problem | undefined> {
  return inTransaction(session, 'read write', async () => {
    const extensions = await installExtensions(session);
    if ('problem' in extensions) return extensions.problem;
    // Heaps first: a deep look at an index also meets what is wrong with its table.
    for (const heap of heaps) {
      await look(session, heap.name, findings, () => checkHeap(session, heap, extensions));
      await look(session, heap.name, findings, () => checkVisibility(session, heap, extensions));
    }
    for (const index of indexes) {
      await look(session, index.name, findings, () => checkIndex(session, index, extensions, isDeep(index)));
    }
    return undefined;
  });
}

async function countAll(session: Session, heaps: readonly Relation[]): Promise<Findings> {
  const findings: Findings = { faults: [], unreadable: [] };
  for (const heap of heaps) await lookAlone(session, heap.name, findings, () => compareCounts(session, heap));
  return findings;
}

/**
 * Counts in a session of its own while amcheck is at work, since each reads all of the database. Gives `undefined` where
 * the server takes no second session.
 */
function countBeside(
  heaps: readonly Relation[],
  openBeside: OpenBeside,
): { readonly ended: Promise<Findings | undefined>; stop(): Promise<void> } {
  const stopping = new AbortController();
  let isOpen = false;
  const ended = openBeside(stopping.signal, (session) => {
    isOpen = true;
    return countAll(session, heaps);
  }).catch((error: unknown) => {
    if (isOpen) throw error;
    return undefined;
  });
  // Whoever fails before never waits for it.
  ended.catch(() => {});
  return {
    ended,
    async stop() {
      stopping.abort();
      await Promise.allSettled([ended]);
    },
  };
}

/** Both meet a page that cannot be read, and it is told once. */
function merge(findings: Findings, more: Findings): void {
  const isKnown = (one: StructureFault): boolean =>
    findings.faults.some(({ relation, fault }) => relation === one.relation && fault === one.fault);
  findings.faults.push(...more.faults.filter((one) => !isKnown(one)));
  findings.unreadable.push(...more.unreadable);
}

async function relations(session: Session, query: string): Promise<readonly Relation[]> {
  const { rows } = await session.query(query);
  return rows.map(([oid, name, kind]) => ({ oid: oid ?? '', name: name ?? '', kind: kind ?? '' }));
}

async function checkIndex(
  session: Session,
  { oid }: Relation,
  { amcheck }: Extensions,
  deep: boolean,
): Promise<readonly StructureFault[]> {
  await session.query(`select ${amcheck}.bt_index_check($1::oid::regclass, $2::boolean)`, [oid, String(deep)]);
  return [];
}

async function checkHeap(
  session: Session,
  heap: Relation,
  { amcheck }: Extensions,
): Promise<readonly StructureFault[]> {
  return faultyBlocks(
    session,
    heap,
    `select blkno from ${amcheck}.verify_heapam($1::oid::regclass, on_error_stop := false, check_toast := true)`,
    'amcheck found corrupt rows',
  );
}

async function checkVisibility(
  session: Session,
  heap: Relation,
  { visibility }: Extensions,
): Promise<readonly StructureFault[]> {
  if (visibility === undefined) return [];
  return faultyBlocks(
    session,
    heap,
    `select blkno from ${visibility}.pg_visibility($1::oid::regclass) where all_visible and not pd_all_visible`,
    'the visibility map contradicts the pages',
  );
}

/** @param query gives block numbers, one for each thing wrong */
async function faultyBlocks(
  session: Session,
  { oid, name }: Relation,
  query: string,
  what: string,
): Promise<readonly StructureFault[]> {
  const { rows } = await session.query(
    `select count(*), count(distinct blkno), array_to_string((array_agg(distinct blkno))[1:5], ', ') from (${query}) as found`,
    [oid],
  );
  const [found, blocks, first] = rows[0] ?? [];
  if (Number(found) === 0) return [];
  const where = `${Number(blocks) === 1 ? 'block' : 'blocks'} ${first}${Number(blocks) > 5 ? ', …' : ''}`;
  return [{ relation: name, fault: `${what} (${found} in ${where})` }];
}

/** An index-only scan where there is an index; it looks into the table only where pages are not all-visible. */
const PREFER_INDEXES = `select set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true),
  set_config('enable_indexonlyscan', 'on', true)`;

/** A table lost rows when an index that need not look into the table still knows more of them. */
async function compareCounts(session: Session, { oid, name, kind }: Relation): Promise<readonly StructureFault[]> {
  if (kind === 't' || (await isClosedCatalog(session, oid))) return [];
  const from = kind === 'm' ? name : `only ${name}`;
  await session.query("select set_config('enable_seqscan', 'on', true)");
  await session.query(FORCE_SCANS);
  const scanned = await countRows(session, from);
  await session.query(PREFER_INDEXES);
  const indexed = await countRows(session, from);
  if (scanned === indexed) return [];
  return [{ relation: name, fault: `an index knows ${indexed} rows, the table holds ${scanned}` }];
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
