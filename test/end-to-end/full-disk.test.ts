import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { run } from '../support/run-process.ts';
import { casesFor } from '../support/whole.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** Mounts a small disk over folder $1, of size $2, seen by the rest of the command alone, and gone with it. */
const ON_A_SMALL_DISK =
  'mount -t tmpfs -o "size=$2" tmpfs "$1" && shift 2 && "$@"; code=$?; ls -A "$1" >&2; exit $code';
const PRIVATE_MOUNTS = ['--user', '--map-root-user', '--mount', '--'];

function canMount(): boolean {
  try {
    execFileSync('unshare', [...PRIVATE_MOUNTS, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const needsMounts = { skip: !canMount() };
let estate: RealEstate;

beforeAll(async () => {
  estate = await realEstate();
});
afterAll(async () => {
  expect(await tracesOf(estate.folder)).toEqual([]);
  await estate.remove();
});

async function runOnSmallDisk(disk: string, size: string, runbook: string) {
  await mkdir(disk, { recursive: true });
  const command = [process.execPath, CLI, 'run', runbook, '--json'];
  const args = [...PRIVATE_MOUNTS, 'sh', '-c', ON_A_SMALL_DISK, 'sh', disk, size, ...command];
  return run('unshare', args, { cwd: estate.folder, env: process.env }).ended;
}

test(
  'a backup that does not fit ends inconclusive, with a code and a hint, and a clean teardown',
  needsMounts,
  async () => {
    const runbook = await estate.runbook('no-room', { pick: 'base/01-opening' });
    const { code, stdout, stderr } = await runOnSmallDisk(
      join(estate.folder, '.drillbook', 'sandboxes'),
      '20m',
      runbook,
    );
    expect(code, stderr).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'inconclusive', teardown: { outcome: 'clean', left: [] } });
    const { problems } = JSON.parse(stdout) as { problems: readonly { code: string; hint: string }[] };
    expect(problems.map((problem) => problem.code)).toContain('restore/not-enough-space');
  },
);

test.each(casesFor(['8k', '24k', '4k', '12k', '16k', '40k'], 2))(
  'when the reports have only %s, nothing is left behind and no half-written report, whatever line no longer fits',
  needsMounts,
  async (size) => {
    const runbook = await estate.runbook('no-reports', { pick: 'base/01-opening' });
    const { code, stdout, stderr } = await runOnSmallDisk(join(estate.folder, 'reports'), size, runbook);
    expect(code, stderr).toBe(3);
    expect(stderr).toMatch(/hint: /);
    expect(stderr).not.toMatch(/ at .*\.js:|bug/);
    expect(stderr).not.toMatch(/unfinished/);
    if (stdout !== '') expect(JSON.parse(stdout)).toMatchObject({ teardown: { left: [] } });
    expect(await tracesOf(estate.folder)).toEqual([]);
  },
);
