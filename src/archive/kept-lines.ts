import pLimit from 'p-limit';
import { JournalUnwritable } from '../journal/journal.ts';
import type { KeepLine } from '../journal/file-journal.ts';
import type { Store } from '../store/store.ts';

/** Texts fetched at once. */
const SIDE_BY_SIDE = 16;

/**
 * Keeps each line of a drill's journal as a text of its own, before its effect: of two engines on two machines only one
 * can create the next, so that the other one learns that it was taken over.
 *
 * @param onUnkept called when a line cannot be kept, which may have been kept all the same
 */
export function lineKeeper(store: Store, drillId: string, onUnkept: () => void): KeepLine {
  return async (line, number) => {
    const isKept = await store.create(keyOf(drillId, number), line).catch((error: unknown) => {
      onUnkept();
      throw new JournalUnwritable('disk', error);
    });
    if (!isKept) throw new JournalUnwritable('taken-over');
  };
}

/**
 * The lines of a journal from a number on, in order.
 *
 * @throws Error when one of them is not there although a later one is
 */
export async function keptLines(store: Store, drillId: string, from: number): Promise<readonly string[]> {
  const last = (await store.list(`journals/${drillId}/`)).length;
  const numbers = Array.from({ length: Math.max(0, last - from + 1) }, (_, index) => from + index);
  const limit = pLimit(SIDE_BY_SIDE);
  return Promise.all(
    numbers.map((number) =>
      limit(async () => {
        const line = await store.read(keyOf(drillId, number));
        if (line === undefined) throw new Error(`line ${number} of the journal of '${drillId}' is not kept`);
        return line;
      }),
    ),
  );
}

function keyOf(drillId: string, number: number): string {
  return `journals/${drillId}/${String(number).padStart(6, '0')}.json`;
}
