import { createHash } from 'node:crypto';
import { CreateFunctionCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Observation, ObservationRequest } from '../../../src/probe/observation.ts';
import type { RdsEndpoint } from '../../../src/providers/resource.ts';
import { systemClock } from '../../../src/support/clock.ts';
import { type Databases, type PostgresClone, databases } from '../../support/aws/databases/databases.ts';
import { buildProbe } from '../../support/aws/lambda/build-probe.ts';
import { type LambdaWorld, lambdaWorld } from '../../support/aws/lambda/lambda-layer.ts';
import { type SmallWorld, startSmallWorld } from './small-world.ts';

const PASSWORD = 'canary-master-password';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-orders';

let zip: Buffer;
let estate: Databases;
let clone: PostgresClone;
let functions: LambdaWorld;
let world: SmallWorld;

beforeAll(async () => {
  zip = await buildProbe();
  estate = await databases();
  await estate.seed('orders', async (client) => {
    await client.query('create table orders (id int primary key, note text)');
    await client.query("insert into orders select g, 'canary-row-' || g from generate_series(1, 2000) as g");
    await client.query('create table items (id int primary key, "of" int references orders)');
    await client.query('insert into items select g, g from generate_series(1, 300) as g');
  });
  clone = await estate.clone('orders', 'drill-orders');
  await clone.setMaster('shopkeeper', PASSWORD);
  functions = lambdaWorld({ clock: systemClock, endpoint: () => world.url, authority: estate.authority.certificate });
  world = await startSmallWorld([functions.layer]);
  world.secrets.set(SECRET, JSON.stringify({ username: 'shopkeeper', password: PASSWORD }));
  await createFunction('probe', 60);
});

afterAll(async () => {
  await functions?.reset();
  await world?.stop();
  await estate?.stop();
});

async function createFunction(name: string, timeout: number): Promise<void> {
  await world.client.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Role: 'arn:aws:iam::123456789012:role/probe',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Timeout: timeout,
      Code: { ZipFile: zip },
    }),
  );
}

function endpoint(change: Partial<RdsEndpoint> = {}): RdsEndpoint {
  const { address, port } = clone;
  return { kind: 'rds', engine: 'postgres', address, port, secretArn: SECRET, probe: 'probe', ...change };
}

async function invoke(request: ObservationRequest, at = endpoint()): Promise<Observation> {
  const { Payload, FunctionError } = await world.client.send(
    new InvokeCommand({ FunctionName: at.probe, Payload: JSON.stringify({ endpoint: at, request }) }),
  );
  const text = Payload?.transformToString() ?? '';
  expect(FunctionError, text).toBeUndefined();
  expect(text).not.toContain('canary');
  return JSON.parse(text) as Observation;
}

const LOGIN: ObservationRequest = { kind: 'login', database: 'shop' };

describe('the zip of the probe', () => {
  it('is the same for the same sources, wherever and whenever it is built', async () => {
    const again = await buildProbe({ TZ: 'Asia/Tokyo' });
    const hashes = [zip, again].map((bytes) => createHash('sha256').update(bytes).digest('hex'));
    expect(hashes[0]).toBe(hashes[1]);
  });

  it('holds the handler, the authorities of RDS and all licences, and is small enough to be sent', () => {
    const files = unzipSync(zip);
    expect(Object.keys(files).sort()).toEqual(['LICENSES.txt', 'index.mjs', 'rds-ca.pem']);
    expect(Buffer.from(files['rds-ca.pem'] ?? []).toString()).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(Buffer.from(files['LICENSES.txt'] ?? []).toString()).toContain('pg 8.');
    expect(zip.length).toBeLessThan(1_000_000);
  });
});

describe('the probe of the zip, in a process of its own', () => {
  it('looks at PostgreSQL over TLS, as the master user, who is no superuser', async () => {
    expect(await invoke(LOGIN)).toEqual({ kind: 'login', accepted: true });
    const query =
      "select rolsuper::text || ' ' || ssl::text from pg_roles, pg_stat_ssl where rolname = current_user and pid = pg_backend_pid()";
    expect(await invoke({ kind: 'sql', database: 'shop', query })).toMatchObject({ value: 'false true' });
    expect(await invoke({ kind: 'row-counts', database: 'shop', tables: ['orders'] })).toEqual({
      kind: 'row-counts',
      counts: [{ table: 'orders', rows: 2_000 }],
    });
  });

  it('looks at every index and heap, of the system too', async () => {
    const observation = await invoke({ kind: 'structure', database: 'shop', heapAllIndexed: true });
    expect(observation).toMatchObject({ kind: 'structure', faults: [], unreadable: [] });
    if (observation.kind !== 'structure') throw new Error('unreachable');
    expect(observation.indexesChecked).toBeGreaterThan(100);
    expect(observation.heapsChecked).toBeGreaterThan(70);
  });

  it('follows every foreign key', async () => {
    const seen = { kind: 'foreign-keys', keysChecked: 1, rows: 300, orphans: [], unreadable: [] };
    expect(await invoke({ kind: 'foreign-keys', database: 'shop' })).toEqual(seen);
  });

  it('sees whether the instance accepts a connection, and when its name leads nowhere', async () => {
    expect(await invoke({ kind: 'tcp' })).toEqual({ kind: 'tcp', accepted: true });
    expect(await invoke({ kind: 'tcp' }, endpoint({ address: '127.0.0.1', port: 1 }))).toEqual({
      kind: 'tcp',
      accepted: false,
      refusal: 'ECONNREFUSED',
    });
    expect(await invoke({ kind: 'tcp' }, endpoint({ address: 'nowhere.invalid' }))).toMatchObject({
      kind: 'unobservable',
      problem: { code: 'check/connection-not-tried' },
    });
  });

  it('answers before Lambda would end it, and ends the statement under way', async () => {
    await createFunction('hurried', 7);
    const query = 'select 1 from pg_sleep(600)';
    const observation = await invoke({ kind: 'sql', database: 'shop', query }, endpoint({ probe: 'hurried' }));
    expect(observation).toMatchObject({ kind: 'unobservable', problem: { code: 'check/gave-up' } });
    const running =
      "select count(*)::int as count from pg_stat_activity where query like 'fetch%' and state = 'active'";
    expect(await clone.server.sql(running)).toEqual([{ count: 0 }]);
  });
});
