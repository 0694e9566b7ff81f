import type { Observation } from '../observation.ts';
import type { SqliteDatabase } from './database.ts';
import { damageOf, problemOf } from './sqlite-errors.ts';

type Fault = Extract<Observation, { kind: 'structure' }>['faults'][number];

/** Faults that SQLite looks for before it gives up: a damaged page can make one of every row. */
const MOST_FAULTS = 1_000;

/** How `integrity_check` names what a fault is in; the first that fits says it. */
const PLACES: readonly RegExp[] = [
  /\b(?:from|in) index (.+)$/,
  /^(?:NULL|NUMERIC|TEXT|non-\w+) value in (.+)\.[^.]+$/,
  /^CHECK constraint failed in (.+)$/,
  /\btable (?:main\.)?(.+)$/,
];

/**
 * SQLite's own `integrity_check`: every page belongs to one thing, every tree is in order, every row is in every index.
 * A table is a tree in the order of its key, so it counts as an index too.
 */
export function observeStructure(database: SqliteDatabase): Observation {
  let trees: ReadonlyMap<number, string> = new Map();
  try {
    trees = treesOf(database);
    const faults = faultsOf(database, trees);
    return { kind: 'structure', ...countTrees(database), faults };
  } catch (error) {
    const fault = damageOf(error);
    if (fault === undefined)
      return { kind: 'unobservable', problem: problemOf(error, 'the structure of the database') };
    return {
      kind: 'structure',
      indexesChecked: trees.size,
      heapsChecked: trees.size,
      faults: [{ relation: 'database', fault }],
    };
  }
}

function treesOf(database: SqliteDatabase): ReadonlyMap<number, string> {
  const rows = [...database.rows('select rootpage, name from sqlite_schema where rootpage > 0')];
  return new Map([
    [1, 'sqlite_schema'],
    ...rows.map(({ rootpage, name }): [number, string] => [Number(rootpage), String(name)]),
  ]);
}

function countTrees(database: SqliteDatabase): { readonly indexesChecked: number; readonly heapsChecked: number } {
  const counted = database.row(
    "select count(*) as trees, count(*) filter (where type = 'table') as tables from sqlite_schema where rootpage > 0",
  );
  return { indexesChecked: Number(counted?.['trees']), heapsChecked: Number(counted?.['tables']) };
}

/** Equal faults are told once: which row it is would be a value of it, since a key may be a row's number. */
function faultsOf(database: SqliteDatabase, trees: ReadonlyMap<number, string>): readonly Fault[] {
  const faults = new Map<string, Fault>();
  for (const { integrity_check: text } of database.rows(`pragma integrity_check(${MOST_FAULTS})`)) {
    if (text === 'ok') continue;
    // Up to 100 faults of pages come in one text.
    for (const line of String(text).split('\n')) {
      const fault = faultOf(line, trees);
      if (fault) faults.set(JSON.stringify(fault), fault);
    }
  }
  return [...faults.values()];
}

function faultOf(line: string, trees: ReadonlyMap<number, string>): Fault | undefined {
  if (line === '' || line.startsWith('*** in database')) return undefined;
  const fault = line.replace(/\b(row|rowid) -?\d+/gi, '$1 …');
  const tree = /^(?:On tree page|Tree|List of tree roots:?) (\d+)/.exec(line)?.[1];
  const named = tree === undefined ? undefined : trees.get(Number(tree));
  const place = PLACES.map((pattern) => pattern.exec(line)?.[1]).find((name) => name !== undefined);
  return { relation: named ?? place ?? 'database', fault };
}
