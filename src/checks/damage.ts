import type { CheckSpec, FilesCheck, ManifestCheck, RowCountsCheck } from '../runbook/check-spec.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import { unreachable } from '../support/unreachable.ts';

/** A way in which a restored copy is damaged, so that a check which claims to notice can be seen to. JSON-serialisable. */
export type Damage =
  /** `table` as the check names it; without one the table with most rows. */
  | { readonly kind: 'drop-table'; readonly table?: string }
  /** One row of a hundred, at least one; with `leave` all but so many. `where`: only of these rows. */
  | { readonly kind: 'delete-rows'; readonly table?: string; readonly where?: string; readonly leave?: number }
  /** Every row of every table, or every file. */
  | { readonly kind: 'empty' }
  /** Rows stay, but a row that others refer to is gone. */
  | { readonly kind: 'orphan' }
  /** Zeros instead of a page in the middle of the table with most rows. */
  | { readonly kind: 'zero-page' }
  /** One byte of a page of a table or of an index, or of the largest file. */
  | { readonly kind: 'flip-byte'; readonly of: 'table' | 'index' | 'file' }
  /** This file, or the first one; with `leave` all but so many. Of MySQL: the file of the table with most rows. */
  | { readonly kind: 'missing-file'; readonly path?: string; readonly leave?: number };

/** A check, a damage that it claims to notice, and the resource that is damaged. */
export interface Claim {
  readonly check: CheckSpec;
  readonly damage: Damage;
  /** Name of the resource whose copy is damaged. */
  readonly of: string;
}

/**
 * What each integrity check claims to notice. A check that looks at nothing but a connection or a login claims nothing.
 */
export function claimsOf(checks: readonly CheckSpec[], restores: readonly RestoreSpec[]): readonly Claim[] {
  return checks
    .filter(({ purpose }) => purpose === 'integrity')
    .flatMap((check) => {
      const kind = restores.find(({ name }) => name === check.of)?.kind;
      const of = check.kind === 'references' ? check.in : check.of;
      return kind === undefined ? [] : damagesOf(check, kind).map((damage) => ({ check, damage, of }));
    });
}

function damagesOf(check: CheckSpec, kind: RestoreSpec['kind']): readonly Damage[] {
  switch (check.kind) {
    case 'row-counts':
      return ofRowCounts(check);
    case 'structure':
      return ofStructure(kind);
    case 'foreign-keys':
      return [{ kind: 'orphan' }];
    case 'manifest':
      return kind === 'files' ? OF_FILES : ofManifest(check, kind);
    case 'files':
      return ofFiles(check);
    case 'sql':
    case 'freshness':
    case 'references':
    case 'http':
    case 'command':
      return [{ kind: 'empty' }];
    case 'login':
    case 'tcp':
      return [];
    default:
      return unreachable(check);
  }
}

const OF_FILES: readonly Damage[] = [{ kind: 'missing-file' }, { kind: 'flip-byte', of: 'file' }];

/** A table that must hold a row, dropped; and each such table with a row too few, or, exact, with one in a hundred gone. */
function ofRowCounts({ tables }: RowCountsCheck): readonly Damage[] {
  const owed = tables.filter(({ atLeast }) => atLeast > 0);
  const dropped = owed.slice(0, 1).map(({ table }): Damage => ({ kind: 'drop-table', table }));
  const thinned = owed.map(({ table, atLeast, atMost }): Damage => {
    return atMost === atLeast ? { kind: 'delete-rows', table } : { kind: 'delete-rows', table, leave: atLeast - 1 };
  });
  return [...dropped, ...thinned];
}

function ofStructure(kind: RestoreSpec['kind']): readonly Damage[] {
  if (kind === 'sqlite') return [{ kind: 'flip-byte', of: 'table' }];
  if (kind === 'mysql') return [{ kind: 'missing-file' }];
  return [
    { kind: 'flip-byte', of: 'index' },
    { kind: 'flip-byte', of: 'table' },
  ];
}

/** What is bounded to rows that no longer change is not compared elsewhere. */
function ofManifest({ bounded = [] }: ManifestCheck, kind: RestoreSpec['kind']): readonly Damage[] {
  if (bounded.length > 0) return bounded.map(({ table, where }) => ({ kind: 'delete-rows', table, where }));
  const pages: readonly Damage[] = kind === 'mysql' || kind === 'sqlite' ? [] : [{ kind: 'zero-page' }];
  return [{ kind: 'drop-table' }, { kind: 'delete-rows' }, ...pages];
}

function ofFiles({ contains, atLeast }: FilesCheck): readonly Damage[] {
  const [path] = contains;
  const thinned: readonly Damage[] = [{ kind: 'missing-file', leave: Math.max(0, atLeast - 1) }];
  return path === undefined ? thinned : [{ kind: 'missing-file', path }, ...thinned];
}

/** What was done to the copy, as the end of "although": `1 % of the rows of 'orders' were deleted`. */
export function damageInWords(damage: Damage): string {
  const table = 'table' in damage && damage.table !== undefined ? `'${damage.table}'` : 'its largest table';
  switch (damage.kind) {
    case 'drop-table':
      return `${table} was dropped`;
    case 'delete-rows': {
      const rows = damage.leave === undefined ? '1 % of the rows' : `all but ${damage.leave} rows`;
      return `${rows} of ${table}${damage.where === undefined ? '' : ` where ${damage.where}`} were deleted`;
    }
    case 'empty':
      return 'everything in it was deleted';
    case 'orphan':
      return 'a row was deleted that others refer to';
    case 'zero-page':
      return 'a page of its largest table was filled with zeros';
    case 'flip-byte':
      return `a byte of ${damage.of === 'index' ? 'an' : 'a'} ${damage.of} was changed`;
    case 'missing-file': {
      if (damage.path !== undefined) return `'${damage.path}' was deleted`;
      return damage.leave === undefined ? 'a file was deleted' : `all but ${damage.leave} files were deleted`;
    }
    default:
      return unreachable(damage);
  }
}
