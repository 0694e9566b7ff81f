import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { livenessFrom, ownerOfThisProcess } from '../../src/store/this-process.ts';
import { processStartTime } from '../../src/support/process-identity.ts';

test('two owners in one process have one identity and two instances', async () => {
  const [a, b] = [await ownerOfThisProcess(), await ownerOfThisProcess()];
  expect(a.pid).toBe(process.pid);
  expect({ ...a, instance: '' }).toEqual({ ...b, instance: '' });
  expect(a.instance).not.toBe(b.instance);
});

test('a process of this boot is alive as long as it lives, and dead when another has its pid', async () => {
  const here = await ownerOfThisProcess();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  const holder = { ...here, instance: 'its', pid: child.pid!, startTime: (await processStartTime(child.pid!))! };
  expect(await livenessFrom(here, holder)).toBe('alive');
  expect(await livenessFrom(here, { ...holder, startTime: `${holder.startTime}0` })).toBe('dead');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await livenessFrom(here, holder)).toBe('dead');
});

test.each([{ host: 'elsewhere' }, { bootId: 'before' }, { pidNamespace: 'pid:[1]' }, { startTime: '' }])(
  'nothing is known of a process with %j',
  async (other) => {
    const here = await ownerOfThisProcess();
    expect(await livenessFrom(here, { ...here, ...other })).toBe('unknown');
  },
);
