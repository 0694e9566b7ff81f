import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../src/catalog/manifest-file.ts';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import { manifestCommand } from '../../src/commands/manifest.ts';
import { common } from '../support/check-builder.ts';
import { type TestServer, startTestServer } from '../support/postgres-server.ts';
import { aRestore, aRunbook } from '../support/runbook-builder.ts';

const CANARY_SECRET = 'canary-reader-password';

let server: TestServer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-manifest-'));
  server = await startTestServer();
  await server.sql('create database shop');
  await server.sql(
    `create role reader login password '${CANARY_SECRET}' in role pg_read_all_data;
     create table orders (id int primary key, year int, note text default 'canary-row-value');
     insert into orders select g, 2025 + g % 2 from generate_series(1, 100) as g`,
    'shop',
  );
});

afterAll(async () => {
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe('the manifest command', () => {
  const out = { stdout: '', stderr: '' };
  const io = {
    stdout: (text: string) => void (out.stdout += text),
    stderr: (text: string) => void (out.stderr += text),
    env: { READER_PASSWORD: CANARY_SECRET },
  };

  function runbook(file = join(folder, '{recoveryPoint}.json'), user = 'reader') {
    const { host, port } = server.endpoint;
    const live = { host, port, database: 'shop', user, password: { env: 'READER_PASSWORD' } };
    const check = { ...common, kind: 'manifest' as const, file, bounded: [{ table: 'orders', where: 'year < 2026' }] };
    return aRunbook([aRestore('orders', { live, database: 'shop' }), aRestore('other')], { checks: [check] });
  }

  it("writes where the check reads, and prints the file's name", async () => {
    out.stdout = '';
    const code = await manifestCommand({ runbook: runbook(), of: 'orders', recoveryPoint: 'monday' }, io);
    const file = join(folder, 'monday.json');
    expect({ code, stdout: out.stdout }).toEqual({ code: 0, stdout: `${file}\n` });
    const manifest = await readManifest(file);
    expect(manifest).toMatchObject({ database: 'shop', moment: { recoveryPointId: 'monday' } });
    expect((manifest as Manifest).contents.bounded).toHaveLength(1);
    expect(await readFile(file, 'utf8')).not.toMatch(/canary/);
    expect(out.stderr).not.toMatch(/canary/);
  });

  it.each([
    ['no resource of that name', { of: 'nothing' }, 2, 'restores nothing called'],
    ['several resources and none named', {}, 2, 'restores several resources'],
    ['a resource whose living source is not known', { of: 'other' }, 2, 'the living source'],
    ['a manifest for each recovery point and none named', { of: 'orders' }, 2, 'one for each recovery point'],
  ])('refuses %s with a sentence and a hint', async (_title, args, code, message) => {
    out.stderr = '';
    expect(await manifestCommand({ runbook: runbook(), ...args }, io)).toBe(code);
    expect(out.stderr).toContain(message);
    expect(out.stderr).toMatch(/\nhint: .*\.\n$/);
  });

  it('records what dumps are made of, and says of which kinds it records nothing', async () => {
    const { host, port } = server.endpoint;
    const live = { host, port, database: 'shop', user: 'reader', password: { env: 'READER_PASSWORD' } };
    const point = { pick: { kind: 'random' as const }, to: { kind: 'backup-end' as const } };
    const backups = { source: '/dumps', needs: [], recoveryPoint: point, database: 'shop', live };
    const dump = { ...backups, name: 'dump', kind: 'postgres-dump' as const, jobs: 1 };
    const legacy = { ...backups, name: 'legacy', kind: 'mysql' as const };
    const dumps = aRunbook([dump, legacy], { checks: [] });
    const output = join(folder, 'dump.json');
    const args = { runbook: dumps, output, recoveryPoint: 'monday' };
    expect(await manifestCommand({ ...args, of: 'dump' }, io)).toBe(0);
    expect(await readManifest(output)).toMatchObject({ database: 'shop', moment: { recoveryPointId: 'monday' } });
    out.stderr = '';
    expect(await manifestCommand({ ...args, of: 'legacy' }, io)).toBe(2);
    expect(out.stderr).toMatch(/'legacy', which is of kind 'mysql' .*\nhint: .*\.\n$/);
  });

  it('ends in 3 where the source refuses, the secret is missing or the file cannot be written', async () => {
    const args = { of: 'orders', recoveryPoint: 'monday' };
    expect(await manifestCommand({ runbook: runbook(undefined, 'nobody'), ...args }, io)).toBe(3);
    expect(await manifestCommand({ runbook: runbook(), ...args }, { ...io, env: {} })).toBe(3);
    expect(await manifestCommand({ runbook: runbook('/dev/null/manifest.json'), ...args }, io)).toBe(3);
    expect(out.stderr).not.toMatch(/canary/);
  });
});
