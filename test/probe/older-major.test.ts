import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObservationRequest } from '../../src/probe/observation.ts';
import { postgresProbe } from '../../src/probe/postgres/postgres-probe.ts';
import { type TestServer, startTestServer } from '../support/postgres-server.ts';

const BIN_DIR = '/usr/lib/postgresql/15/bin';

describe.skipIf(!existsSync(BIN_DIR))('a system PostgreSQL 15', () => {
  let older: TestServer;
  let embedded: TestServer;

  beforeAll(async () => {
    [older, embedded] = [await startTestServer(BIN_DIR), await startTestServer()];
    for (const server of [older, embedded]) {
      await server.sql(`
        create table orders (id int primary key, price numeric, at timestamptz, tags text[], data jsonb, raw bytea, f float8);
        insert into orders select g, g / 7.0, '2026-11-20 03:00:00+00'::timestamptz + g * interval '1 second', array['a', null],
          '{"a": [1, 2]}', '\\x00ff', g / 3.0 from generate_series(1, 500) as g;
        create table late (id serial, check (id > 0) not valid);
        insert into late values (9);
        create trigger nothing before update on late for each row execute function suppress_redundant_updates_trigger();
        alter table late disable trigger nothing`);
    }
  });

  afterAll(async () => {
    await older?.dispose();
    await embedded?.dispose();
  });

  function observe({ endpoint }: TestServer, request: ObservationRequest) {
    const probe = postgresProbe({ readSecret: () => Promise.resolve('') });
    return probe.observe(endpoint, request, AbortSignal.timeout(60_000));
  }

  it.each<ObservationRequest>([
    { kind: 'login', database: 'postgres' },
    { kind: 'sql', database: 'postgres', query: 'select count(*) from orders', over: 'orders' },
    { kind: 'row-counts', database: 'postgres', tables: ['orders'] },
    { kind: 'structure', database: 'postgres', heapAllIndexed: true },
    { kind: 'freshness', database: 'postgres', query: 'select max(at) from orders' },
  ])('is observed like the embedded one: $kind', async (request) => {
    const [before, after] = [await observe(older, request), await observe(embedded, request)];
    const varying = { indexesChecked: 0, heapsChecked: 0, observedAt: '' };
    expect({ ...before, ...varying }).toEqual({ ...after, ...varying });
    expect(before.kind).toBe(request.kind);
  });

  it('gives the same counts and hashes, and a schema fingerprint of its own major', async () => {
    const request: ObservationRequest = { kind: 'contents', database: 'postgres', bounded: [] };
    const [before, after] = [await observe(older, request), await observe(embedded, request)];
    if (before.kind !== 'contents' || after.kind !== 'contents') throw new Error('no contents');
    expect(before.contents.tables).toEqual(after.contents.tables);
    expect([before.contents.engineMajor, after.contents.engineMajor]).toEqual(['15', '18']);
  });
});
