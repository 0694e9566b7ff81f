/** A column of a table that holds moments. Names are quoted where a query needs it. */
export interface MomentColumn {
  readonly table: string;
  readonly column: string;
  /** The name of the column as it is. */
  readonly called: string;
  /** Rows of its table. */
  readonly rows: number;
  readonly hasDefault: boolean;
  /** Whether an index begins with it. */
  readonly isIndexed: boolean;
}

/** Set when a row is written; what is said of a row later, or of a future, tells nothing of how fresh data is. */
const OF_WRITING =
  /^(?:created|inserted|placed|occurred|ordered|logged|recorded|happened|received|sent|paid)(?:_?(?:at|on|date|time))?$/i;
const OF_CHANGING = /^(?:updated|modified|changed)(?:_?(?:at|on|date|time))?$/i;
const OF_A_MOMENT = /(?:_at|_on|_time|_timestamp|At)$|^(?:timestamp|ts)$/;
const OF_ANOTHER_TIME = /expir|until|due|valid|birth|start|end|deleted|archived|schedul|next|deadline/i;

/** The columns that look like business time, likeliest first; of those alike, that of the larger table. */
export function likelyBusinessTimes(columns: readonly MomentColumn[]): readonly MomentColumn[] {
  return columns
    .map((column) => ({ column, likeness: likenessOf(column) }))
    .filter(({ column, likeness }) => likeness > 0 && column.rows > 0)
    .toSorted((a, b) => b.likeness - a.likeness || b.column.rows - a.column.rows || inOrder(a.column, b.column))
    .map(({ column }) => column);
}

function likenessOf({ called, hasDefault, isIndexed }: MomentColumn): number {
  if (OF_ANOTHER_TIME.test(called)) return 0;
  const byName = OF_WRITING.test(called) ? 3 : OF_CHANGING.test(called) || OF_A_MOMENT.test(called) ? 2 : 0;
  return byName === 0 ? 0 : byName + (hasDefault ? 2 : 0) + (isIndexed ? 2 : 0);
}

function inOrder(a: MomentColumn, b: MomentColumn): number {
  return `${a.table}.${a.column}` < `${b.table}.${b.column}` ? -1 : 1;
}
