import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Report } from '../../src/report/report.ts';
import { reportSchema } from '../../src/report/report-schema.ts';
import { listAccount } from '../support/aws/account-listing.ts';
import { type AwsEstate, CANARY, SNAPSHOTS, awsEstate } from '../support/aws/aws-estate.ts';
import type { Ended } from '../support/run-process.ts';
import { textsBelow } from '../support/tree-hash.ts';
import { casesFor, wholeTest } from '../support/whole.ts';

const found = await awsEstate();

describe.skipIf(found === undefined)('drillbook on AWS', () => {
  // Narrowed once: within, there is an estate.
  const estate = found as AwsEstate;
  const { aws } = estate ?? {};
  let before: readonly string[];

  beforeAll(async () => {
    before = await listAccount(aws);
  });
  beforeEach(() => aws.log.clear());
  afterEach(async () => {
    aws.faults.clear();
    expect(await listAccount(aws)).toEqual(before);
  });
  afterAll(async () => estate.remove());

  /** Runs a drill to its end. */
  async function drill(name: string, recoveryPoint: string, checks?: string): Promise<Ended & { report: Report }> {
    const runbook = await estate.runbook(name, {
      recoveryPoint: `{ id: ${recoveryPoint} }`,
      ...(checks && { checks }),
    });
    const ended = await estate.drillbook(['run', runbook, '--json']);
    return { ...ended, report: JSON.parse(ended.stdout || '{}') as Report };
  }

  /** Starts a drill and resolves in the middle of its restore, which RDS has confirmed and is still at. */
  async function drillUntilRestoring(name: string) {
    aws.rds.setTimeline({ source: SNAPSHOTS.good }, [{ status: 'creating', for: 4_000 }, { status: 'available' }]);
    const started = estate.start(['run', await estate.runbook(name)]);
    await vi.waitFor(
      () => {
        const restore = aws.log.calls.findIndex(isRestore);
        const isLookedAt = aws.log.calls.slice(restore + 1).some(({ action }) => action === 'DescribeDBInstances');
        if (restore < 0 || !isLookedAt) throw new Error('nothing is being restored yet');
      },
      { timeout: 30_000, interval: 20 },
    );
    return { ...started, drillId: await estate.newestDrill(name) };
  }

  test('reading commands answer, and change nothing', async () => {
    const runbook = await estate.runbook('readers', { recoveryPoint: '{ pick: random, within: 30d }' });
    const [valid, plan, points, listing] = await Promise.all([
      estate.drillbook(['validate', runbook]),
      estate.drillbook(['plan', runbook, '--seed', '7']),
      estate.drillbook(['recovery-points', runbook]),
      estate.drillbook(['recovery-points', runbook, '--json']),
    ]);
    for (const { code, stderr } of [valid, plan, points, listing]) expect([code, stderr]).toEqual([0, '']);
    expect(plan.stdout).toMatch(/1 sandbox in '123456789012\/eu-west-1', 1 restored/);
    const ids = points.stdout.split('\n').flatMap((line) => /^ {2}(\S*orders-production-\d)\b/.exec(line)?.[1] ?? []);
    expect(ids.slice(0, 3)).toEqual([SNAPSHOTS.damaged, SNAPSHOTS.short, SNAPSHOTS.good]);
    expect(JSON.parse(listing.stdout)).toMatchObject([{ resource: 'orders', listing: { unusable: [] } }]);
    expect(aws.log.mutations()).toEqual([]);
    expect(aws.log.of('rds', 'DescribeDBSnapshots').length).toBeGreaterThan(0);
  });

  test('a good snapshot passes, a damaged one and one without some rows fail, and none of them lets out a value', async () => {
    const [good, damaged, short] = await Promise.all([
      drill('good', SNAPSHOTS.good),
      drill('damaged', SNAPSHOTS.damaged),
      drill('short', SNAPSHOTS.short, TEMPTING_CHECKS),
    ]);
    expect([good.code, good.report.verdict], good.stderr).toEqual([0, 'passed']);
    expectSoundReport(good.report);
    expect((await estate.drillbook(['verify', good.report.drillId])).code).toBe(0);
    expect([damaged.code, damaged.report.verdict, damaged.report.teardown.outcome]).toEqual([1, 'failed', 'clean']);
    expect(becauseOf(damaged.report, 'every-index-and-page-is-sound')).toMatch(/'public\.orders'/);
    expect([short.code, short.report.verdict, short.report.teardown.outcome]).toEqual([1, 'failed', 'clean']);
    expect(outcomesOf(short.report)).toEqual({
      'accepts-logins': 'passed',
      'no-table-has-shrunk': 'failed',
      'a-text-that-does-not-match': 'failed',
      'an-error-that-tells-a-value': 'errored',
    });
    expect(becauseOf(short.report, 'no-table-has-shrunk')).toMatch(/'orders' has too few rows/);
    await expectNoCanary([good, damaged, short]);
  });

  /** Neither the password nor a value of a row, both of which begin with it, in a report, an output, a tag or a request. */
  async function expectNoCanary(ended: readonly Ended[]): Promise<void> {
    // What a probe reads of the secret is the password itself: the canary has been where it may be.
    expect(aws.log.of('secretsmanager', 'GetSecretValue').map(({ status }) => status)).toContain(200);
    const requests = [...aws.log.calls, ...aws.log.onBehalf].filter(({ service }) => service !== 'secretsmanager');
    const texts: (readonly [string, string])[] = [
      ...(await textsBelow(join(estate.folder, 'reports'))),
      ...ended.flatMap(({ stdout, stderr }) => [['stdout', stdout] as const, ['stderr', stderr] as const]),
      ['logs of the function', aws.lambda.logs.join('\n')],
      ...requests.map((call) => [`${call.service} ${call.action}`, JSON.stringify(call)] as const),
    ];
    expect(texts.length).toBeGreaterThan(100);
    for (const [where, text] of texts) expect(text.includes(CANARY), `a canary in ${where}`).toBe(false);
  }

  wholeTest('Ctrl-C in the middle of a restore aborts the drill and tears it down: exit 130', async () => {
    const { child, ended, drillId } = await drillUntilRestoring('interrupted');
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(130);
    expect(await estate.report(drillId)).toMatchObject({
      verdict: 'inconclusive',
      aborted: { reason: 'interrupted' },
      teardown: { outcome: 'clean', created: 3, removed: 3, left: [] },
    });
  });

  test('killed with -9 in the middle of a restore, a resumed drill passes with what is already restored', async () => {
    const { child, ended, drillId } = await drillUntilRestoring('killed');
    child.kill('SIGKILL');
    await ended;
    const resumed = await estate.drillbook(['resume', drillId]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(aws.log.calls.filter(isRestore)).toHaveLength(1);
    expect(aws.log.of('cloudformation', 'CreateStack')).toHaveLength(1);
    expect(await estate.report(drillId)).toMatchObject({ verdict: 'passed', teardown: { outcome: 'clean', left: [] } });
  });

  wholeTest('what a killed drill without a journal has left is swept once it has expired, and not before', async () => {
    const { child, ended, drillId } = await drillUntilRestoring('vanished');
    child.kill('SIGKILL');
    await ended;
    await rm(join(estate.folder, 'reports', drillId), { recursive: true });
    const early = await estate.drillbook(['sweep', '--yes']);
    expect([early.code, early.stdout], early.stderr).toEqual([0, expect.stringMatching(/0 expired, 3 not expired/)]);
    const late = { NODE_OPTIONS: `--import ${SEVEN_HOURS_AHEAD}` };
    const listed = await estate.drillbook(['sweep'], late);
    expect([listed.code, listed.stdout], listed.stderr).toEqual([4, expect.stringMatching(/3 expired, 0 not expired/)]);
    const swept = await estate.drillbook(['sweep', '--yes'], late);
    expect([swept.code, swept.stdout], swept.stderr).toEqual([0, expect.stringMatching(/(removed: .*\n){3}3 expired/)]);
  });

  test('where nobody answers, a reading command says so soon: exit 3', { timeout: 40_000 }, async () => {
    const runbook = await estate.runbook('unreachable');
    const ended = await Promise.all(
      ['plan', 'recovery-points'].map(async (command) =>
        estate.drillbook([command, runbook], { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }),
      ),
    );
    for (const { code, stdout, stderr } of ended) {
      expect([code, stdout.trim()], stderr).toEqual([3, '']);
      expect(stderr).toMatch(/ECONNREFUSED.*\nhint: .*\.\n$/);
    }
  });

  const refusals: [string, { env?: NodeJS.ProcessEnv; account?: string; refused?: string }, RegExp][] = [
    ['another account', { account: '999999999999' }, /belong to account '123456789012'/],
    ['credentials that AWS does not know', { refused: 'InvalidClientTokenId' }, /InvalidClientTokenId/],
    ['no credentials', { env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' } }, /credentials/i],
  ];
  test.each(casesFor(refusals))(
    '%s ends in a sentence and a hint, exit 3, with nothing made',
    async (name, { env, account, refused }, says) => {
      if (refused) aws.faults.add({ service: 'sts', kind: 'error', status: 403, code: refused, times: 'always' });
      const runbook = await estate.runbook(name.split(' ').at(-1) ?? '', { ...(account && { account }) });
      const ended = await Promise.all(
        [
          ['run', runbook],
          ['plan', runbook],
          ['recovery-points', runbook],
        ].map(async (args) => estate.drillbook(args, env)),
      );
      for (const { code, stdout, stderr } of ended) {
        expect(code, stderr).toBe(3);
        expect(stderr).toMatch(says);
        expect(stdout + stderr).toMatch(/hint:? +\S[^]*\./);
        expect(stdout + stderr).not.toMatch(/ at .*\.js:|this is a bug/);
      }
      expect(aws.log.mutations()).toEqual([]);
    },
  );
});

const TEMPTING_CHECKS = `
  - { smoke: accepts logins, of: orders, kind: login }
  - { integrity: a text that does not match, of: orders, kind: sql, query: select email from customers where id = 7, expect: { matches: '^Nobody$' } }
  - { integrity: an error that tells a value, of: orders, kind: sql, query: "select count(*) from customers where email::int = 3", expect: { atLeast: 1 } }
  - { integrity: no table has shrunk, of: orders, kind: row-counts, tables: { orders: { atLeast: 5000 } } }
`;

/** A module that has a process believe that it is seven hours later: past the expiry and its margin. */
const SEVEN_HOURS_AHEAD = `data:text/javascript,${encodeURIComponent(`
  const AHEAD = 7 * 3600 * 1000;
  globalThis.Date = class extends Date {
    constructor(...args) { args.length === 0 ? super(super.constructor.now() + AHEAD) : super(...args); }
    static now() { return super.now() + AHEAD; }
  };
`)}`;

function isRestore({ action, status }: { readonly action: string; readonly status?: number }): boolean {
  return action === 'RestoreDBInstanceFromDBSnapshot' && status === 200;
}

function outcomesOf({ checks }: Report): Record<string, string> {
  return Object.fromEntries(checks.map(({ id, outcome }) => [id, outcome]));
}

function becauseOf({ checks }: Report, id: string): string | undefined {
  return checks.find((check) => check.id === id)?.because;
}

function expectSoundReport(report: Report): void {
  const ajv = new Ajv({ strict: true, allErrors: true });
  addFormats.default(ajv);
  expect(ajv.validate(reportSchema, report), JSON.stringify(ajv.errors)).toBe(true);
  expect(report.teardown).toEqual({ outcome: 'clean', created: 3, removed: 3, left: [] });
  expect(report.isolation).toMatchObject({ level: 'VPC', required: 'VPC', proven: true });
  expect([...new Set(report.isolation.proofs.map(({ when }) => when))]).toEqual([
    'before anything was restored',
    "from the restored 'orders'",
    'after the last check',
  ]);
  expect(report.settings).toEqual(['Single-AZ', 'default parameter group default.postgres16']);
  expect(report.rto).toMatchObject({
    outcome: 'met',
    targetSeconds: 3_600,
    source: expect.stringMatching(/journal/) as string,
  });
  expect(report.rto.measuredSeconds).toBeGreaterThan(4);
  // Four things were waited for, each looked at every half second: stack, function, and the restore in its two stages.
  expect(report.rto.errorSeconds).toBeGreaterThan(0.5);
  expect(report.rto.errorSeconds).toBeLessThan(4);
  expect(report.rpo).toMatchObject({ outcome: 'met', source: expect.stringMatching(/freshness check/) as string });
  // The newest order is two seconds older than its snapshot, which was half an hour old before the tests began.
  expect(report.rpo.measuredSeconds).toBeGreaterThan(1_800);
  expect(report.rpo.errorSeconds).toBeGreaterThan(0);
}
