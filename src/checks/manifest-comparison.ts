import type { Problem } from '../diagnostics/problem.ts';
import type { Contents, TableContents } from '../probe/observation.ts';
import { counted } from './judgements.ts';

/** What lies between a manifest and what was restored. */
export interface Comparison {
  /** Each a sentence without a value of any row. */
  readonly differences: readonly string[];
  /** Tables and bounded entries of the manifest. */
  readonly compared: number;
  readonly rowsCompared: number;
  /** The first reason for which a table could not be read here. */
  readonly unreadable?: Problem;
  readonly isSchemaCompared: boolean;
}

/**
 * Compares table by table, both ways.
 *
 * @param isWhole also look for tables that the manifest does not list, and at the schema
 */
export function compareContents(expected: Contents, actual: Contents, isWhole: boolean): Comparison {
  const entries = [...entriesOf(expected)];
  const found = entriesOf(actual);
  const extra = isWhole ? [...found.keys()].filter((name) => !entriesOf(expected).has(name)) : [];
  const isSchemaCompared = isWhole && expected.engineMajor === actual.engineMajor;
  const unreadable = entries.map(([name]) => found.get(name)?.unreadable).find((problem) => problem !== undefined);
  return {
    differences: [
      ...entries.flatMap(([name, entry]) => differenceOf(name, entry, found.get(name))),
      ...extra.map((name) => `${name} is not in the manifest`),
      ...(isSchemaCompared ? schemaDifference(expected, actual) : []),
    ],
    compared: entries.length,
    rowsCompared: entries.reduce((sum, [, { rows = 0 }]) => sum + rows, 0),
    ...(unreadable && { unreadable }),
    isSchemaCompared,
  };
}

function entriesOf({ tables, bounded }: Contents): ReadonlyMap<string, TableContents> {
  return new Map([
    ...tables.map((entry): [string, TableContents] => [`'${entry.table}'`, entry]),
    ...bounded.map((entry): [string, TableContents] => [`'${entry.table}' where ${entry.where}`, entry]),
  ]);
}

function differenceOf(name: string, expected: TableContents, actual: TableContents | undefined): readonly string[] {
  if (actual?.unreadable) return [];
  if (actual?.fault !== undefined) return [`${name} is damaged: ${actual.fault}`];
  if (actual?.rows === undefined) return [`${name} is missing`];
  if (expected.rows === undefined || expected.contentHash === undefined) return [`${name} was never recorded whole`];
  if (actual.rows !== expected.rows) return [`${name} has ${counted(actual.rows, 'row')} instead of ${expected.rows}`];
  return actual.contentHash === expected.contentHash ? [] : [`${name} has the same number of rows, but other contents`];
}

function schemaDifference(expected: Contents, actual: Contents): readonly string[] {
  if (expected.schemaFingerprint === actual.schemaFingerprint) return [];
  const [before, after] = [expected.schemaParts ?? {}, actual.schemaParts ?? {}];
  const parts = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (part) => before[part] !== after[part],
  );
  return [parts.length === 0 ? 'the schema differs' : `the schema differs in its ${parts.join(', ')}`];
}
