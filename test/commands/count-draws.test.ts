import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countDraws } from '../../src/commands/count-draws.ts';
import type { DrillEvent, NewEvent } from '../../src/drill/events.ts';
import { JOURNAL_FILE } from '../../src/journal/file-journal.ts';
import { type JournalBuilder, aJournal, aShop } from '../support/journal-builder.ts';

let reports: string;

beforeEach(async () => {
  reports = await mkdtemp(join(tmpdir(), 'drillbook-draws-'));
});
afterEach(async () => rm(reports, { recursive: true, force: true }));

const random = (journal: JournalBuilder) =>
  journal.planned((plan) => ({
    ...plan,
    resources: plan.resources.map((one) => ({ ...one, draw: { ...one.draw, strategy: 'random' } })),
  }));

async function drill(
  drillId: string,
  make: (journal: JournalBuilder) => JournalBuilder,
): Promise<readonly DrillEvent[]> {
  const { events } = make(random(aJournal(aShop()).started({ drillId })).sandboxed());
  await mkdir(join(reports, drillId));
  await writeFile(join(reports, drillId, JOURNAL_FILE), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return events;
}

const passed = (journal: JournalBuilder) => journal.restored().checked().tornDown().finished();

/** What is journaled when the draws of a drill with these events are counted. */
async function counted(
  events: readonly DrillEvent[],
  append?: () => Promise<DrillEvent>,
): Promise<readonly NewEvent[]> {
  const appended: NewEvent[] = [];
  const journal = {
    events,
    append: append ?? (async (event: NewEvent) => Promise.resolve(appended.push(event) as unknown as DrillEvent)),
    close: async () => Promise.resolve(),
  };
  await countDraws(events, { journal, runbook: aShop(), reports, onEvent: () => undefined });
  return appended;
}

test('a finished drill counts its own draw among those of all drills', async () => {
  await drill('shop-1', passed);
  await drill('shop-2', (journal) => journal.restored().checked({ 'orders-has-no-orphans': { outcome: 'failed' } }).tornDown().finished()); // prettier-ignore
  const own = await drill('shop-3', passed);
  expect(await counted(own)).toEqual([
    { type: 'draws-counted', resources: [{ resource: 'orders', passed: 2, draws: 3 }] },
  ]);
});

test('nothing is counted twice, before a drill has finished, nor behind a line that is not kept', async () => {
  const own = await drill('shop-1', passed);
  const already = { ...own.at(-1), type: 'draws-counted', resources: [] } as unknown as DrillEvent;
  expect(await counted([...own, already])).toEqual([]);
  expect(await counted(own.slice(0, -1))).toEqual([]);
  expect(await counted([...own.slice(0, -1), { ...own.at(-1), prev: '' } as DrillEvent])).toEqual([]);
});

test('a journal that cannot be written any more changes nothing', async () => {
  const own = await drill('shop-1', passed);
  await expect(counted(own, async () => Promise.reject(new Error('disk')))).resolves.toEqual([]);
});
