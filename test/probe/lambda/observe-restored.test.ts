import { once } from 'node:events';
import { type Socket, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeCheck } from '../../../src/checks/check-kinds.ts';
import { type Credentials, observeRestored } from '../../../src/probe/lambda/observe-restored.ts';
import { masterCredentials } from '../../../src/probe/lambda/master-credentials.ts';
import type { Observation, ObservationRequest } from '../../../src/probe/observation.ts';
import type { RdsEndpoint } from '../../../src/providers/resource.ts';
import type { Problem } from '../../../src/diagnostics/problem.ts';
import { aContext, common } from '../../support/check-builder.ts';
import { testAuthority } from '../../support/aws/databases/authority.ts';
import { type Databases, type PostgresClone, databases } from '../../support/aws/databases/databases.ts';
import { type SmallWorld, startSmallWorld } from './small-world.ts';

const CREDENTIALS: Credentials = { user: 'shopkeeper', password: 'canary-password' };
const LOGIN: ObservationRequest = { kind: 'login', database: 'shop' };
const COUNT: ObservationRequest = { kind: 'row-counts', database: 'shop', tables: ['orders'] };
const STRUCTURE: ObservationRequest = { kind: 'structure', database: 'shop', heapAllIndexed: true };

let estate: Databases;
let clone: PostgresClone;

beforeAll(async () => {
  estate = await databases();
  await estate.seed('orders', async (client) => {
    await client.query('create table orders (id int primary key, note text)');
    await client.query("insert into orders select g, 'canary-row-' || g from generate_series(1, 10) as g");
    await client.query('set role none; create table of_others (id int)');
    await client.query('create database bare');
  });
  clone = await estate.clone('orders', 'drill');
  await clone.setMaster(CREDENTIALS.user, CREDENTIALS.password);
});

afterAll(() => estate?.stop());

interface Change {
  readonly endpoint?: Partial<RdsEndpoint>;
  readonly credentials?: Credentials | Problem;
  readonly authorities?: string;
}

async function observe(request: ObservationRequest, change: Change = {}): Promise<Observation> {
  const { address, port } = clone;
  const endpoint: RdsEndpoint = {
    kind: 'rds',
    engine: 'postgres',
    address,
    port,
    secretArn: 'arn',
    probe: 'probe',
    ...change.endpoint,
  };
  const deps = {
    authorities: change.authorities ?? estate.authority.certificate,
    readCredentials: async () => change.credentials ?? CREDENTIALS,
  };
  const observation = await observeRestored({ endpoint, request }, deps, AbortSignal.timeout(50_000));
  expect(JSON.stringify(observation)).not.toContain('canary');
  return observation;
}

describe('a restored instance', () => {
  it('whose certificate is of another authority is not logged in to', async () => {
    const { certificate } = await testAuthority();
    for (const request of [LOGIN, COUNT]) {
      expect(await observe(request, { authorities: certificate })).toMatchObject({
        kind: 'unobservable',
        problem: { code: 'probe/tls-not-verified', blames: 'environment' },
      });
    }
  });

  it('whose certificate is for another name is not logged in to', async () => {
    const authority = await testAuthority({ dns: 'elsewhere.example' });
    const other = await databases(authority);
    try {
      await other.seed('x', async () => {});
      const { port } = await other.clone('x', 'y');
      for (const address of ['127.0.0.1', 'localhost']) {
        const change = { endpoint: { address, port }, authorities: authority.certificate };
        expect(await observe(LOGIN, change)).toMatchObject({
          problem: {
            code: 'probe/tls-not-verified',
            message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') as string,
          },
        });
      }
    } finally {
      await other.stop();
    }
  });

  it('that speaks no TLS is not logged in to', async () => {
    await withServer(
      (socket) => socket.once('data', () => socket.end('N')),
      async (port) => {
        expect(await observe(LOGIN, { endpoint: { port } })).toMatchObject({
          problem: { code: 'probe/tls-not-verified' },
        });
      },
    );
  });

  it('that never answers is told from one that refuses', async () => {
    await withServer(
      () => {},
      async (port) => {
        const silent = await observe(COUNT, { endpoint: { port } });
        expect(silent).toMatchObject({
          problem: { code: 'probe/connect-timed-out', hint: expect.stringContaining('security group') as string },
        });
      },
    );
    expect(await observe(COUNT, { endpoint: { port: 1 } })).toMatchObject({
      problem: { code: 'probe/connection-refused' },
    });
    expect(await observe(COUNT, { endpoint: { address: 'nowhere.invalid' } })).toMatchObject({
      problem: { code: 'probe/address-unknown' },
    });
  });

  it('that refuses the password that RDS made says nothing of the backup', async () => {
    const credentials = { user: CREDENTIALS.user, password: 'canary-wrong' };
    const problem = { code: 'check/login-refused', blames: 'environment' };
    expect(await observe(LOGIN, { credentials })).toMatchObject({
      kind: 'unobservable',
      problem: { ...problem, message: expect.stringMatching(/invalid_password \(28P01\)$/) as string },
    });
    expect(await observe(COUNT, { credentials })).toMatchObject({ problem });
  });

  it('that lacks the database refuses the login', async () => {
    expect(await observe({ ...LOGIN, database: 'nowhere' })).toEqual({
      kind: 'login',
      accepted: false,
      refusal: 'invalid_catalog_name (3D000)',
    });
  });

  it('cannot be logged in to as a user whose password only the runner has', async () => {
    for (const change of [{ user: 'app' }, { user: 'app', password: { env: 'APP' } }]) {
      expect(await observe({ ...LOGIN, ...change })).toMatchObject({
        kind: 'unobservable',
        problem: { code: 'probe/no-other-login' },
      });
    }
  });

  it('is not looked at without its secret', async () => {
    const credentials: Problem = { code: 'probe/secret-unreadable', message: 'm', hint: 'H.', blames: 'environment' };
    expect(await observe(LOGIN, { credentials })).toEqual({ kind: 'unobservable', problem: credentials });
  });

  it.each(['zero_damaged_pages', 'ignore_checksum_failure'])('with %s on is not looked at', async (setting) => {
    await clone.server.sql(`alter role shopkeeper set ${setting} = on`);
    try {
      expect(await observe(COUNT)).toMatchObject({
        kind: 'unobservable',
        problem: { code: 'check/damage-hidden', message: expect.stringContaining(`'${setting}'`) as string },
      });
    } finally {
      await clone.server.sql(`alter role shopkeeper reset ${setting}`);
    }
    expect(await observe(COUNT)).toMatchObject({ kind: 'row-counts' });
  });

  it('of which a table is closed to the master user gives no pass for it', async () => {
    const counts = await observe({ ...COUNT, tables: ['orders', 'of_others'] });
    expect(counts).toMatchObject({
      counts: [{ rows: 10 }, { unreadable: { code: 'check/query-failed', blames: 'environment' } }],
    });
    expect(await observe(STRUCTURE)).toMatchObject({ faults: [], unreadable: [{ relation: 'public.of_others' }] });
  });

  it('that takes a single session of the master user is looked at in it, one thing after another', async () => {
    const inTwo = await observe(STRUCTURE);
    await clone.server.sql(`alter role ${CREDENTIALS.user} connection limit 1`, 'shop');
    try {
      expect(await observe(STRUCTURE)).toEqual(inTwo);
    } finally {
      await clone.server.sql(`alter role ${CREDENTIALS.user} connection limit -1`, 'shop');
    }
  });

  it('into which amcheck may not be installed has no observed structure', async () => {
    expect(await observe({ ...STRUCTURE, database: 'bare' })).toMatchObject({
      kind: 'unobservable',
      problem: { code: 'check/no-amcheck', hint: expect.stringContaining('rds_superuser') as string },
    });
  });

  it.each([
    [
      'execute on all functions in schema extensions',
      ['extensions.bt_index_check(regclass, boolean)', 'extensions.verify_heapam('],
    ],
    [
      'execute on function extensions.verify_heapam',
      ['execute on function extensions.verify_heapam(regclass, boolean, '],
    ],
    ['usage on schema extensions', ['usage on schema extensions']],
  ])(
    'whose master user lacks %s on amcheck has its structure check errored, with the grant to ask for',
    async (right, named) => {
      await clone.server.sql(`revoke ${right} from rds_superuser`, 'shop');
      try {
        const judgement = judgeCheck(
          { ...common, kind: 'structure', heapAllIndexed: true },
          await observe(STRUCTURE),
          aContext(),
        );
        expect(judgement).toMatchObject({ outcome: 'errored', problem: { code: 'check/amcheck-not-allowed' } });
        const { message = '', hint = '' } = judgement.problem ?? {};
        for (const name of named)
          expect([message, hint]).toEqual([expect.stringContaining(name), expect.stringContaining(name)]);
        expect(hint).toMatch(/^In the source, as 'rdsadmin': grant .* row-counts and sql instead of structure\.$/);
      } finally {
        await clone.server.sql(`grant ${right} to rds_superuser`, 'shop');
      }
    },
  );
});

async function withServer(serve: (socket: Socket) => void, use: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use((server.address() as { port: number }).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

describe("the master user's secret", () => {
  let world: SmallWorld;
  beforeAll(async () => {
    world = await startSmallWorld([]);
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: world.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
  });
  afterAll(async () => {
    for (const name of ['AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
      delete process.env[name];
    await world.stop();
  });

  it('is a user and a password', async () => {
    world.secrets.set('whole', JSON.stringify({ username: 'u', password: 'p' }));
    expect(await masterCredentials('whole', AbortSignal.timeout(50_000))).toEqual({ user: 'u', password: 'p' });
  });

  it.each(['not json: canary', '"canary"', 'null', '{"username":"canary"}', '{"username":"canary","password":7}', ''])(
    'that holds %s is unreadable, and not shown',
    async (text) => {
      world.secrets.set('broken', text);
      const problem = await masterCredentials('broken', AbortSignal.timeout(50_000));
      expect(problem).toMatchObject({ code: 'probe/secret-unreadable', blames: 'environment' });
      expect(JSON.stringify(problem)).not.toContain('canary');
    },
  );

  it('that is not there is unreadable, by the name of the error alone', async () => {
    const problem = await masterCredentials('missing', AbortSignal.timeout(50_000));
    expect(problem).toMatchObject({ message: expect.stringMatching(/: ResourceNotFoundException$/) as string });
    expect(JSON.stringify(problem)).not.toContain('canary');
  });
});
