import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { historyCommand } from '../../src/commands/history.ts';
import { aJournal, aPassedDrill, aShop } from '../support/journal-builder.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const options = { reports: 'reports' };
let place: Workplace;

beforeEach(async () => {
  place = await workplace();
});
afterEach(async () => {
  await place.remove();
});

/** Drills of the shop, a day apart; the last one restores at a tenth of the speed. */
async function sixDrills() {
  for (let day = 0; day < 6; day += 1) {
    const journal = aJournal(aShop())
      .after(day * 86_400_000)
      .started({ drillId: `shop-${day}` })
      .planned()
      .sandboxed();
    const slow =
      day === 5
        ? journal.add({ type: 'step-started', step: 'restore:orders', attempt: 1, token: 'x' }).after(16_000)
        : journal;
    await place.journal(`shop-${day}`, slow.restored().checked().tornDown().finished().events);
  }
}

it('tells figures, the trend and what is off of a runbook by its name or file, in words and in JSON', async () => {
  await sixDrills();
  await place.journal('other-1', aPassedDrill(aShop({ name: 'other' })).events);
  expect(await historyCommand('shop', options, place.io)).toBe(0);
  expect(place.stdout()).toMatch(/^shop: 6 drills \(6 passed\), the last one 2026-11-25T/);
  expect(place.stdout()).toMatch(/RTO: last 18 s, median 2\.1 s, 95th percentile 14 s .*target 15 m/);
  expect(place.stdout()).toMatch(
    /finding: the RTO of 'shop-5', 18 s, is off the 2\.1 s of the 5 drills before \(rule: .*median absolute/,
  );
  expect(place.stdout()).toMatch(/growth: no date .*: the recovery points of 'orders' .* span less than 7 days/);
  expect(place.stdout()).not.toContain('other');
  let printed = '';
  const file = await place.runbook('shop');
  const io = { ...place.io, stdout: (text: string) => void (printed += text) };
  expect(await historyCommand(file, { ...options, json: true }, io)).toBe(0);
  const { runbooks } = JSON.parse(printed) as { runbooks: { runbook: string; regressions: unknown[] }[] };
  expect(runbooks).toMatchObject([
    { runbook: 'shop', regressions: [{ figure: 'rto', drillId: 'shop-5' }, { figure: 'restoreRate' }] },
  ]);
});

it('of all runbooks tells each, and of none says so on stderr', async () => {
  expect(await historyCommand(undefined, options, place.io)).toBe(0);
  expect([place.stdout(), place.stderr()]).toEqual(['', expect.stringContaining('there is no drill')]);
  for (const name of ['shop', 'stall'])
    await place.journal(
      `${name}-1`,
      aPassedDrill(aShop({ name })).events.map((event) =>
        event.type === 'drill-started' ? { ...event, drillId: `${name}-1` } : event,
      ),
    );
  await historyCommand(undefined, options, place.io);
  expect(place.stdout()).toMatch(/^shop: [^]*^stall: /m);
});

it('refuses a name that no drill has', async () => {
  expect(await historyCommand('nothing', options, place.io)).toBe(2);
  expect(place.stderr()).toContain('[history/no-such-runbook]');
});

it.runIf(process.platform === 'linux')('says that a journal cannot be read, and exits with 3', async () => {
  await sixDrills();
  const unreadable = join(place.cwd, 'reports', 'shop-7', 'journal.jsonl');
  await mkdir(dirname(unreadable));
  // A regular file whose first byte cannot be read, by root neither.
  await symlink('/proc/self/mem', unreadable);
  expect(await historyCommand('shop', options, place.io)).toBe(3);
  expect(place.stderr()).toContain("the journal of 'shop-7' cannot be read: EIO");
  expect(place.stdout()).toContain('6 drills');
});
