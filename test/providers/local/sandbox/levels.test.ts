import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { availableLevel } from '../../../../src/providers/local/sandbox/levels.ts';
import { cannot } from './sandboxed.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'drillbook-levels-'))));
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** A tool that comes before the system's own. */
async function fakeTool(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

test('a machine offers some level, and says why', async () => {
  const { level, because } = await availableLevel({ path: process.env['PATH'] });
  expect(['L0', 'L1', 'L2']).toContain(level);
  expect(because).not.toBe('');
});

describe.skipIf(cannot.L2)('on a machine that offers L2', () => {
  test('without user namespaces it is L0, and the words of the tool are the reason', async () => {
    await fakeTool('unshare', "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1");
    expect(await availableLevel({ path: folder })).toEqual({
      level: 'L0',
      because: "L1 and L2 cannot be had: a trial failed with 'unshare: unshare failed: Operation not permitted'",
    });
  });

  test('without a root of its own it is L1', async () => {
    await fakeTool('pivot_root', "echo 'pivot_root: not here' >&2; exit 1");
    expect(await availableLevel({ path: folder })).toEqual({
      level: 'L1',
      because: "L2 cannot be had: a trial failed with 'pivot_root: not here'",
    });
  });

  test('a trial that hangs is given up', async () => {
    await fakeTool('mount', 'exec sleep 60');
    expect(await availableLevel({ path: folder })).toEqual({
      level: 'L1',
      because: 'L2 cannot be had: a trial took longer than 3000 ms',
    });
  });
});
