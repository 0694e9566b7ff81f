import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseScheduleArguments } from '../../src/commands/arguments.ts';
import { scheduleCommand } from '../../src/commands/schedule.ts';
import { startReceiver, statuses } from '../support/receiver.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

let place: Workplace;

beforeEach(async () => {
  place = await workplace();
  await place.runbook('shop');
  await mkdir(join(place.cwd, 'drills'));
});
afterEach(async () => place.remove());

const drill = async (name: string, ...lines: readonly string[]) =>
  writeFile(join(place.cwd, 'drills', `${name}.yaml`), [`drill: ${name}`, ...lines, ''].join('\n'));
const nightly = async (more = '') =>
  drill('nightly', 'runbook: ../runbooks/shop.yaml', `schedule: { every: day, at: '03:00', timezone: UTC${more} }`);

describe('drillbook schedule', () => {
  test('refuses when no drill is scheduled, with a hint: exit 2', async () => {
    await drill('by-hand', 'runbook: ../runbooks/shop.yaml');
    expect(await scheduleCommand({ reports: 'reports' }, place.io)).toBe(2);
    expect(place.stderr()).toMatch(
      /no drill in 'drills' has a schedule \[schedule\/nothing-scheduled\]\nhint: Give one/,
    );
  });

  test('refuses with the diagnostics of any drill that is wrong, and begins none: exit 2', async () => {
    await nightly();
    await drill('wrong', 'runbook: ../runbooks/gone.yaml');
    expect(await scheduleCommand({ reports: 'reports', once: true }, place.io)).toBe(2);
    expect(place.stderr()).toMatch(/drills\/wrong\.yaml:2:\d+/);
    expect(await readdir(join(place.cwd, 'reports'))).toEqual([]);
  });

  test('refuses a place for reports that is none: exit 2', async () => {
    await nightly();
    expect(await scheduleCommand({ reports: 's3://bucket/x?keep=1' }, place.io)).toBe(2);
    expect(place.stderr()).toContain('[usage/bad-reports]');
  });

  test('refuses an address that somebody else listens on: exit 2', async () => {
    await nightly();
    const other = await startReceiver(statuses(200));
    const port = Number(new URL(other.url).port);
    expect(await scheduleCommand({ reports: 'reports', listen: { host: '127.0.0.1', port } }, place.io)).toBe(2);
    expect(place.stderr()).toMatch(
      /'127\.0\.0\.1:\d+' cannot be listened on: EADDRINUSE \[schedule\/cannot-listen\]\nhint: /,
    );
    await other.stop();
  });

  test('lists the next three dues of each drill, and says of one that never begins why', async () => {
    await nightly(', blackouts: [{ from: 2020-01-01, until: 2090-01-01, because: the building is closed }]');
    await drill(
      'weekly',
      'runbook: ../runbooks/shop.yaml',
      "schedule: { every: week, day: sunday, at: '03:00', timezone: UTC }",
    );
    expect(await scheduleCommand({ reports: 'reports', list: true }, place.io)).toBe(0);
    expect(place.stdout()).toMatch(
      /^nightly \(UTC\): shop\n( {2}\S+T03:00:00\.000Z {2}never begins: .*\n){3}weekly \(UTC\): shop\n( {2}(\S+T03:00:00\.000Z) {2}begins \3\n)/,
    );
    expect(await readdir(join(place.cwd, 'reports'))).toEqual([]);
  });
});

describe('the arguments of schedule', () => {
  test.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
  ])("take '%s' as an address", (listen, parts) => {
    expect(parseScheduleArguments({ reports: 'reports', listen })).toEqual({ reports: 'reports', listen: parts });
  });

  test.each(['9464', '127.0.0.1', '127.0.0.1:65536', '::1:9464', ':9464'])("refuse '%s' as one", (listen) => {
    expect(parseScheduleArguments({ reports: 'reports', listen })).toEqual({
      refusal: expect.stringContaining(`'${listen}' is no address\nhint: Write --listen like`) as string,
    });
  });

  test('refuse to drill and to list at once', () => {
    const both = parseScheduleArguments({ reports: 'reports', once: true, list: true });
    expect(both).toEqual({ refusal: expect.stringContaining('hint: Leave one of them out.') as string });
  });
});
