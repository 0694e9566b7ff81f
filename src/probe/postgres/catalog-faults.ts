import type { AcceptedFault } from '../../runbook/check-spec.ts';
import type { StructureFault } from '../observation.ts';
import { type Findings, lookAlone } from './findings.ts';
import type { Session } from './session.ts';

/** Something that a catalog promises and that nothing holds; `query` gives a relation and a name. */
interface BrokenPromise {
  readonly class: AcceptedFault;
  /** Read by the query, and named where it cannot be read. */
  readonly catalog: string;
  readonly query: string;
  readonly fault: (name: string) => string;
}

/** The table of a trigger. */
const ITS_RELATION = `format('%I.%I', nspname, relname)`;
const NOT_TEMPORARY = `coalesce(relpersistence, 'p') <> 't'`;

/** `to_jsonb` reads columns that older majors do not have. */
const BROKEN_PROMISES: readonly BrokenPromise[] = [
  {
    class: 'unvalidated-constraints',
    catalog: 'pg_catalog.pg_constraint',
    // Inherited ones are left to the table that they come from. One that is not enforced (18 on) promises nothing.
    query: `select format('%I.%I', nspname, coalesce(relname, typname)), one.conname
      from pg_constraint as one
      left join pg_class on pg_class.oid = one.conrelid left join pg_type on pg_type.oid = one.contypid
      join pg_namespace on pg_namespace.oid = one.connamespace
      left join pg_constraint as parent on parent.oid = one.conparentid
      where not one.convalidated and ${NOT_TEMPORARY} and coalesce(to_jsonb(one) ->> 'conenforced', 'true') = 'true'
        and case when parent.oid is null then one.conislocal else parent.convalidated end`,
    fault: (name) => `constraint '${name}' was never validated against the rows that were there before it`,
  },
  {
    class: 'disabled-triggers',
    catalog: 'pg_catalog.pg_trigger',
    query: `select ${ITS_RELATION}, one.tgname from pg_trigger as one
      join pg_class on pg_class.oid = one.tgrelid join pg_namespace on pg_namespace.oid = relnamespace
      left join pg_trigger as parent on parent.oid = (to_jsonb(one) ->> 'tgparentid')::oid
      where one.tgenabled = 'D' and not one.tgisinternal and ${NOT_TEMPORARY} and parent.tgenabled is distinct from 'D'`,
    fault: (name) => `trigger '${name}' is disabled`,
  },
  {
    class: 'disabled-triggers',
    catalog: 'pg_catalog.pg_trigger',
    // Foreign keys, and what else is deferrable, hold by triggers of the server's own.
    query: `select distinct ${ITS_RELATION}, conname from pg_trigger
      join pg_constraint on pg_constraint.oid = tgconstraint
      join pg_class on pg_class.oid = tgrelid join pg_namespace on pg_namespace.oid = relnamespace
      where tgenabled = 'D' and tgisinternal and ${NOT_TEMPORARY} and conparentid = 0`,
    fault: (name) => `the triggers that enforce constraint '${name}' are disabled`,
  },
  {
    class: 'missing-extensions',
    catalog: 'pg_catalog.pg_extension',
    // The view lists an extension only where its control file is.
    query: `select quote_ident(extname), extversion from pg_extension
      left join pg_available_extensions on name = extname where name is null`,
    fault: (version) => `the files of this extension (version ${version}) are not installed here`,
  },
];

/** Looks for promises of the catalogs that nothing holds: a copy of the source has them too where it was made so. */
export async function lookAtCatalogs(session: Session, findings: Findings): Promise<void> {
  for (const promise of BROKEN_PROMISES) {
    await lookAlone(session, promise.catalog, findings, () => brokenPromises(session, promise));
  }
}

async function brokenPromises(
  session: Session,
  { class: of, query, fault }: BrokenPromise,
): Promise<readonly StructureFault[]> {
  const { rows } = await session.query(`${query} order by 1, 2`);
  return rows.map(([relation, name]) => ({ relation: relation ?? '', fault: fault(name ?? ''), class: of }));
}
