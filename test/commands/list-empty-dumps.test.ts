import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { planCommand } from '../../src/commands/plan.ts';
import { recoveryPointsCommand } from '../../src/commands/recovery-points.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const DUMP = [
  '-- PostgreSQL database dump',
  '-- Dumped from database version 15.18',
  '-- PostgreSQL database dump complete',
  '',
].join('\n');

async function runbookOf({ cwd }: Workplace): Promise<string> {
  const lines = [
    'runbook: shop',
    'sandbox: { provider: local, isolation: { minimum: L0 } }',
    'restore:',
    '  orders: { kind: postgres-dump, source: ../backups, database: shop, recoveryPoint: { pick: latest } }',
    'checks:',
    '  - { integrity: every index is sound, of: orders, kind: structure }',
    '',
  ];
  await writeFile(join(cwd, 'runbooks', 'shop.yaml'), lines.join('\n'));
  return join('runbooks', 'shop.yaml');
}

it('a newest dump that is empty is told of by the catalogue and by the plan of a drill that takes the one before', async () => {
  const place = await workplace();
  try {
    await writeFile(join(place.cwd, 'backups', 'monday.sql'), DUMP);
    await writeFile(join(place.cwd, 'backups', 'tuesday.dump'), '');
    const runbook = await runbookOf(place);
    const why = `'${join(place.cwd, 'backups', 'tuesday.dump')}' holds nothing of a dump`;
    expect(await recoveryPointsCommand(runbook, { reports: 'reports', search: {} }, place.io)).toBe(0);
    expect(place.stdout()).toContain(`tuesday.dump  not usable: ${why} [restore/empty-dump]\n    hint: `);
    expect(await planCommand(runbook, { seed: '1', reports: 'reports' }, place.io), place.stderr()).toBe(0);
    expect(place.stdout()).toContain("orders: 'monday.sql'");
    expect(place.stdout()).toContain(`excluded: 'tuesday.dump': ${why}`);
  } finally {
    await place.remove();
  }
});
