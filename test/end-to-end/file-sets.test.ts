import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tarGzOf } from '../providers/local/files/file-sets.ts';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { treeHash } from '../support/tree-hash.ts';

let estate: RealEstate;

const RUNBOOK = `runbook: uploads
objectives: { rto: 15m, rpo: 60d }
sandbox: { provider: local, expiresAfter: 2h, isolation: { minimum: L0 } }
restore:
  orders:
    { kind: postgres, source: ../.drillbook/sample/bookshop, database: bookshop, recoveryPoint: { pick: latest, to: backup-end } }
  uploads: { kind: files, source: ../uploads, recoveryPoint: { pick: latest } }
checks:
  - { integrity: pictures, of: uploads, kind: files, glob: '**/*.png', atLeast: 1, contains: [1.png] }
  - { integrity: sums, of: uploads, kind: manifest, file: '../uploads/{recoveryPoint}/SHA256SUMS' }
  - { integrity: there, of: orders, kind: references, in: uploads, query: select min(id)::text || '.png' from customers }
  - { integrity: lacking, of: orders, kind: references, in: uploads, query: select id::text || '.png' from customers }
`;

beforeAll(async () => {
  estate = await realEstate();
  const sum = createHash('sha256').update('one').digest('hex');
  const archive = await tarGzOf([
    { name: './1.png', text: 'one' },
    { name: './SHA256SUMS', text: `${sum}  ./1.png\n` },
  ]);
  await mkdir(join(estate.folder, 'uploads'));
  await mkdir(join(estate.folder, 'runbooks'), { recursive: true });
  await writeFile(join(estate.folder, 'uploads/all.tar.gz'), archive);
  await writeFile(join(estate.folder, 'runbooks/uploads.yaml'), RUNBOOK);
});

afterAll(async () => {
  await estate.remove();
});

test('files are restored beside a database, compared with their own list, and looked up by what the database names', async () => {
  const before = await treeHash(join(estate.folder, 'uploads'));
  const { code, stderr } = await estate.drillbook(['run', 'runbooks/uploads.yaml', '--seed', '1']);
  expect(code, stderr).toBe(1);
  const reports = join(estate.folder, 'reports');
  const [drill = ''] = (await readdir(reports)).filter((name) => name.startsWith('uploads-'));
  const report = JSON.parse(await readFile(join(reports, drill, 'report.json'), 'utf8')) as {
    checks: { id: string; outcome: string; observed: string; because?: string }[];
  };

  expect(report.checks.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['there', 'passed'],
    ['lacking', 'failed'],
    ['pictures', 'passed'],
    ['sums', 'passed'],
  ]);
  expect(report.checks[1]?.because).toMatch(/^\d+ files that 'orders' names are not in 'uploads'$/);
  expect(await treeHash(join(estate.folder, 'uploads'))).toBe(before);
  expect(await tracesOf(estate.folder)).toEqual([]);
});
