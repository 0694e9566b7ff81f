import { once } from 'node:events';
import { mkdir, symlink } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listDrillFolders } from '../../src/commands/drill-folder.ts';
import { publishDrill } from '../../src/commands/publish-drill.ts';
import { resumeCommand } from '../../src/commands/resume.ts';
import { runCommand } from '../../src/commands/run.ts';
import { teardownCommand } from '../../src/commands/teardown.ts';
import { buildReport } from '../../src/report/build-report.ts';
import { type AwsWorld, startAwsWorld } from '../support/aws/aws-world.ts';
import { STORIES } from '../support/drill-stories.ts';
import { aRestore, aRunbook } from '../support/runbook-builder.ts';
import { PUBLISH, type Workplace, workplace } from '../support/workplace.ts';

const world = await startAwsWorld();
let place: Workplace;

beforeEach(async () => {
  place = await workplace();
  for (const [name, value] of Object.entries(world?.env ?? {})) vi.stubEnv(name, value);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await place.remove();
  await world?.reset();
});

afterAll(async () => {
  await world?.stop();
});

interface Put {
  readonly Namespace: string;
  readonly MetricData: readonly { readonly MetricName: string; readonly Value: number }[];
}

function sent(aws: AwsWorld): Readonly<Record<string, number>> {
  const puts = aws.log.of('monitoring', 'PutMetricData').map(({ json }) => json as Put);
  return Object.fromEntries(
    puts.flatMap(({ MetricData }) => MetricData.map(({ MetricName, Value }) => [MetricName, Value])),
  );
}

async function onlyDrillId(): Promise<string> {
  const [drill, ...others] = await listDrillFolders(join(place.cwd, 'reports'));
  expect(others).toEqual([]);
  return drill?.drillId ?? '';
}

describe.runIf(world)('a drill whose runbook publishes', () => {
  const aws = world as AwsWorld;

  it('sends its figures, and no request names the drill', async () => {
    const file = await place.runbook('shop', [PUBLISH]);
    expect(await runCommand(file, { reports: 'reports' }, place.io), place.stderr()).toBe(3);
    expect(sent(aws)).toEqual({
      ChecksPassed: 0,
      ChecksFailed: 0,
      VerdictPassed: 0,
      Inconclusive: 1,
      ResourcesLeaked: 0,
    });
    expect(JSON.stringify(aws.log.calls)).not.toContain(await onlyDrillId());
  });

  it('sends none of them again when it is resumed or torn down after its end', async () => {
    const file = await place.runbook('shop', [PUBLISH]);
    await runCommand(file, { reports: 'reports' }, place.io);
    const drillId = await onlyDrillId();
    await resumeCommand(drillId, { reports: 'reports' }, place.io);
    await teardownCommand(drillId, { reports: 'reports' }, place.io);
    expect(aws.log.of('monitoring', 'PutMetricData').length).toBe(1);
  });

  it('prints one JSON document and nothing else on stdout', async () => {
    aws.faults.add({ service: 'monitoring', kind: 'error', status: 403, code: 'AccessDenied' });
    await runCommand(await place.runbook('shop', [PUBLISH]), { reports: 'reports', json: true }, place.io);
    expect(JSON.parse(place.stdout())).toMatchObject({ runbook: 'shop', verdict: 'inconclusive' });
    expect(place.stderr()).toContain('[publish/cloudwatch]');
  });

  it('says for how long nothing was verified, by the journals of earlier drills', async () => {
    const runbook = aRunbook([aRestore('orders', { source: '/backups/orders' })], {
      name: 'bookshop',
      publish: { cloudWatch: { namespace: 'Drillbook' } },
    });
    await place.journal('bookshop-20261120t030000z-0a1b2c', STORIES['passed']?.() ?? []);
    const failed = buildReport(STORIES['failed-damaged-table']?.() ?? [], { tool: '0.1.0' });
    const report = { ...failed, finishedAt: '2026-11-27T03:00:00.000Z' };
    await publishDrill({ runbook, report, reports: join(place.cwd, 'reports') }, place.io);
    expect(sent(aws)['DaysSinceVerifiedRestore']).toBeCloseTo(7, 2);
    expect(place.stderr()).toBe('');
  });

  it.runIf(process.platform === 'linux')('sends its own figures though earlier journals cannot be read', async () => {
    const runbook = aRunbook([aRestore('orders')], { publish: { cloudWatch: { namespace: 'Drillbook' } } });
    const report = buildReport(STORIES['failed-damaged-table']?.() ?? [], { tool: '0.1.0' });
    const unreadable = join(place.cwd, 'reports', 'bookshop-20261119t030000z-0a1b2c');
    await mkdir(unreadable);
    // A regular file whose first byte cannot be read, by root neither.
    await symlink('/proc/self/mem', join(unreadable, 'journal.jsonl'));
    await publishDrill({ runbook, report, reports: join(place.cwd, 'reports') }, place.io);
    expect(place.stderr()).toContain('EIO [publish/unreadable-history]');
    expect(sent(aws)).toMatchObject({ ChecksFailed: 1 });
  });
});

describe('a drill whose figures cannot be sent', () => {
  it('says so with a hint, and ends with the exit code of its verdict', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${await closedPort()}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY');
    const silent = await runCommand(await place.runbook('silent'), { reports: 'reports' }, place.io);
    expect(place.stderr()).not.toContain('publish/');
    expect(await runCommand(await place.runbook('shop', [PUBLISH]), { reports: 'reports' }, place.io)).toBe(silent);
    expect(place.stderr()).toMatch(/could not be published .*ECONNREFUSED \[publish\/cloudwatch\]\nhint: \S/);
  });
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
