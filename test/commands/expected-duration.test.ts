import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectedDuration } from '../../src/commands/expected-duration.ts';
import { openDrillIndex } from '../../src/history/drill-index.ts';
import { aJournal, aShop } from '../support/journal-builder.ts';

let reports: string;

beforeEach(async () => {
  reports = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
});
afterEach(async () => {
  await rm(reports, { recursive: true });
});

async function writeDrill(name: string, { took, runbook, ends }: { took: number; runbook: string; ends: boolean }) {
  const journal = aJournal(aShop({ name: runbook }))
    .started({ drillId: name })
    .after(took);
  if (ends) journal.add({ type: 'drill-finished' });
  await mkdir(join(reports, name));
  const lines = journal.events.map((event) => `${JSON.stringify(event)}\n`);
  await writeFile(join(reports, name, 'journal.jsonl'), lines.join(''));
}

async function expected() {
  return expectedDuration((await openDrillIndex(reports, { tool: '0.1.0' })).drills, 'shop');
}

test('the latest five finished drills of the runbook tell what to expect, and no others', async () => {
  const tooks = [900_000, 1_000, 2_000, 3_000, 4_000, 60_000];
  for (const [n, took] of tooks.entries()) await writeDrill(`shop-${n}`, { took, runbook: 'shop', ends: true });
  await writeDrill('shop-8', { took: 800_000, runbook: 'shop', ends: false });
  await writeDrill('other-9', { took: 800_000, runbook: 'other', ends: true });
  expect(await expected()).toEqual({ of: 5, median: 3_020, longest: 60_020 });
});

test('nothing is expected of a runbook that was never drilled', async () => {
  expect(await expected()).toBeUndefined();
});
