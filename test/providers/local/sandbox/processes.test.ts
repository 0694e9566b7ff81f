import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import {
  endProcesses,
  findProcesses,
  names,
  processStartedAt,
  signalProcess,
} from '../../../../src/providers/local/sandbox/processes.ts';
import { systemClock } from '../../../../src/support/clock.ts';
import { epochMillisOf } from '../../../../src/support/time.ts';

const never = new AbortController().signal;
let started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  started = [];
});

/** A process that names a text, in a session of its own as all of drillbook's have. */
async function start(text: string, script = '', program = process.execPath): Promise<ChildProcess> {
  const child = spawn(program, ['-e', `${script}; console.log('up'); setInterval(() => {}, 1000)`, '--', text], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

function textOf(name: string): string {
  return `/nowhere/${process.pid}-${name}/drill-1`;
}

test('a process is found by a folder that it names, or by one in which that lies, and by no other', async () => {
  const text = textOf('found');
  const child = await start(`--folder=${text}/data`);
  expect((await findProcesses(text)).map(({ pid }) => pid)).toEqual([child.pid]);
  expect((await findProcesses(`/nowhere/${process.pid}-found`)).map(({ pid }) => pid)).toEqual([child.pid]);
  expect(await findProcesses(textOf('other'))).toEqual([]);
});

test('a name that only begins or ends like another is not it', () => {
  expect(names('node worker.js /s/drill-10', '/s/drill-1')).toBe(false);
  expect(names('node worker.js /other/s/drill-1', '/s/drill-1')).toBe(false);
  expect(names('node worker.js /s/drill-10 /s/drill-1', '/s/drill-1')).toBe(true);
  expect(names("postgres -c config_file='/s/drill-1/settings'", '/s/drill-1')).toBe(true);
  expect(names('postgres: drillbook-0123: checkpointer', 'drillbook-0123')).toBe(true);
});

test('neither the caller nor what is no program of a drill is found', async () => {
  const text = textOf('person');
  const child = spawn('tail', ['-f', '/dev/null', text], { detached: true, stdio: 'ignore' });
  started.push(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  expect(await findProcesses(text)).toEqual([]);
  const own = process.argv[1] ?? '';
  expect((await findProcesses(own)).map(({ pid }) => pid)).not.toContain(process.pid);
});

test('processes are ended, those too that refuse to be asked', async () => {
  const text = textOf('ended');
  const [willing, deaf] = [
    await start(text),
    await start(text, "process.on('SIGINT', () => {}); process.on('SIGTERM', () => {})"),
  ];
  const ends = [willing, deaf].map(
    async (child) => new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal))),
  );
  expect(await endProcesses([text], systemClock, never)).toEqual([]);
  expect(await Promise.all(ends)).toEqual(['SIGINT', 'SIGKILL']);
});

test('processes of several folders are ended together', async () => {
  const texts = [textOf('one'), textOf('other')];
  for (const text of texts) await start(text);
  expect((await findProcesses(...texts)).length).toBe(2);
  expect(await endProcesses(texts, systemClock, never)).toEqual([]);
  expect(await findProcesses(...texts)).toEqual([]);
});

test('a process that comes while others are ended is ended too', async () => {
  const text = textOf('late');
  const respawn = `process.on('SIGINT', () => { require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', process.argv[1]], { detached: true, stdio: 'ignore' }).once('spawn', () => process.exit()); })`;
  await start(text, respawn);
  expect(await endProcesses([text], systemClock, never)).toEqual([]);
  expect(await findProcesses(text)).toEqual([]);
});

test('a pid that has been used again since is never hit', async () => {
  const child = await start(textOf('recycled'));
  const pid = child.pid ?? 0;
  await signalProcess({ pid, startTime: 'another time', command: '' }, 'SIGKILL');
  expect((await findProcesses(textOf('recycled'))).map((one) => one.pid)).toEqual([pid]);
});

test('ending is given up when the signal aborts, and says what is left', async () => {
  const text = textOf('aborted');
  await start(text, "process.on('SIGINT', () => {})");
  const left = await endProcesses([text], systemClock, AbortSignal.abort());
  expect(left.map(({ command }) => command.includes(text))).toEqual([true]);
});

test('the moment at which a process began is known to the second', async () => {
  const before = Date.now();
  await start(textOf('began'));
  const [found] = await findProcesses(textOf('began'));
  const at = epochMillisOf((found && (await processStartedAt(found))) ?? '');
  expect(at).toBeGreaterThan(before - 2_000);
  expect(at).toBeLessThanOrEqual(Date.now());
});
