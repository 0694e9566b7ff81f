import type { ChildProcess } from 'node:child_process';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Instant, addMillis } from '../../../src/support/time.ts';
import { overwrite } from '../postgres-server.ts';
import { type RealEstate, emptyEstate } from '../real-estate.ts';
import type { Ended } from '../run-process.ts';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';
import { planterOf } from './plant.ts';

/** A production instance with snapshots in a simulated AWS, and a folder in which the built command is called. */
export interface AwsEstate {
  readonly aws: AwsWorld;
  readonly folder: string;
  /** What the built command finds in its environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Writes a runbook that picks one snapshot of `orders-production`, and gives its path. */
  runbook(name: string, change?: AwsRunbookChange): Promise<string>;
  drillbook(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>;
  /** The same, still running. */
  start(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> };
  report: RealEstate['report'];
  /** The id of the last drill of a runbook that has begun. */
  newestDrill(runbook: string): Promise<string>;
  remove(): Promise<void>;
}

export interface AwsRunbookChange {
  /** A strategy or a snapshot; the newest good one unless named. */
  readonly recoveryPoint?: string;
  readonly account?: string;
  readonly checks?: string;
  /** A cutover as a runbook has it; none unless named. */
  readonly cutover?: string;
}

/** The snapshots of `orders-production`, by what is wrong with them. */
export const SNAPSHOTS = {
  damaged: 'orders-production-1',
  short: 'orders-production-2',
  good: 'orders-production-3',
} as const;

/** Begins every text in the database, and the password that the simulated RDS makes up. */
export const CANARY = 'canary-';

const ORDERS = 5_000;
const CUSTOMERS = 400;
const MINUTE = 60_000;

/** `undefined` where the emulator cannot be had. */
export async function awsEstate(): Promise<AwsEstate | undefined> {
  const aws = await startAwsWorld();
  if (aws === undefined) return undefined;
  await seedProduction(aws);
  const estate = await emptyEstate();
  const environment = { ...withoutAws(process.env), ...aws.env };
  return {
    aws,
    folder: estate.folder,
    env: environment,
    async runbook(name, change = {}) {
      const file = join(estate.folder, 'runbooks', `${name}.yaml`);
      await writeFile(file, runbookText(name, { account: aws.account, ...change }, aws.region));
      return file;
    },
    drillbook: async (args, env = {}) => estate.start(args, { ...environment, ...env }).ended,
    start: (args) => estate.start(args, environment),
    report: async (drillId) => estate.report(drillId),
    newestDrill: async (runbook) => {
      const ids = await readdir(join(estate.folder, 'reports'));
      return (
        ids
          .filter((id) => id.startsWith(`${runbook}-`))
          .sort()
          .at(-1) ?? `no drill of '${runbook}'`
      );
    },
    async remove() {
      await aws.stop();
      await rm(estate.folder, { recursive: true, force: true });
    },
  };
}

/** Nothing of what whoever runs the tests has set up for AWS. */
function withoutAws(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_')));
}

/** Three snapshots, an hour apart: a page of the first is damaged, and the second lacks orders. */
async function seedProduction(aws: AwsWorld): Promise<void> {
  const now = new Date().toISOString();
  const moments = [-150, -90, -30].map((minutes) => addMillis(now, minutes * MINUTE));
  const planter = planterOf(aws);
  await planter.instance('orders-production', { service: 'orders' });
  await planter.snapshots('orders-production', moments);
  planter.close();
  const [damaged, short, good] = moments as [Instant, Instant, Instant];
  await seed(aws, SNAPSHOTS.damaged, { orders: ORDERS, until: damaged });
  await seed(aws, SNAPSHOTS.short, { orders: ORDERS - 7, until: short });
  await seed(aws, SNAPSHOTS.good, { orders: ORDERS, until: good });
  await aws.databases.damage(SNAPSHOTS.damaged, async (seeded) => {
    await seeded.start();
    const file = await seeded.fileOf('orders', 'shop');
    await seeded.stop();
    await overwrite(file, 2 * 8_192 + 4_000, (bytes) => bytes.fill(0xa5), 500);
  });
}

interface Seed {
  readonly orders: number;
  /** When the newest order was placed, but for two seconds. */
  readonly until: Instant;
}

async function seed(aws: AwsWorld, snapshot: string, { orders, until }: Seed): Promise<void> {
  await aws.databases.seed(snapshot, async (client) => {
    await client.query('create table customers (id int primary key, email text not null)');
    await client.query(`insert into customers
      select g, '${CANARY}mail-' || g || '@shop.example' from generate_series(1, ${CUSTOMERS}) as g`);
    await client.query(`create table orders (id int primary key, customer_id int not null references customers,
      placed_at timestamptz not null, note text not null)`);
    await client.query(
      `insert into orders select g, 1 + g % ${CUSTOMERS}, $1::timestamptz - (${orders} - g + 2) * interval '1 second',
        '${CANARY}note-' || md5(g::text) from generate_series(1, ${orders}) as g`,
      [until],
    );
    await client.query('create index orders_by_customer on orders (customer_id)');
  });
}

const CHECKS = `
  - { smoke: orders accepts logins, of: orders, kind: login }
  - integrity: every order has a customer
    of: orders
    kind: sql
    over: orders
    query: |
      select count(*) from orders left join customers on customers.id = orders.customer_id where customers.id is null
    expect: { equals: 0 }
  - integrity: no table has shrunk
    of: orders
    kind: row-counts
    tables: { customers: { atLeast: ${CUSTOMERS} }, orders: { atLeast: ${ORDERS} } }
  - { integrity: every index and page is sound, of: orders, kind: structure }
  - { integrity: the newest order is recent, of: orders, kind: freshness, query: select max(placed_at) from orders, within: 10m }
`;

function runbookText(name: string, change: AwsRunbookChange, region: string): string {
  const { account = '', recoveryPoint = `{ id: ${SNAPSHOTS.good} }`, checks = CHECKS, cutover } = change;
  return `runbook: ${name}
owner: platform-team
objectives: { rto: 1h, rpo: 24h }
sandbox: { provider: aws, account: '${account}', region: ${region}, sharesAccountWithSources: true, expiresAfter: 6h }
restore:
  orders:
    kind: rds
    source: orders-production
    database: shop
    recoveryPoint: ${recoveryPoint}
${cutover === undefined ? '' : `cutover: ${cutover}`}
checks:${checks}`;
}
