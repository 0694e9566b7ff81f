import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { secureLogin } from '../../../../src/providers/local/postgres/secure-login.ts';
import { layoutOf } from '../../../../src/providers/local/worker/folder-layout.ts';
import { type TestServer, startTestServer } from '../../../support/postgres-server.ts';

let original: TestServer;
let server: TestServer;

beforeAll(async () => {
  original = await startTestServer();
  await original.stop();
  // As restored servers run, with a WAL writer that looks once in ten seconds.
  server = await original.copy({ synchronous_commit: 'off', full_page_writes: 'off', wal_writer_delay: '10s' });
  await writeFile(join(server.dataFolder, 'pg_hba.conf'), 'local all all trust\n');
  await server.start();
});

afterAll(async () => {
  await server.dispose();
  await original.dispose();
});

it('a password that was said to be set is still asked for when the server has crashed right after', async () => {
  await server.sql('create table written as select generate_series(1, 10000)');
  const layout = {
    ...layoutOf(server.folder),
    socket: server.endpoint.host,
    settings: server.dataFolder,
    credentials: join(server.folder, 'login.json'),
  };
  await secureLogin(layout, 'postgres');
  await server.crash();
  await server.start();
  const login = JSON.parse(await readFile(layout.credentials, 'utf8')) as { user: string; password: string };
  const client = new Client({ host: server.endpoint.host, port: 5432, database: 'postgres', ...login });
  await client.connect();
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await client.end();
});
