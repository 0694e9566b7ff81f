import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readingOf } from '../../../../src/providers/local/postgres-dump/reading-of.ts';

it.runIf(process.platform === 'linux')(
  'tells how much a launched program has read, and not at every call',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
    const file = join(folder, 'archive');
    await writeFile(file, Buffer.alloc(3_000_000));
    const program = "require('node:fs').readFileSync(process.argv[1]); console.log('read'); process.stdin.resume()";
    // Like a sandbox, a chain: the program is the child of what was launched.
    const child = spawn('sh', ['-c', '"$@"; true', '-', process.execPath, '-e', program, file], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      const told: number[] = [];
      const look = readingOf(child.pid, (bytes) => told.push(bytes));
      look();
      look();
      expect(told).toEqual([expect.any(Number)]);
      expect(told[0]).toBeGreaterThan(3_000_000);
    } finally {
      // With its input it ends too.
      child.stdin.end();
      await once(child, 'close');
      await rm(folder, { recursive: true });
    }
  },
);
