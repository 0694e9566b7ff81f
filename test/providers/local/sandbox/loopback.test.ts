import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loopbackProblem } from '../../../../src/providers/local/sandbox/loopback.ts';
import { cannot } from './sandboxed.ts';

describe('a program that listens', () => {
  it.skipIf(cannot.L1)(
    'needs a tool that brings up a loopback, and it is said beforehand where there is none',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'drillbook-loopback-'));
      try {
        const path = process.env['PATH'];
        expect(await loopbackProblem({ level: 'L1' }, { path })).toBeUndefined();
        for (const name of ['ip', 'ifconfig'])
          await writeFile(join(folder, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
        expect(await loopbackProblem({ level: 'L1' }, { path: `${folder}:${path}` })).toMatchObject({
          code: 'check/no-loopback',
          hint: expect.stringMatching(/iproute2/) as string,
          blames: 'environment',
        });
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );

  it('cannot be isolated at L0', async () => {
    expect(await loopbackProblem({ level: 'L0' }, { path: undefined })).toMatchObject({
      code: 'check/needs-isolation',
    });
  });
});
