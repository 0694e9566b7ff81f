import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DrillEvent } from '../../../src/drill/events.ts';
import { buildReport } from '../../../src/report/build-report.ts';
import type { Report } from '../../../src/report/report.ts';
import { reportWriters } from '../../../src/report/writers.ts';
import type { CheckCommon, CheckSpec } from '../../../src/runbook/check-spec.ts';
import { type Instant, addMillis } from '../../../src/support/time.ts';
import { listAccount } from '../../support/aws/account-listing.ts';
import { anAwsRunbook, anRdsRestore, awsStage, placeOf } from '../../support/aws/aws-stage.ts';
import type { AwsWorld } from '../../support/aws/aws-world.ts';
import { testAuthority } from '../../support/aws/databases/authority.ts';
import { describeOnAws } from '../../support/aws/describe-on-aws.ts';
import { type MariaDb, findMariaDb } from '../../support/mariadb-server.ts';
import { drillStarted, resumeToTheEnd } from '../../support/simulated-drill.ts';
import { wholeTest } from '../../support/whole.ts';

/** Begins every text of a row, and every password. */
const CANARY = 'canary-';
const ORDERS = 2_000;
const CUSTOMERS = 100;
/** The snapshots of `shop-production`, by what is wrong with them or their clones. */
const SNAPSHOTS = {
  good: 'shop-production-1',
  short: 'shop-production-2',
  damaged: 'shop-production-3',
  stranger: 'shop-production-4',
  locked: 'shop-production-5',
} as const;

const program = await findMariaDb();

if (program === undefined) {
  // That MariaDB is missing has been said aloud; without it no emulator is started either.
  describe.skip('a drill of MariaDB on AWS', () => test('needs MariaDB', () => {}));
} else {
  await describeOnAws('a drill of MariaDB on AWS', ({ aws, clock, planter }) => {
    // Every drill lets simulated time pass; the snapshots stay as old as their data.
    const capturedAt = addMillis(clock.now(), -1_800_000);
    let before: readonly string[];

    beforeAll(async () => seedAll(aws, capturedAt));
    beforeEach(async () => {
      const engine = { Engine: 'mariadb', EngineVersion: '10.11.8', MasterUsername: 'shopkeeper' };
      await planter.instance('shop-production', { service: 'shop' }, engine);
      await planter.snapshots(
        'shop-production',
        Object.values(SNAPSHOTS).map(() => capturedAt),
      );
      before = await listAccount(aws);
    });

    /** Restores snapshots in one drill, and looks at each of them. */
    async function drill(names: readonly SnapshotName[], checks: readonly CheckSpec[]): Promise<Report> {
      const place = placeOf(aws);
      const restores = names.map((name) =>
        anRdsRestore(name, {
          source: 'shop-production',
          database: 'shop',
          recoveryPoint: { pick: { kind: 'id', id: SNAPSHOTS[name] }, to: { kind: 'backup-end' } },
        }),
      );
      const stage = awsStage({ place, clock });
      const day = 24 * 3_600_000;
      const runbook = anAwsRunbook(place, restores, {
        objectives: { rto: { target: day, until: 'verified' }, rpo: { target: day } },
        checks,
      });
      const at = { at: clock.now(), mono: clock.monotonic(), prev: '0'.repeat(64) };
      stage.disk.push({ ...drillStarted(runbook), seq: 1, epoch: 1, ...at });
      await resumeToTheEnd(stage);
      expect(await listAccount(aws)).toEqual(before);
      const report = buildReport(stage.disk, { tool: '0.1.0' });
      expectNoCanary(aws, report, stage.disk);
      return report;
    }

    test('passes for a good snapshot, looked at by the probe as it is shipped', async () => {
      const report = await drill(['good'], Object.values(checksOf('good')));
      expect(report.reasons).toEqual([]);
      expect(report.verdict).toBe('passed');
      expect(judged(report, 'good-sql')).toMatchObject({ outcome: 'passed' });
      expect(judged(report, 'good-structure')).toMatchObject({
        observed: '3 indexes and 2 heaps looked at, 0 faults',
      });
      expect(report.rpo).toMatchObject({ outcome: 'met', source: expect.stringMatching(/freshness check/) as string });
      expect(report.settings).toContain('default parameter group default.mariadb10.11');
    });

    test('fails for deleted rows, a damaged table and a missing one, and names them', async () => {
      const report = await drill(
        ['short', 'damaged'],
        [
          checksOf('short').sql,
          checksOf('short').rowCounts,
          ...TEMPTING,
          checksOf('damaged').rowCounts,
          checksOf('damaged').structure,
        ],
      );
      expect(report.verdict).toBe('failed');
      expect(outcomesOf(report)).toEqual({
        'short-sql': 'passed',
        'short-row-counts': 'failed',
        'short-text': 'failed',
        'short-error': 'errored',
        'damaged-row-counts': 'failed',
        'damaged-structure': 'failed',
      });
      expect(judged(report, 'short-row-counts')).toMatchObject({
        because: expect.stringMatching(/'orders' has too few rows/) as string,
      });
      expect(judged(report, 'damaged-row-counts')?.because).toMatch(/'orders'.*'customers'/);
      expect(judged(report, 'damaged-structure')?.because).toMatch(/'orders'/);
    });

    wholeTest('proves nothing where the server is a stranger, or does not take the password', async () => {
      const report = await drill(
        ['stranger', 'locked'],
        [checksOf('stranger'), checksOf('locked')].flatMap(({ login, rowCounts }) => [login, rowCounts]),
      );
      expect(Object.fromEntries(report.checks.map(({ id, outcome, because }) => [id, [outcome, because]]))).toEqual({
        'stranger-login': ['errored', expect.stringMatching(/its identity cannot be verified/)],
        'stranger-row-counts': ['errored', expect.stringMatching(/its identity cannot be verified/)],
        'locked-login': ['errored', expect.stringMatching(/ER_ACCESS_DENIED_ERROR \(1045\)$/)],
        'locked-row-counts': ['errored', expect.stringMatching(/ER_ACCESS_DENIED_ERROR \(1045\)$/)],
      });
      expect(report.verdict).toBe('inconclusive');
      const codes = report.problems.map(({ code }) => code);
      expect(new Set(codes)).toEqual(new Set(['probe/tls-not-verified', 'check/login-refused']));
    });
  });
}

type SnapshotName = keyof typeof SNAPSHOTS;

async function seedAll({ databases: { mariaDb } }: AwsWorld, until: Instant): Promise<void> {
  const whole = async (server: MariaDb) => fillShop(server, until);
  await Promise.all([
    mariaDb.seed(SNAPSHOTS.good, whole),
    mariaDb.seed(SNAPSHOTS.short, async (server) => {
      await whole(server);
      await server.sql('delete from shop.orders where id between 100 and 106');
    }),
    mariaDb.seed(SNAPSHOTS.damaged, async (server) => {
      await whole(server);
      await server.sql('drop table shop.customers');
      await server.stop();
      await damagePages(join(server.dataFolder, 'shop', 'orders.ibd'));
    }),
  ]);
  await mariaDb.seedFlawed(SNAPSHOTS.stranger, SNAPSHOTS.good, { authority: await testAuthority() });
  await mariaDb.seedFlawed(SNAPSHOTS.locked, SNAPSHOTS.good, { password: `${CANARY}another` });
}

async function fillShop(server: MariaDb, until: Instant): Promise<void> {
  const moment = until.replace('T', ' ').replace('Z', '');
  await server.sql(
    'use shop',
    'create table customers (id int primary key, email varchar(100) not null)',
    `insert into customers select seq, concat('${CANARY}mail-', seq) from seq_1_to_${CUSTOMERS}`,
    `create table orders (id int primary key, customer_id int not null, placed_at datetime(3) not null,
      note varchar(100) not null, key orders_by_customer (customer_id))`,
    `insert into orders select seq, 1 + seq % ${CUSTOMERS}, '${moment}' - interval (${ORDERS} - seq + 2) second,
      concat('${CANARY}note-', md5(seq)) from seq_1_to_${ORDERS}`,
  );
}

/** Garbles the middle of every page that holds rows, of which the checksum then says so. */
async function damagePages(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const pages = Math.floor((await stat(file)).size / 16_384) - 2;
    for (let page = 4; page <= pages; page += 1) {
      await handle.write(Buffer.alloc(512, 0xa5), 0, 512, page * 16_384 + 4_096);
    }
  } finally {
    await handle.close();
  }
}

function checkOf(of: SnapshotName, id: string): CheckCommon {
  return { id: `${of}-${id}`, name: `${id} of ${of}`, purpose: 'integrity', severity: 'fail', of, database: 'shop' };
}

function checksOf(of: SnapshotName) {
  const tables = [
    { table: 'orders', atLeast: ORDERS },
    { table: 'customers', atLeast: CUSTOMERS },
  ];
  const query = 'select count(*) from orders where customer_id not in (select id from customers)';
  const none = { expect: { kind: 'equals', value: 0 }, reveal: false } as const;
  const newest = { query: 'select max(placed_at) from orders', within: 600_000 };
  return {
    login: { ...checkOf(of, 'login'), purpose: 'smoke', kind: 'login' },
    sql: { ...checkOf(of, 'sql'), kind: 'sql', query, over: 'orders', ...none },
    rowCounts: { ...checkOf(of, 'row-counts'), kind: 'row-counts', tables },
    freshness: { ...checkOf(of, 'freshness'), kind: 'freshness', ...newest },
    structure: { ...checkOf(of, 'structure'), kind: 'structure', heapAllIndexed: true },
  } as const satisfies Record<string, CheckSpec>;
}

/** Checks whose answers, or whose errors, hold a value. */
const TEMPTING: readonly CheckSpec[] = [
  {
    ...checkOf('short', 'text'),
    kind: 'sql',
    query: 'select email from customers where id = 7',
    expect: { kind: 'matches', pattern: '^Nobody$' },
    reveal: false,
  },
  {
    ...checkOf('short', 'error'),
    kind: 'sql',
    query: 'select extractvalue(1, (select concat(0x7e, note) from orders where id = 7))',
    expect: { kind: 'empty' },
    reveal: false,
  },
];

function judged({ checks }: Report, id: string) {
  return checks.find((check) => check.id === id);
}

function outcomesOf({ checks }: Report): Record<string, string> {
  return Object.fromEntries(checks.map(({ id, outcome }) => [id, outcome]));
}

/** Neither a row's value nor a password, all of which begin with it, where anybody may look. */
function expectNoCanary(aws: AwsWorld, report: Report, journal: readonly DrillEvent[]): void {
  // What the probe reads of the secret is the password itself: the canary has been where it may be.
  expect(aws.log.of('secretsmanager', 'GetSecretValue').map(({ status }) => status)).toContain(200);
  const requests = [...aws.log.calls, ...aws.log.onBehalf].filter(({ service }) => service !== 'secretsmanager');
  expect(requests.filter(({ action }) => action === 'Invoke').length).toBeGreaterThan(3);
  const texts = [
    ['the journal', JSON.stringify(journal)],
    ...Object.entries(reportWriters).map(([name, write]) => [name, write(report)] as const),
    ['the logs of the function', aws.lambda.logs.join('\n')],
    ...requests.map((call) => [`${call.service} ${call.action}`, JSON.stringify(call)] as const),
  ] as const;
  for (const [where, text] of texts) expect(text.includes(CANARY), `a canary in ${where}`).toBe(false);
}
