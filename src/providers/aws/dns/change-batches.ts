import type { Change } from '@aws-sdk/client-route-53';

/** What Route 53 takes in one call; an UPSERT counts double, in records and in characters. */
const MOST_RECORDS = 1_000;
const MOST_CHARACTERS = 32_000;

/** Changes in as few batches as Route 53 takes, in their order: each batch is made whole or not at all. */
export function inBatches(changes: readonly Change[]): readonly (readonly Change[])[] {
  const batches: Change[][] = [];
  let [records, characters] = [Infinity, Infinity];
  for (const change of changes) {
    const weight = weightOf(change);
    records += weight.records;
    characters += weight.characters;
    if (records > MOST_RECORDS || characters > MOST_CHARACTERS) {
      batches.push([]);
      ({ records, characters } = weight);
    }
    batches.at(-1)?.push(change);
  }
  return batches;
}

/** An alias has no value of its own, but counts as one. */
function weightOf({ Action, ResourceRecordSet }: Change): { readonly records: number; readonly characters: number } {
  const values = (ResourceRecordSet?.ResourceRecords ?? []).map(({ Value }) => Value ?? '');
  const times = Action === 'UPSERT' ? 2 : 1;
  const length = values.reduce((sum, value) => sum + value.length, 0);
  return { records: Math.max(1, values.length) * times, characters: length * times };
}
