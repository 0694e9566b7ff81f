import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { run } from '../support/run-process.ts';

const KILLED_RUN = fileURLToPath(new URL('../support/killed-run.mjs', import.meta.url));
const WHOLE_MATRIX = process.env['DRILLBOOK_CRASH_MATRIX'] === 'whole';

let estate: RealEstate;
let runbook: string;

beforeAll(async () => {
  estate = await realEstate();
  runbook = await estate.runbook('crash', { pick: 'base/01-opening' });
});
afterAll(async () => {
  await estate.remove();
});

async function killedRun(drillId: string, line: number, when: 'before' | 'after') {
  const args = [KILLED_RUN, runbook, join(estate.folder, 'reports'), drillId, '1', String(line), when];
  return run(process.execPath, args, { cwd: estate.folder, env: process.env }).ended;
}

async function journalOf(drillId: string): Promise<readonly DrillEvent[]> {
  const text = await readFile(join(estate.folder, 'reports', drillId, 'journal.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as DrillEvent);
}

/** A kind of event, told apart by its step where the step matters. */
function kindOf(event: DrillEvent): string {
  return 'step' in event ? `${event.type} ${event.step.split(':')[0] ?? ''}` : event.type;
}

/**
 * Every line, each with the gap before it and the moment after it. Unless the whole matrix is wanted, the first of each type
 * with its gap, in which the effect is there and nobody has noted it.
 */
function pointsOf(events: readonly DrillEvent[]): readonly { line: number; when: 'before' | 'after'; kind: string }[] {
  const kinds = events.map(kindOf);
  const types = events.map(({ type }) => type);
  return events.flatMap((event, index) => {
    const point = { kind: kinds[index] ?? '', line: index + 1 };
    if (!WHOLE_MATRIX && types.indexOf(event.type) !== index) return [];
    const isAfter = WHOLE_MATRIX || event.type === 'plan-made';
    return [{ ...point, when: 'before' as const }, ...(isAfter ? [{ ...point, when: 'after' as const }] : [])];
  });
}

test(
  'killed with -9 at each kind of journal line and gap, a resumed drill gives the same verdict, restores once and leaves nothing',
  { timeout: 3_600_000 },
  async () => {
    const undisturbed = await killedRun('crash-none', 0, 'before');
    expect([undisturbed.stdout, undisturbed.code], undisturbed.stderr).toEqual(['{"verdict":"passed"}', 0]);
    const points = pointsOf(await journalOf('crash-none'));
    expect(points.length).toBeGreaterThan(10);
    for (const { line, when, kind } of points) await killAndResume(line, when, `killed ${when} line ${line} (${kind})`);
  },
);

async function killAndResume(line: number, when: 'before' | 'after', name: string): Promise<void> {
  const drillId = `crash-${line}-${when}`;
  const killed = await killedRun(drillId, line, when);
  expect(killed.signal, `${name}: ${killed.stderr}`).toBe('SIGKILL');
  const resumed = await estate.drillbook(['resume', drillId]);
  const events = await journalOf(drillId).catch(() => []);
  // Killed before line 1 was on disk, there is no drill yet, and nothing to resume.
  if (events.length > 0) {
    expect(resumed.code, `${name}: ${resumed.stderr}${resumed.stdout}`).toBe(0);
    expect(await estate.report(drillId), name).toMatchObject({
      verdict: 'passed',
      teardown: { outcome: 'clean', left: [] },
    });
    const created = events.filter((event) => event.type === 'resource-created').map(kindOf);
    expect(created.sort(), name).toEqual(['resource-created restore', 'resource-created sandbox']);
  }
  expect(await tracesOf(estate.folder), name).toEqual([]);
  await rm(join(estate.folder, 'reports', drillId), { recursive: true, force: true });
}
