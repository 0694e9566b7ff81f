import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../src/catalog/manifest-file.ts';
import { manifestCommand } from '../../src/commands/manifest.ts';
import type { SqliteRestore } from '../../src/runbook/restore-spec.ts';
import { SHOP, copyWithHotWal, execute } from '../probe/sqlite/databases.ts';
import { aRunbook } from '../support/runbook-builder.ts';
import { treeHash } from '../support/tree-hash.ts';

let lab: string;
const out = { stderr: '' };
const io = { stdout: () => {}, stderr: (text: string) => void (out.stderr += text), env: {} };

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await mkdir(join(lab, 'living'));
  execute(join(lab, 'shop.db'), SHOP);
  await copyWithHotWal(join(lab, 'shop.db'), join(lab, 'living/shop.db'), 'delete from orders where id > 900');
});

afterAll(async () => {
  await rm(lab, { recursive: true, force: true });
});

function specOf(live?: string): SqliteRestore {
  return {
    name: 'shop',
    kind: 'sqlite',
    source: '/backups',
    needs: [],
    recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'backup-end' } },
    database: '',
    ...(live !== undefined && { live }),
  };
}

async function record(live?: string): Promise<number> {
  const runbook = aRunbook([specOf(live)], { checks: [] });
  return manifestCommand({ runbook, output: join(lab, 'manifest.json'), recoveryPoint: 'monday.db' }, io);
}

describe('the manifest of a living SQLite database', () => {
  it('holds what is committed, also to its WAL alone, and leaves the source as it is', async () => {
    const before = await treeHash(join(lab, 'living'));
    const others = (await readdir(tmpdir())).filter((name) => name.startsWith('drillbook-living-'));
    expect(await record(join(lab, 'living/shop.db'))).toBe(0);
    const manifest = await readManifest(join(lab, 'manifest.json'));
    expect(manifest).toMatchObject({
      database: '',
      moment: { recoveryPointId: 'monday.db' },
      contents: {
        tables: [
          { table: 'customers', rows: 100 },
          { table: 'orders', rows: 900 },
        ],
      },
    });
    expect(JSON.stringify(manifest)).not.toContain('fairly');
    expect(await treeHash(join(lab, 'living'))).toBe(before);
    const left = (await readdir(tmpdir())).filter((name) => name.startsWith('drillbook-living-'));
    expect(left.filter((name) => !others.includes(name))).toEqual([]);
  });

  it('is refused with a reason where the source is unknown, gone or damaged', async () => {
    expect(await record()).toBe(2);
    expect(await record(join(lab, 'living/gone.db'))).toBe(3);
    expect(out.stderr).toContain("unable to copy the living database '");
    await copyFile(join(lab, 'manifest.json'), join(lab, 'living/text.db'));
    expect(await record(join(lab, 'living/text.db'))).toBe(3);
    expect(out.stderr).toContain('does not begin like a SQLite database');
  });
});
