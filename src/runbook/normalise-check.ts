import { join, resolve } from 'node:path';

import { unreachable } from '../support/unreachable.ts';
import { must } from './must.ts';
import { parseDuration } from './duration.ts';
import { secretRef } from './secret-ref.ts';
import type {
  CheckCommon,
  CheckSpec,
  FilesCheck,
  Retry,
  RowCountExpectation,
  SqlCheck,
  SqlExpectation,
} from './check-spec.ts';
import { normaliseCommand, normaliseHttp } from './normalise-program.ts';
import type { RestoreSpec } from './restore-spec.ts';
import type { WrittenCheck } from './written-checks.ts';

const LONGEST_SENTENCE = 100;
const LONGEST_ID = 100;

/** The sentence of a check as a name that is safe in ids and file names. */
export function checkId(sentence: string): string {
  return sentence
    .slice(0, LONGEST_SENTENCE)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_ID)
    .replaceAll(/^-|-$/g, '');
}

/** What a check is read with. */
export interface CheckSurroundings {
  readonly restore: readonly RestoreSpec[];
  /** The absolute folder of the runbook. */
  readonly folder: string;
}

/** A written check in which nothing is wrong, with its defaults and absolute paths. */
export function normaliseCheck(written: WrittenCheck, { restore, folder }: CheckSurroundings): CheckSpec {
  const resource = must(
    restore.find(({ name }) => name === written.of),
    written.of,
  );
  const name = must(written.smoke ?? written.integrity, 'sentence');
  const database = 'database' in written ? written.database : undefined;
  const common: CheckCommon = {
    id: checkId(name),
    name,
    purpose: written.smoke === undefined ? 'integrity' : 'smoke',
    severity: written.severity ?? 'fail',
    of: written.of,
    database: database ?? resource.database,
    ...(written.retry && { retry: normaliseRetry(written.retry) }),
  };
  return { ...common, ...normaliseKind(written, { home: manifestHome(resource, folder), folder }) };
}

function normaliseRetry({ every = '1s', within }: NonNullable<WrittenCheck['retry']>): Retry {
  return { every: must(parseDuration(every), every), within: must(parseDuration(within), within) };
}

type KindPart<Spec> = Spec extends CheckSpec ? Omit<Spec, keyof CheckCommon> : never;
type Written<K extends WrittenCheck['kind']> = Extract<WrittenCheck, { kind: K }>;

function normaliseKind(
  written: WrittenCheck,
  { home, folder }: { readonly home: string; readonly folder: string },
): KindPart<CheckSpec> {
  switch (written.kind) {
    case 'login': {
      const { kind, user, password } = written;
      const login = password && { password: secretRef(password, folder) };
      return { kind, ...(user !== undefined && { user }), ...login };
    }
    case 'sql':
      return normaliseSql(written);
    case 'row-counts':
      return { kind: written.kind, tables: Object.entries(written.tables).map(rowCountExpectation) };
    case 'structure': {
      const { kind, heapAllIndexed, accept } = written;
      return { kind, heapAllIndexed: heapAllIndexed ?? false, ...(accept && { accept }) };
    }
    case 'foreign-keys':
    case 'tcp':
      return { kind: written.kind };
    case 'manifest': {
      const { kind, file, bounded } = written;
      return { kind, file: manifestFile(file, { home, folder }), ...(bounded && { bounded }) };
    }
    case 'freshness':
      return { kind: written.kind, query: written.query, within: must(parseDuration(written.within), written.within) };
    case 'files':
      return normaliseFiles(written);
    case 'references':
      return { kind: written.kind, in: written.in, query: written.query };
    case 'http':
      return normaliseHttp(written, folder);
    case 'command':
      return normaliseCommand(written, folder);
    default:
      return unreachable(written);
  }
}

function normaliseSql({ kind, query, over, expect, reveal }: Written<'sql'>): KindPart<SqlCheck> {
  return {
    kind,
    query,
    ...(over !== undefined && { over }),
    expect: sqlExpectation(expect),
    reveal: reveal ?? false,
  };
}

function normaliseFiles({
  kind,
  glob,
  atLeast,
  atMost,
  bytesAtLeast,
  contains,
}: Written<'files'>): KindPart<FilesCheck> {
  return {
    kind,
    ...(glob !== undefined && { glob }),
    atLeast: atLeast ?? 1,
    ...(atMost !== undefined && { atMost }),
    ...(bytesAtLeast !== undefined && { bytesAtLeast }),
    contains: contains ?? [],
  };
}

/** Where the manifests of a resource lie unless its check says so: with the backups they describe, or the runbook. */
function manifestHome(resource: RestoreSpec, folder: string): string {
  const { kind, name, source } = resource;
  if (kind === 'rds') return join(folder, 'manifests');
  // A folder in a source of files would be a recovery point, a file is no folder, and a repository is its tool's alone.
  if (kind === 'files' || kind === 'sqlite' || resource.repository) return join(folder, 'manifests', name);
  return join(source, 'manifests');
}

function manifestFile(written: string | undefined, { home, folder }: { home: string; folder: string }): string {
  return written === undefined ? join(home, '{recoveryPoint}.json') : resolve(folder, written);
}

function sqlExpectation({ equals, atLeast, atMost, between, matches }: Written<'sql'>['expect']): SqlExpectation {
  if (equals !== undefined) return { kind: 'equals', value: equals };
  if (atLeast !== undefined) return { kind: 'at-least', value: atLeast };
  if (atMost !== undefined) return { kind: 'at-most', value: atMost };
  if (between) return { kind: 'between', low: between[0], high: between[1] };
  return matches === undefined ? { kind: 'empty' } : { kind: 'matches', pattern: matches };
}

/** A table with only an upper bound must still hold a row: what is empty was not observed. */
function rowCountExpectation([table, bound]: [
  string,
  number | { atLeast?: number; atMost?: number },
]): RowCountExpectation {
  return typeof bound === 'number' ? { table, atLeast: bound, atMost: bound } : { table, atLeast: 1, ...bound };
}
