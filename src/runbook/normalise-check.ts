import { join, resolve } from 'node:path';

import { unreachable } from '../support/unreachable.ts';
import { must } from './must.ts';
import { parseDuration } from './duration.ts';
import { secretRef } from './secret-ref.ts';
import type { CheckCommon, CheckSpec, RowCountExpectation, SqlExpectation } from './check-spec.ts';
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

/** A written check in which nothing is wrong, with its defaults and absolute paths. */
export function normaliseCheck(
  written: WrittenCheck,
  { restore, folder }: { readonly restore: readonly RestoreSpec[]; readonly folder: string },
): CheckSpec {
  const resource = must(
    restore.find(({ name }) => name === written.of),
    written.of,
  );
  const name = must(written.smoke ?? written.integrity, 'sentence');
  const common: CheckCommon = {
    id: checkId(name),
    name,
    purpose: written.smoke === undefined ? 'integrity' : 'smoke',
    severity: written.severity ?? 'fail',
    of: written.of,
    database: written.database ?? resource.database,
  };
  return { ...common, ...normaliseKind(written, { home: manifestHome(resource, folder), folder }) };
}

type KindPart<Spec> = Spec extends CheckSpec ? Omit<Spec, keyof CheckCommon> : never;

function normaliseKind(
  written: WrittenCheck,
  { home, folder }: { readonly home: string; readonly folder: string },
): KindPart<CheckSpec> {
  switch (written.kind) {
    case 'login': {
      const { user, password } = written;
      const login = password && { password: secretRef(password, folder) };
      return { kind: 'login', ...(user !== undefined && { user }), ...login };
    }
    case 'sql': {
      const { query, over, expect, reveal } = written;
      return {
        kind: 'sql',
        query,
        ...(over !== undefined && { over }),
        expect: sqlExpectation(expect),
        reveal: reveal ?? false,
      };
    }
    case 'row-counts':
      return { kind: 'row-counts', tables: Object.entries(written.tables).map(rowCountExpectation) };
    case 'structure':
      return { kind: 'structure', heapAllIndexed: written.heapAllIndexed ?? false };
    case 'manifest': {
      const { file, bounded } = written;
      return { kind: 'manifest', file: manifestFile(file, { home, folder }), ...(bounded && { bounded }) };
    }
    case 'freshness':
      return { kind: 'freshness', query: written.query, within: must(parseDuration(written.within), written.within) };
    default:
      return unreachable(written);
  }
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

function sqlExpectation({
  equals,
  atLeast,
  atMost,
  between,
  matches,
}: Extract<WrittenCheck, { kind: 'sql' }>['expect']): SqlExpectation {
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
