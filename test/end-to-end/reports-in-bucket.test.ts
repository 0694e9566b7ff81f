import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import type { Report } from '../../src/report/report.ts';
import { type AwsWorld, startAwsWorld } from '../support/aws/aws-world.ts';
import type { AwsCall } from '../support/aws/call.ts';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { type Ended, run } from '../support/run-process.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const FILES = ['journal.jsonl', 'junit.xml', 'report.html', 'report.json', 'report.md'];
const KEY = 'AKIA-KEY-CANARY';
const SECRET = 'SECRET-CANARY/with+signs';

const found = await startAwsWorld();

describe.skipIf(found === undefined)('reports in a bucket', { timeout: 120_000 }, () => {
  const world = found as AwsWorld;
  let estate: RealEstate;
  let runbook: string;
  let client: S3Client;
  const said: string[] = [];

  beforeAll(async () => {
    estate = await realEstate();
    runbook = await estate.runbook('kept', { pick: 'base/05-evening' });
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
    client = new S3Client({ endpoint: world.url, region: world.region, credentials });
    for (const Bucket of ['killed', 'lost', 'refuses', 'hangs']) await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(new CreateBucketCommand({ Bucket: 'evidence', ObjectLockEnabledForBucket: true }));
  });
  afterAll(async () => {
    client.destroy();
    await world.stop();
    await estate.remove();
  });

  /** A working folder: as another machine, but for its processes. */
  async function workplace(name: string) {
    const folder = join(estate.folder, name);
    await mkdir(folder, { recursive: true });
    const env = { ...process.env, ...world.env, AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET };
    const start = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
      run(process.execPath, [CLI, ...args], { cwd: folder, env: { ...env, ...more } });
    const drillbook = async (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> => {
      const ended = await start(args, more).ended;
      said.push(ended.stdout, ended.stderr);
      return ended;
    };
    return { folder, start, drillbook };
  }

  async function keysIn(Bucket: string, Prefix: string): Promise<readonly string[]> {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
    return Contents.map(({ Key = '' }) => Key.slice(Prefix.length));
  }

  async function textIn(Bucket: string, Key: string): Promise<string> {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    return (await Body?.transformToString()) ?? '';
  }

  async function eventsIn(bucket: string, drillId: string): Promise<readonly DrillEvent[]> {
    const text = await textIn(bucket, `drills/drills/${drillId}/journal.jsonl`);
    const lines = text.trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as DrillEvent);
  }

  test.concurrent('a drill is read where it was not run, and its evidence is locked', async () => {
    const place = 's3://evidence/drills?retain=governance:1d';
    const [here, elsewhere] = [await workplace('here'), await workplace('elsewhere')];
    const { code, stdout, stderr } = await here.drillbook(['run', runbook, '--reports', place, '--json']);
    expect(code, stderr).toBe(0);
    const { drillId, verdict } = JSON.parse(stdout) as Report;
    expect([verdict, await tracesOf(here.folder)]).toEqual(['passed', []]);
    await rm(here.folder, { recursive: true });
    await cp(join(estate.folder, 'runbooks'), join(elsewhere.folder, 'runbooks'), { recursive: true });

    // Before anything else has brought this drill's reports.
    const verified = await elsewhere.drillbook(['verify', '--reports', place, '--json']);
    const [report, history, coverage] = await Promise.all([
      elsewhere.drillbook(['report', drillId, '--format', 'json', '--reports', place]),
      elsewhere.drillbook(['history', '--reports', place, '--json']),
      elsewhere.drillbook(['coverage', '--reports', place, '--json']),
    ]);
    expect(report.stdout).toBe(stdout);
    expect([verified.code, JSON.parse(verified.stdout)]).toMatchObject([0, { drillId, intact: true }]);
    for (const { code: read, stdout: text } of [history, coverage]) {
      expect([read, text]).toEqual([0, expect.stringContaining(drillId)]);
    }

    const lines = (await textIn('evidence', `drills/drills/${drillId}/journal.jsonl`)).trimEnd().split('\n');
    const numbers = lines.map((_, index) => `${String(index + 1).padStart(6, '0')}.json`);
    expect(await keysIn('evidence', `drills/drills/${drillId}/`)).toEqual(FILES);
    expect(await keysIn('evidence', `drills/journals/${drillId}/`)).toEqual(numbers);
    expect(await keysIn('evidence', 'drills/open/')).toEqual([]);
    const below = `drills/journals/${drillId}/`;
    const kept = await Promise.all(numbers.map(async (name) => textIn('evidence', below + name)));
    expect(kept).toEqual(lines);
    const all = await keysIn('evidence', 'drills/');
    const locked = await Promise.all(
      all.map(async (key) => {
        const head = await client.send(new HeadObjectCommand({ Bucket: 'evidence', Key: `drills/${key}` }));
        return head.ObjectLockMode === 'GOVERNANCE' ? [key] : [];
      }),
    );
    expect(locked.flat()).toEqual(all.filter((key) => /^(drills|journals)\//.test(key)));
    expect(all.length).toBeGreaterThan(locked.flat().length);
    const texts = await Promise.all(all.map(async (key) => textIn('evidence', `drills/${key}`)));
    expect([...texts, ...said].join('')).not.toContain('CANARY');
  });

  test.concurrent(
    'a drill has one engine; killed, it goes on elsewhere, restores nothing twice and leaves nothing',
    async () => {
      const place = 's3://killed/drills';
      const [here, elsewhere] = [await workplace('killed-here'), await workplace('resumed-elsewhere')];
      const { child, ended } = here.start(['run', runbook, '--reports', place]);
      await new Promise<void>((resolve, reject) => {
        let seen = '';
        child.stderr?.on('data', (text: string) => {
          if (/restore:orders: done/.test((seen += text))) resolve();
        });
        child.once('close', () => reject(new Error(seen)));
      });
      const [open = ''] = await keysIn('killed', 'drills/open/');
      const drillId = open.replace('.json', '');
      child.kill('SIGSTOP');
      const second = await elsewhere.drillbook(['resume', drillId, '--reports', place]);
      child.kill('SIGKILL');
      await ended;
      expect([second.code, second.stderr]).toEqual([3, expect.stringContaining('[journal/locked]')]);
      // All but what a machine keeps of a sandbox.
      for (const name of await readdir(join(here.folder, '.drillbook'))) {
        if (name !== 'sandboxes') await rm(join(here.folder, '.drillbook', name), { recursive: true });
      }

      const resumed = await elsewhere.drillbook(['resume', '--reports', place, '--json']);
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(JSON.parse(resumed.stdout)).toMatchObject({ drillId, verdict: 'passed', teardown: { outcome: 'clean' } });
      const made = (await eventsIn('killed', drillId)).filter(({ type }) => type === 'resource-created');
      expect(made).toHaveLength(2);
      expect([await tracesOf(here.folder), await tracesOf(elsewhere.folder)]).toEqual([[], []]);
      expect(await keysIn('killed', 'drills/open/')).toEqual([]);
      expect((await elsewhere.drillbook(['verify', drillId, '--reports', place])).code).toBe(0);
    },
  );

  test.concurrent(
    'a bucket that is missing, refuses or does not answer is told in 20 s, and nothing is made',
    async () => {
      const refusal = { kind: 'error', status: 403, code: 'AccessDenied', message: 'Access Denied' } as const;
      const isWrite = ({ path, method }: AwsCall) => path.startsWith('/refuses/') && method === 'PUT';
      world.faults.add({ ...refusal, where: isWrite, times: 'always' });
      world.faults.add({ kind: 'hang', where: ({ path }) => path.startsWith('/hangs'), times: 'always' });
      const cases = [
        ['missing', {}, /NoSuchBucket.*\n.*Make the bucket/],
        ['refuses', {}, /AccessDenied: Access Denied.*\n.*Allow it/],
        ['hangs', {}, /ETIMEDOUT: a request has exceeded.*\n.*network/],
        ['unreachable', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, /ECONNREFUSED.*\n.*network/],
      ] as const;
      const told = cases.map(async ([bucket, env, words]) => {
        const { folder, drillbook } = await workplace(`none-${bucket}`);
        const ended = await drillbook(['run', runbook, '--reports', `s3://${bucket}/drills`, '--json'], env);
        // From the first request on: how long a process takes to start is another story.
        const [asked] = world.log
          .of('s3')
          .filter(({ path, method }) => method === 'GET' && path.startsWith(`/${bucket}`));
        if (asked) expect(Date.now() - Date.parse(asked.at), bucket).toBeLessThan(20_000);
        expect(asked !== undefined, bucket).toBe(bucket !== 'unreachable');
        expect([ended.code, ended.stdout, ended.stderr]).toEqual([3, '', expect.stringMatching(words)]);
        expect(ended.stderr.split('\n').filter(Boolean), bucket).toHaveLength(2);
        expect(ended.stderr).toContain('[reports/unreachable]\nhint: ');
        expect(await readdir(join(folder, '.drillbook', 'sandboxes')).catch(() => [])).toEqual([]);
      });
      await Promise.all(told);
      expect(said.join('')).not.toContain('CANARY');
    },
  );

  test.concurrent(
    'when the bucket is lost in the middle, nothing more is made, what there is goes, and resume ends it cleanly',
    async () => {
      const place = 's3://lost/drills';
      const { folder, drillbook } = await workplace('loser');
      let isLost = false;
      const fault = world.faults.add({
        kind: 'reset',
        times: 'always',
        where: ({ service, path, body }) => {
          const isIntent = body.includes('"type":"step-started"') && body.includes('"step":"restore:orders"');
          isLost ||= service === 's3' && path.startsWith('/lost/') && isIntent;
          return isLost && path.startsWith('/lost');
        },
      });
      const { code, stdout, stderr } = await drillbook(['run', runbook, '--reports', place, '--json']);
      expect(code, stderr).toBe(3);
      const { drillId, ...lost } = JSON.parse(stdout) as Report;
      expect(lost).toMatchObject({
        verdict: 'inconclusive',
        problems: [{ code: 'journal/unwritable' }],
        teardown: { outcome: 'clean', created: 1, removed: 1, left: [] },
      });
      expect(stderr).toContain('[reports/unreachable]');
      expect(await tracesOf(folder)).toEqual([]);
      expect(fault.hits).toBeGreaterThan(3);
      fault.remove();
      expect(await keysIn('lost', `drills/drills/${drillId}/`)).toEqual([]);

      const resumed = await drillbook(['resume', drillId, '--reports', place, '--json']);
      // Its sandbox is gone, so it is inconclusive.
      expect([resumed.code, JSON.parse(resumed.stdout)]).toMatchObject([
        3,
        { teardown: { outcome: 'clean', left: [] } },
      ]);
      expect(await tracesOf(folder)).toEqual([]);
      expect(await keysIn('lost', `drills/drills/${drillId}/`)).toEqual(FILES);
      expect(await keysIn('lost', 'drills/open/')).toEqual([]);
    },
  );
});
