import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { run } from '../support/run-process.ts';

const KILLED_RUN = fileURLToPath(new URL('../support/killed-run.mjs', import.meta.url));
/** In the gap before its line, where the effect is there and nobody has noted it: one for each stretch of a drill. */
const GAPS = ['resource-created', 'check-judged', 'resource-removed'];
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

/** Every line, with the gap before it and the moment after it; unless the whole matrix is wanted, some of the gaps. */
function pointsOf(events: readonly DrillEvent[]): readonly { line: number; when: 'before' | 'after'; kind: string }[] {
  const types = events.map(({ type }) => type as string);
  if (!WHOLE_MATRIX) return GAPS.map((kind) => ({ kind, line: types.lastIndexOf(kind) + 1, when: 'before' as const }));
  return events.flatMap((event, index) =>
    (['before', 'after'] as const).map((when) => ({ kind: kindOf(event), line: index + 1, when })),
  );
}

test(
  'killed with -9 between an effect and its journal line, a resumed drill gives the same verdict, restores once and leaves nothing',
  { timeout: 3_600_000 },
  async () => {
    const undisturbed = await killedRun('crash-none', 0, 'before');
    expect([undisturbed.stdout, undisturbed.code], undisturbed.stderr).toEqual(['{"verdict":"passed"}', 0]);
    const points = pointsOf(await journalOf('crash-none'));
    expect(points.map(({ line }) => line)).not.toContain(0);
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
