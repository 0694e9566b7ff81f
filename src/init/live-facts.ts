/** What a living database told of itself: names and counts, never a value of a row. */
export interface LiveFacts {
  /** Every table, by name, each named as a query names it. */
  readonly tables: readonly LiveTable[];
  /** Foreign keys of tables that hold a row. */
  readonly foreignKeys: number;
  /** The column that most looks like business time. */
  readonly newest?: { readonly table: string; readonly column: string };
}

export interface LiveTable {
  readonly name: string;
  readonly rows: number;
  /** Whether they were counted, or are what the server estimates. */
  readonly isExact: boolean;
}

const LARGEST_SHOWN = 5;
const SHARE_KEPT = 0.9;

/** The largest tables that hold a row, and a number of rows that a good restore has at least. */
export function largestTables({ tables }: LiveFacts): readonly (LiveTable & { readonly atLeast: number })[] {
  return tables
    .filter(({ rows }) => rows > 0)
    .toSorted((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1))
    .slice(0, LARGEST_SHOWN)
    .map((table) => ({ ...table, atLeast: Math.max(1, twoDigits(table.rows * SHARE_KEPT)) }));
}

/** Nine tenths, rounded down. */
export function mostOf(count: number): number {
  return Math.max(1, Math.floor(count * SHARE_KEPT));
}

/** Rounded down to two digits: 34 999 is 34 000. */
function twoDigits(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))) - 1);
  return Math.floor(count / unit) * unit;
}
