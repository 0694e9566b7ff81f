import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { type Receiver, startReceiver, statuses } from '../support/receiver.ts';
import { startedAt } from '../support/shifted-date.ts';

const DAY = 86_400_000;
/** A whole minute, half an hour ago: the schedules are made around it, since sandboxes have the times of the real clock. */
const DUE = Math.floor(Date.now() / 60_000) * 60_000 - 1_800_000;
const iso = (millis: number) => new Date(millis).toISOString();
const minute = (millis: number) => iso(millis).slice(11, 16);
/** Before the last three dues of what is due each day. */
const BEFORE = iso(DUE - 2.5 * DAY);

let estate: RealEstate;
let hook: Receiver;

beforeAll(async () => {
  estate = await realEstate();
  hook = await startReceiver(statuses(200));
  await estate.runbook('bookshop', { pick: 'base/03-noon' });
  await mkdir(join(estate.folder, 'drills'));
});
afterEach(async () => {
  await rm(join(estate.folder, 'drills'), { recursive: true });
  await mkdir(join(estate.folder, 'drills'));
  expect(await tracesOf(estate.folder)).toEqual([]);
});
afterAll(async () => {
  await hook.stop();
  await estate.remove();
});

/** Writes the only drill that there is. */
async function drill(name: string, schedule: string): Promise<void> {
  const text = [
    `drill: ${name}`,
    'runbook: ../runbooks/bookshop.yaml',
    `schedule: { ${schedule}, timezone: UTC }`,
    `notify: [{ webhook: { url: '${hook.url}/told' }, on: [late, missed] }]`,
    '',
  ];
  await writeFile(join(estate.folder, 'drills', `${name}.yaml`), text.join('\n'));
}

/** One that is due once a year, this year two minutes ago, and was known before. */
async function dueNow(name: string): Promise<string> {
  const due = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;
  const at = new Date(due);
  const when = [at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate(), at.getUTCMonth() + 1, '*'].join(' ');
  await drill(name, `cron: '${when}'`);
  expect((await scheduleAt(BEFORE, '--once').ended).code).toBe(0);
  return iso(due);
}

const scheduleAt = (moment: string, ...args: readonly string[]) =>
  estate.start(['schedule', ...args], { ...process.env, NODE_OPTIONS: startedAt(moment) });

/** Starts a daemon, whose words can be waited for. */
function daemon(...args: readonly string[]) {
  const started = estate.start(['schedule', ...args]);
  let stderr = '';
  started.child.stderr?.on('data', (text: string) => {
    stderr += text;
  });
  const says = async (line: RegExp) =>
    vi.waitFor(
      () => {
        const found = line.exec(stderr);
        if (!found) throw new Error(`it does not say ${String(line)}: ${stderr}`);
        return found;
      },
      { timeout: 40_000, interval: 20 },
    );
  return { ...started, says };
}

interface Ended {
  readonly how: string;
  readonly drillIds?: readonly string[];
}

async function ended(name: string, due: string): Promise<Ended> {
  const compact = `${due.slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}z`;
  const file = join(estate.folder, 'reports', '.schedule', 'ledger', name, compact, 'ended.json');
  return JSON.parse(await readFile(file, 'utf8')) as Ended;
}

const drillIds = async () => (await readdir(join(estate.folder, 'reports'))).filter((name) => !name.startsWith('.'));

test('what is due next is listed, and nothing begins before it is due', async () => {
  await drill('nightly', `every: day, at: '${minute(DUE)}'`);
  const [text, json, once] = await Promise.all(
    [['--list'], ['--list', '--json'], ['--once']].map(async (args) => scheduleAt(BEFORE, ...args).ended),
  );
  const first = iso(DUE - 2 * DAY);
  expect(text?.stdout).toContain(`nightly (UTC): bookshop\n  ${first}  begins ${first}\n`);
  expect(JSON.parse(json?.stdout ?? '')).toMatchObject({
    drills: [{ drill: 'nightly', runbooks: ['bookshop'], fires: [{ due: first }, {}, { due: iso(DUE) }] }],
  });
  expect(once).toMatchObject({ code: 0, stdout: '', stderr: '' });
});

test('two daemons after a time without any drill once, late, tell of it and of what was missed, and end well', async () => {
  await drill('nightly', `every: day, at: '${minute(DUE)}'`);
  const daemons = [1, 2].map(() => daemon('--listen', '127.0.0.1:0'));
  const fire = await vi.waitFor(async () => ended('nightly', iso(DUE)), { timeout: 50_000, interval: 50 });
  const [drillId = '', ...more] = await drillIds();
  expect([fire, more]).toMatchObject([{ how: 'ran', drillIds: [drillId] }, []]);
  const report = await estate.report(drillId);
  expect(report).toMatchObject({ verdict: 'passed', occurrence: { drill: 'nightly', due: iso(DUE) } });
  expect((report['occurrence'] as { lateSeconds?: number }).lateSeconds).toBeGreaterThanOrEqual(1_800);
  for (const { child, says, ended: end } of daemons) {
    const [, port] = await says(/serving \/healthz and \/metrics on port (\d+)/);
    const health = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect([health.status, await health.json()]).toMatchObject([200, { status: 'ok', drills: [{ drill: 'nightly' }] }]);
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await metrics.text()).toMatch(/^drillbook_\w+\{[^}]*runbook="bookshop"[^}]*\} \S+$/m);
    child.kill('SIGTERM');
    const { code, stderr } = await end;
    expect([code, stderr]).toEqual([0, expect.stringContaining('SIGTERM: no drill is under way')]);
  }
  const again = await estate.drillbook(['schedule', '--once']);
  expect([again.code, again.stdout], again.stderr).toEqual([0, '']);
  const told = hook.received.map(({ body }) => JSON.parse(body) as { occasion: string; due: string });
  expect(told.map(({ occasion, due }) => `${occasion} ${due}`).toSorted()).toEqual(
    [`late ${iso(DUE)}`, `missed ${iso(DUE - 2 * DAY)}`, `missed ${iso(DUE - DAY)}`].toSorted(),
  );
});

test('SIGTERM in the middle of a drill has the daemon tear it down, leave nothing and exit with 130', async () => {
  const due = await dueNow('stopped');
  const { child, says, ended: end } = daemon();
  await says(/isolation: level/);
  child.kill('SIGTERM');
  const { code, stderr } = await end;
  expect([code, stderr]).toEqual([130, expect.stringContaining('is aborted and torn down')]);
  const { drillIds: [drillId = ''] = [] } = await ended('stopped', due);
  expect(await estate.report(drillId)).toMatchObject({
    verdict: 'inconclusive',
    aborted: { reason: 'interrupted' },
    teardown: { outcome: 'clean', left: [] },
  });
});

test('a drill in the middle of which a daemon was killed with -9 is finished by the next scheduler: one restore', async () => {
  const due = await dueNow('killed');
  const before = await drillIds();
  const { child, says, ended: end } = daemon();
  await says(/restore:orders: done/);
  child.kill('SIGKILL');
  await end;
  const { code, stdout, stderr } = await estate.drillbook(['schedule', '--once']);
  expect([code, stdout], stderr).toEqual([0, expect.stringContaining('PASSED')]);
  const [drillId = '', ...more] = (await drillIds()).filter((id) => !before.includes(id));
  expect([await ended('killed', due), more]).toMatchObject([{ how: 'ran', drillIds: [drillId] }, []]);
  const journal = await readFile(join(estate.folder, 'reports', drillId, 'journal.jsonl'), 'utf8');
  expect(journal.match(/"type":"drill-started"/g)).toHaveLength(1);
  expect(journal.match(/"type":"step-started","step":"restore:orders"/g)).toHaveLength(1);
});
