import type { AwsCall, AwsReply } from '../call.ts';
import { renderError } from '../render-error.ts';
import { listParam } from '../sub-call.ts';
import { queryReply, type XmlNode } from '../xml.ts';

/** How describes are cut into pages. */
export interface Paging {
  /** At most that many a page, whatever MaxRecords says: RDS may return fewer than asked for. */
  readonly atMost?: number;
  /** Whether the first page is empty and has a marker: it is not the end. */
  readonly startsEmpty?: boolean;
}

/** What is cut into pages: the list's element, its members' element, and the members. */
export interface Listing {
  readonly list: string;
  readonly member: string;
  readonly items: readonly XmlNode[];
}

/** Answers one page of a describe by MaxRecords (20 to 100) and Marker, as RDS does. */
export function pageReply(call: AwsCall, { list, member, items }: Listing, paging: Paging): AwsReply {
  const asked = Number(call.params['MaxRecords'] ?? '100');
  if (!Number.isInteger(asked) || asked < 20 || asked > 100) {
    return invalidValue(
      call,
      `Invalid value ${String(call.params['MaxRecords'])} for MaxRecords. Must be between 20 and 100`,
    );
  }
  const marker = call.params['Marker'];
  const start = marker === undefined ? 0 : offsetOf(marker);
  if (start === undefined) return invalidValue(call, `Invalid marker: ${String(marker)}`);
  if (marker === undefined && paging.startsEmpty === true) {
    return queryReply(call.action, { Marker: markerOf(0), [list]: '' });
  }
  const end = start + Math.min(asked, paging.atMost ?? asked);
  return queryReply(call.action, {
    ...(end < items.length ? { Marker: markerOf(end) } : {}),
    [list]: { [member]: items.slice(start, end) },
  });
}

/** `Filters.Filter.N` as name → values. */
export function filtersOf(call: AwsCall): ReadonlyMap<string, readonly string[]> {
  const filters = new Map<string, readonly string[]>();
  for (let index = 1; ; index += 1) {
    const name = call.params[`Filters.Filter.${index}.Name`];
    if (name === undefined) return filters;
    filters.set(name, listParam(call.params, `Filters.Filter.${index}.Values.Value`));
  }
}

/** What each filter name looks at; a filter passes when one of its values is among them. */
export type FilterTable = Readonly<Record<string, (item: XmlNode) => readonly string[]>>;

/** The items that pass all filters of the call, or the error for a filter that RDS does not know. */
export function filtered(call: AwsCall, items: readonly XmlNode[], table: FilterTable): readonly XmlNode[] | AwsReply {
  let left = items;
  for (const [name, values] of filtersOf(call)) {
    const look = table[name];
    if (look === undefined) return invalidValue(call, `Unrecognized filter name: ${name}`);
    left = left.filter((item) => look(item).some((value) => values.includes(value)));
  }
  return left;
}

export function isReply(value: readonly XmlNode[] | AwsReply): value is AwsReply {
  return 'status' in value;
}

export function invalidValue(call: AwsCall, message: string): AwsReply {
  return renderError(call, { status: 400, code: 'InvalidParameterValue', message });
}

export function invalidCombination(call: AwsCall, message: string): AwsReply {
  return renderError(call, { status: 400, code: 'InvalidParameterCombination', message });
}

const markerOf = (offset: number) => Buffer.from(`offset:${offset}`).toString('base64');

function offsetOf(marker: string): number | undefined {
  const found = /^offset:(\d+)$/.exec(Buffer.from(marker, 'base64').toString('utf8'))?.[1];
  return found === undefined ? undefined : Number(found);
}
