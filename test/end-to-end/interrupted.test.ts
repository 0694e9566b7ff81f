import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { casesFor } from '../support/whole.ts';

let estate: RealEstate;

beforeAll(async () => {
  estate = await realEstate();
});
afterEach(async () => {
  expect(await tracesOf(estate.folder)).toEqual([]);
});
afterAll(async () => {
  await estate.remove();
});

/** Starts a drill and resolves when its stderr shows `line`. */
async function drillUntil(name: string, line: RegExp, args: readonly string[] = []) {
  const runbook = await estate.runbook(name, { pick: 'base/03-noon' });
  const { child, ended } = estate.start(['run', runbook, ...args]);
  await new Promise<void>((resolve, reject) => {
    let seen = '';
    child.stderr?.on('data', (text: string) => {
      seen += text;
      if (line.test(seen)) resolve();
    });
    child.once('close', () => reject(new Error(`ended before ${String(line)}: ${seen}`)));
  });
  const drillId = (await readdir(join(estate.folder, 'reports'))).find((id) => id.startsWith(`${name}-`)) ?? '';
  return { child, ended, drillId };
}

// The next test sends SIGINT, twice.
test.each(casesFor(['SIGTERM', 'SIGINT']))(
  '%s aborts a drill, tears it down and leaves a report: exit 130',
  async (signal) => {
    const { child, ended, drillId } = await drillUntil(`stopped-by-${signal.toLowerCase()}`, /isolation: level/);
    child.kill(signal);
    const { code } = await ended;
    expect(code).toBe(130);
    expect(await estate.report(drillId)).toMatchObject({
      verdict: 'inconclusive',
      teardown: { outcome: 'clean', left: [] },
    });
  },
);

test('a second signal leaves at once and prints the command that finishes the work, and that command does', async () => {
  const { child, ended, drillId } = await drillUntil('stopped-twice', /isolation: level/);
  child.kill('SIGINT');
  await new Promise((resolve) => child.stderr?.once('data', resolve));
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  const command = /drillbook (teardown \S+)/.exec(stderr)?.[1]?.split(' ') ?? [];
  // The drill may have been torn down in the very moment of the second signal: then there is nothing to print.
  if (command.length > 0) expect((await estate.drillbook(command)).code).toBe(0);
  expect(await estate.report(drillId).catch(() => ({ teardown: { outcome: 'clean' } }))).toMatchObject({
    teardown: { outcome: 'clean' },
  });
});

test('a drill that did not pass is kept when asked, and teardown removes it', async () => {
  const runbook = await estate.runbook('kept', { pick: 'base/04-afternoon' });
  const { code, stdout } = await estate.drillbook(['run', runbook, '--keep-on-failure', '30m', '--json']);
  const report = JSON.parse(stdout) as { drillId: string; teardown: { outcome: string } };
  expect([code, report.teardown.outcome]).toEqual([1, 'kept']);
  expect((await tracesOf(estate.folder)).length).toBeGreaterThan(0);
  expect((await estate.drillbook(['sweep', '--yes'])).code).toBe(0);
  expect((await tracesOf(estate.folder)).length).toBeGreaterThan(0);
  expect((await estate.drillbook(['teardown', report.drillId])).code).toBe(0);
});

test.each(casesFor([2, 1, 9]))(
  'a journal whose line %i was changed stops resume with its number, and teardown removes what was made',
  async (bad) => {
    const { child, ended, drillId } = await drillUntil(`tampered-${bad}`, /restore:orders: done/);
    child.kill('SIGKILL');
    await ended;
    const file = join(estate.folder, 'reports', drillId, 'journal.jsonl');
    const lines = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, lines.map((line, n) => (n === bad - 1 ? line.replace('"seq"', '"Seq"') : line)).join('\n'));
    const resumed = await estate.drillbook(['resume', drillId]);
    expect([resumed.code, resumed.stderr]).toEqual([3, expect.stringContaining(`line ${bad} `)]);
    expect((await estate.drillbook(['teardown', drillId])).code).toBe(0);
  },
);

test('sweep finds an expired sandbox without any journal, only lists it without --yes, and leaves a live one alone', async () => {
  const { child, ended, drillId } = await drillUntil('vanished', /restore:orders: done/);
  child.kill('SIGKILL');
  await ended;
  await rm(join(estate.folder, 'reports', drillId), { recursive: true });
  const sandbox = join(estate.folder, '.drillbook', 'sandboxes', drillId);
  expect((await estate.drillbook(['sweep', '--yes'])).stdout).toMatch(/0 expired, 2 not expired/);
  for (const folder of [sandbox, join(sandbox, 'orders')]) {
    const mark = await readFile(join(folder, 'mark.json'), 'utf8');
    await writeFile(
      join(folder, 'mark.json'),
      mark.replace(/"expiresAt":"[^"]*"/, '"expiresAt":"2026-01-01T00:00:00.000Z"'),
    );
  }
  const listed = await estate.drillbook(['sweep']);
  expect([listed.code, listed.stdout]).toEqual([4, expect.stringContaining('would remove')]);
  expect((await tracesOf(estate.folder)).length).toBeGreaterThan(0);
  const swept = await estate.drillbook(['sweep', '--yes']);
  expect([swept.code, swept.stdout]).toEqual([0, expect.stringContaining('removed')]);
});
