import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Drill, Schedule } from '../../src/runbook/drill.ts';
import { type LoadedDrill, loadDrill } from '../../src/runbook/load-drill.ts';
import { parseDrill } from '../../src/runbook/parse-drill.ts';
import { written } from './written.ts';

function parse(lines: string) {
  return parseDrill({ text: `drill: quarterly\nrunbook: shop.yaml\n${lines}\n`, file: '/team/drills/quarterly.yaml' });
}

function drillOf(lines: string): Drill {
  const parsed = parse(lines);
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.drill;
}

function scheduleOf(inner: string): Schedule | undefined {
  return drillOf(`schedule: { ${inner} }`).schedule;
}

/** Each code with what it points at. */
function codesAt(lines: string): readonly string[] {
  const parsed = parse(lines);
  if (parsed.kind === 'valid') return [];
  return parsed.diagnostics.map(
    ({ code, lineText, column, length }) =>
      `${code.replace('drill/', '')} at ${lineText.slice(column - 1, column - 1 + length)}`,
  );
}

describe('a drill without wishes', () => {
  it('is drilled on demand, one runbook at a time, and tells nobody', () => {
    expect(drillOf('')).toEqual({
      name: 'quarterly',
      file: '/team/drills/quarterly.yaml',
      runbooks: ['/team/drills/shop.yaml'],
      objectives: {},
      concurrency: 1,
      notify: [],
    });
  });

  it('is due in UTC, without jitter, at any time, on the first day of a quarter', () => {
    expect(scheduleOf("every: quarter, at: '03:00'")).toEqual({
      recurrence: { kind: 'quarter', month: 1, day: 1, at: 180 },
      timezone: 'UTC',
      jitter: 0,
      windows: [],
      blackouts: [],
    });
  });
});

describe('what the schedule of a drill may say', () => {
  it.each([
    ["every: quarter, month: 2, day: sunday, at: '03:30'", { kind: 'quarter', month: 2, day: 'sunday', at: 210 }],
    ["every: quarter, month: 3, day: 31, at: '00:00'", { kind: 'quarter', month: 3, day: 31, at: 0 }],
    ["every: month, day: last, at: '23:59'", { kind: 'month', day: 'last', at: 1439 }],
    ['every: month, at: 04:00', { kind: 'month', day: 1, at: 240 }],
    ["every: week, day: saturday, at: '03:00'", { kind: 'week', weekday: 'saturday', at: 180 }],
    ["every: day, at: '03:00'", { kind: 'day', at: 180 }],
    ["cron: ' 0 3 1 */3 * '", { kind: 'cron', expression: '0 3 1 */3 *' }],
    ["cron: '@weekly'", { kind: 'cron', expression: '@weekly' }],
  ])('%s', (inner, recurrence) => {
    expect(scheduleOf(inner)?.recurrence).toEqual(recurrence);
  });

  it('has windows, and blackouts whose dates are midnights in its timezone', () => {
    const schedule = scheduleOf(
      "every: day, at: '03:00', timezone: Europe/Vienna, jitter: 45m, windows: [{ from: '22:00', until: '04:00' }, { days: [sunday], from: '00:00', until: '24:00' }], blackouts: [{ from: 2026-06-20, until: 2026-12-20, because: high season }, { from: 2027-01-01T00:00:00Z, until: 2027-01-02T12:00:00+01:00 }]",
    );
    expect(schedule).toMatchObject({
      timezone: 'Europe/Vienna',
      jitter: 2_700_000,
      windows: [
        {
          days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
          from: 1320,
          until: 240,
        },
        { days: ['sunday'], from: 0, until: 1440 },
      ],
      blackouts: [
        { from: '2026-06-19T22:00:00.000Z', until: '2026-12-19T23:00:00.000Z', because: 'high season' },
        { from: '2027-01-01T00:00:00.000Z', until: '2027-01-02T11:00:00.000Z' },
      ],
    });
  });

  it('is the example in the documentation', () => {
    const text = readFileSync(new URL('../../docs/examples/quarterly.yaml', import.meta.url), 'utf8');
    const parsed = parseDrill({ text, file: '/team/drills/quarterly.yaml' });
    expect(parsed).toMatchObject({
      kind: 'valid',
      drill: {
        concurrency: 2,
        recoveryPoint: { pick: { kind: 'stratified' } },
        schedule: { recurrence: { kind: 'quarter', month: 2, day: 'sunday', at: 180 }, jitter: 2_700_000 },
        notify: [{ id: 'slack-1' }, { id: 'webhook-1' }, { id: 'sns-1' }, { id: 'smtp-1' }, { id: 'heartbeat-1' }],
      },
    });
  });
});

describe('a schedule is refused at its place', () => {
  it.each([
    ["every: fortnight, at: '03:00'", ['unknown-value at fortnight']],
    ['every: day', ['missing-key at schedule']],
    ["every: week, at: '03:00'", ['missing-key at schedule']],
    ["every: week, day: 5, at: '03:00'", ['bad-recurrence at day']],
    ["every: month, day: monday, at: '03:00'", ['bad-recurrence at day']],
    ["every: month, month: 2, at: '03:00'", ['bad-recurrence at month']],
    ["every: day, day: monday, at: '03:00'", ['bad-recurrence at day']],
    ["every: quarter, month: 4, at: '03:00'", ['out-of-range at 4']],
    ["every: month, day: 32, at: '03:00'", ['out-of-range at 32']],
    ["every: month, day: mondy, at: '03:00'", ['unknown-value at mondy']],
    ["every: day, at: '24:00'", ["bad-time at '24:00'"]],
    ['every: day, at: 3', ['bad-time at 3']],
    ["cron: '0 3 1 */3 *', every: day", ['unknown-key at every']],
    ["cron: '0 3 1'", ["bad-cron at '0 3 1'"]],
    ["cron: '0 3 31 2,4,6,9,11 *'", ["never-due at '0 3 31 2,4,6,9,11 *'"]],
    ["every: day, at: '03:00', timezone: +01:00", ['bad-timezone at +01:00']],
    ["every: day, at: '03:00', windows: [{ from: '01:00', until: '01:00' }]", ["empty-window at '01:00'"]],
    [
      "every: day, at: '03:00', windows: [{ days: [someday], from: '01:00', until: '02:00' }]",
      ['unknown-value at someday'],
    ],
    ["every: day, at: '03:00', blackouts: [{ from: 2026-02-30, until: 2026-03-02 }]", ['bad-time at 2026-02-30']],
    ["every: day, at: '03:00', blackouts: [{ from: 2026-03-02, until: 2026-03-01 }]", ['reversed-range at 2026-03-01']],
    ["every: day, at: '03:00', blackouts: [{ from: 2026-03-02, until: 2026-03-02 }]", ['reversed-range at 2026-03-02']],
    ["every: day, at: '3 am', timezone: Mars, windows: [{ from: '01:00', until: '01:00' }]", ["bad-time at '3 am'"]],
    [
      "every: day, att: 3, at: '03:00', timezone: Mars, windows: [{ from: '01:00', until: '01:00' }]",
      ['unknown-key at att', 'bad-timezone at Mars', "empty-window at '01:00'"],
    ],
  ])('%s', (inner, codes) => {
    expect(codesAt(`schedule: { ${inner} }`)).toEqual(codes);
  });

  it('says what a weekday is good for, and which timezone was meant', () => {
    const hints = (inner: string): readonly string[] => {
      const parsed = parse(`schedule: { ${inner} }`);
      return parsed.kind === 'invalid' ? parsed.diagnostics.map(({ hint }) => hint) : [];
    };
    expect(hints("every: day, at: '03:00', timezone: UCT+1")).toEqual([expect.stringContaining('Europe/Vienna')]);
    expect(hints("cron: '0 3 1 */3 *', day: 2")).toEqual(["Leave it out: 'cron' says when drills are due."]);
  });
});

describe('other wishes of a drill', () => {
  it('are selection and concurrency', () => {
    expect(drillOf('recoveryPoint: { pick: least-tested, within: 30d }\nconcurrency: 3')).toMatchObject({
      recoveryPoint: { pick: { kind: 'least-tested' }, within: 2_592_000_000 },
      concurrency: 3,
    });
  });

  it.each([
    ['recoveryPoint: { pick: newest }', ['unknown-value at newest']],
    ['recoveryPoint: { before: 2026-01-01T00:00:00Z }', ['unknown-key at before']],
    ['concurrency: 0', ['out-of-range at 0']],
    ['tagged: [a]', ['one-of at drill']],
    ['notify: [{ teams: x }]', ['missing-key at teams', 'unknown-key at teams']],
    ['notify: [{ slack: { url: { env: A } }, heartbeat: { url: { env: B } } }]', ['one-of at slack']],
    [
      'notify: [{ webhook: { url: http://example.com } }]\nschedule: { cron: x }',
      ['not-encrypted at http://example.com', 'bad-cron at x'],
    ],
  ])('are refused as %s', (lines, codes) => {
    expect(codesAt(lines)).toEqual(codes);
  });
});

describe('a drill with its runbooks', () => {
  let cwd: string;

  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'drillbook-drill-'));
    for (const folder of ['runbooks', 'drills', 'broken/runbooks', 'broken/drills', 'empty/drills']) {
      await mkdir(join(cwd, folder), { recursive: true });
    }
    const shop = written({
      top: [
        'tags: [production, web]',
        'tier: tier-1',
        'notify: [{ slack: { url: { env: SHOP } }, on: [passed, failed] }]',
      ],
      restore: ['recoveryPoint: { pick: oldest, within: 7d, to: latest }'],
    });
    await writeFile(join(cwd, 'runbooks', 'shop.yaml'), shop);
    await writeFile(join(cwd, 'runbooks', 'a.yaml'), written({ top: ['tags: [production]'] }).replace('shop', 'a'));
    await writeFile(join(cwd, 'runbooks', 'b.yaml'), written({}).replace('shop', 'b'));
    await writeFile(join(cwd, 'runbooks', 'notes.txt'), 'no runbook');
    await cp(join(cwd, 'runbooks'), join(cwd, 'broken', 'runbooks'), { recursive: true });
    await writeFile(join(cwd, 'broken', 'runbooks', 'c.yaml'), written({ top: ['colour: red'] }));
  });

  afterAll(async () => {
    await rm(cwd, { recursive: true });
  });

  async function load(text: string, below = '.'): Promise<LoadedDrill> {
    await writeFile(join(cwd, below, 'drills', 'quarterly.yaml'), `drill: quarterly\n${text}\n`);
    return loadDrill(join(below, 'drills', 'quarterly.yaml'), { sandboxFolder: '/sandboxes', cwd });
  }

  it('finds those that carry every tag, by file name', async () => {
    const loaded = await load('tagged: [production]');
    expect(loaded).toMatchObject({
      kind: 'valid',
      runbooks: [{ name: 'a' }, { name: 'shop', tier: 'tier-1' }],
      drill: { runbooks: [join(cwd, 'runbooks', 'a.yaml'), join(cwd, 'runbooks', 'shop.yaml')] },
    });
    expect(await load('tagged: [production, web]')).toMatchObject({ kind: 'valid', runbooks: [{ name: 'shop' }] });
  });

  it('says so when none carries them, or when one that is wrong might', async () => {
    expect(await load('tagged: [web, batch]')).toMatchObject({
      diagnostics: [{ code: 'drill/no-runbook-tagged', line: 2, column: 9 }],
    });
    expect(await load('tagged: [production]', 'empty')).toMatchObject({
      diagnostics: [{ code: 'drill/no-runbook-tagged' }],
    });
    expect(await load('tagged: [production]', 'broken')).toMatchObject({
      diagnostics: [
        { code: 'drill/invalid-runbook', line: 2, message: "the runbook 'broken/runbooks/c.yaml' has a mistake" },
      ],
    });
  });

  it('stands in for the selection of every resource, but not for how far WAL is replayed', async () => {
    expect(await load('runbook: ../runbooks/shop.yaml\nrecoveryPoint: { pick: stratified }')).toMatchObject({
      runbooks: [
        {
          restore: [{ recoveryPoint: { pick: { kind: 'stratified' }, within: 604_800_000, to: { kind: 'latest' } } }],
        },
      ],
    });
    expect(await load('runbook: ../runbooks/shop.yaml\nrecoveryPoint: { within: 1d }')).toMatchObject({
      runbooks: [{ restore: [{ recoveryPoint: { pick: { kind: 'oldest' }, within: 86_400_000 } }] }],
    });
  });

  it('tells its own people besides those of its runbooks, each under a name of its own and once', async () => {
    const loaded = await load(
      'runbook: ../runbooks/shop.yaml\nnotify:\n  - slack: { url: { env: DRILLS } }\n  - slack: { url: { env: SHOP } }\n    on: [failed, leaked]\n  - heartbeat: { url: https://example.com/beat }',
    );
    expect(loaded.kind === 'valid' && loaded.runbooks[0]?.notify).toEqual([
      { id: 'slack-1', kind: 'slack', url: { env: 'SHOP' }, on: ['passed', 'failed', 'leaked'] },
      {
        id: 'slack-2',
        kind: 'slack',
        url: { env: 'DRILLS' },
        on: ['failed', 'inconclusive', 'leaked', 'late', 'missed', 'stale'],
      },
      { id: 'heartbeat-1', kind: 'heartbeat', url: 'https://example.com/beat', on: ['passed'] },
    ]);
  });
});
