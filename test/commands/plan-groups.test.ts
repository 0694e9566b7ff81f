import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planCommand } from '../../src/commands/plan.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

/** As much of a base backup as tells what it is of and when it was taken. */
async function plantBackup(place: Workplace, source: string, time: string): Promise<void> {
  const folder = join(place.cwd, 'backups', source, time.replace(':', ''));
  await mkdir(join(folder, 'global'), { recursive: true });
  await writeFile(join(folder, 'PG_VERSION'), '16\n');
  await writeFile(join(folder, 'global/pg_control'), '');
  const label = [
    'START WAL LOCATION: 0/2000028 (file 000000010000000000000002)',
    'CHECKPOINT LOCATION: 0/2000060',
    `START TIME: 2026-11-19 ${time}:00 UTC`,
    'START TIMELINE: 1',
    '',
  ];
  await writeFile(join(folder, 'backup_label'), label.join('\n'));
}

describe('a plan with a consistency group', () => {
  let place: Workplace;
  beforeEach(async () => {
    place = await workplace();
    for (const time of ['03:00', '09:00']) await plantBackup(place, 'orders', time);
    for (const time of ['03:12', '09:12', '21:00']) await plantBackup(place, 'users', time);
  });
  afterEach(async () => place.remove());

  async function plan(maxSkew: string): Promise<number> {
    const file = join('runbooks', 'shop.yaml');
    const text = [
      'runbook: shop',
      'restore:',
      '  orders: { kind: postgres, source: ../backups/orders }',
      '  users: { kind: postgres, source: ../backups/users }',
      'groups:',
      `  - { group: orders and users, of: [orders, users], maxSkew: ${maxSkew} }`,
      'checks:',
      '  - { integrity: every index of orders is sound, of: orders, kind: structure }',
      '  - { integrity: every index of users is sound, of: users, kind: structure }',
      '',
    ];
    await writeFile(join(place.cwd, file), text.join('\n'));
    return planCommand(file, { seed: '1', reports: 'reports' }, place.io);
  }

  it('tells which draw follows which, and how far apart the group is to be expected', async () => {
    expect(await plan('15m'), place.stderr()).toBe(0);
    expect(place.stdout()).toMatch(/users: '0[39]12' \([12] of 3 candidates, nearest to orders, captured/);
    expect(place.stdout()).toContain(
      "group 'orders and users' (orders, users): expected 12 m apart, at most 15 m allowed",
    );
    expect(place.stderr()).toBe('');
  });

  it('warns, and is a plan all the same, where even the nearest points lie too far apart', async () => {
    expect(await plan('5m'), place.stderr()).toBe(0);
    expect(place.stderr()).toContain("the recovery points of group 'orders and users' lie 720 s apart");
    expect(place.stderr()).toContain('[plan/skew-expected]');
  });
});
