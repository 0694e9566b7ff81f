import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findProcesses } from '../../../src/providers/local/sandbox/processes.ts';
import type { ResourceState } from '../../../src/providers/provider.ts';
import type { Resource } from '../../../src/providers/resource.ts';
import { processStartTime } from '../../../src/support/process-identity.ts';
import { systemClock } from '../../../src/support/clock.ts';
import { treeHash } from '../../support/tree-hash.ts';
import { describeProvider } from '../conformance.ts';
import { type LocalWorld, newLocalWorld } from './local-world.ts';
import { eventually } from './sandbox/sandboxed.ts';

const never = new AbortController().signal;

let world: LocalWorld;
beforeEach(async () => (world = await newLocalWorld()));
afterEach(async () => world.remove());

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: mkdir '/x'`), { code, syscall: 'mkdir', path: '/x' });
}

describeProvider('local', async () => {
  const own = await newLocalWorld();
  const { provider, folder, point } = own;
  return {
    provider,
    folder,
    point,
    clock: systemClock,
    spec: own.specOf('orders'),
    many: { spec: own.specOf('orders'), count: 3 },
    drill: (id) => own.drill(id),
    async plantUnmarked(drill) {
      const id = join(folder, drill.drillId);
      await mkdir(id, { recursive: true });
      await writeFile(join(id, 'precious'), 'precious');
      return { provider: 'local', type: 'sandbox', id, name: 'sandbox', token: `${drill.drillId}/sandbox` };
    },
    isUntouched: async ({ id }) => (await readFile(join(id, 'precious'), 'utf8')) === 'precious',
    killWork: async ({ id }) => killWorker(id),
    sourceDigest: async () => treeHash(own.source),
    errors: [
      { error: systemError('ENOSPC'), class: 'permanent' },
      { error: systemError('EDQUOT'), class: 'permanent' },
      { error: systemError('EACCES'), class: 'denied' },
      { error: systemError('EPERM'), class: 'denied' },
      { error: systemError('EROFS'), class: 'denied' },
      { error: systemError('ENOENT'), class: 'not-found' },
      { error: systemError('EEXIST'), class: 'invalid' },
      { error: systemError('EMFILE'), class: 'transient' },
      { error: systemError('EXDEV'), class: 'permanent' },
    ],
    close: async () => own.remove(),
  };
});

async function killWorker(folder: string): Promise<void> {
  for (const { pid } of await findProcesses(folder)) process.kill(pid, 'SIGKILL');
  await eventually('the end of the worker', async () =>
    (await findProcesses(folder)).length === 0 ? true : undefined,
  );
}

async function look(resource: Resource): Promise<ResourceState> {
  const [state] = await world.provider.look([resource], never);
  if (state === undefined) throw new Error('no answer');
  return state;
}

async function untilKind(resource: Resource, kind: ResourceState['kind']): Promise<ResourceState> {
  return eventually(kind, async () => {
    const state = await look(resource);
    return state.kind === kind ? state : undefined;
  });
}

async function started(database?: string): Promise<Resource> {
  const drill = world.drill('drill-1');
  await world.startSandbox(drill);
  return world.startRestore(drill, world.specOf('orders', database));
}

test('folders are for their owner alone, and marks and requests too', async () => {
  const { id } = await started();
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  const folderMode = process.getuid?.() === 0 ? '710' : '700';
  expect(await Promise.all([join(id, '..'), id].map(mode))).toEqual([folderMode, folderMode]);
  const files = ['mark.json', 'request.json', 'worker.log', '../mark.json', '../sandbox.json'];
  expect(await Promise.all(files.map(async (file) => mode(join(id, file))))).toEqual(files.map(() => '600'));
});

test('a worker gets the request and the level of the sandbox', async () => {
  const { id } = await started();
  const request: unknown = JSON.parse(await readFile(join(id, 'request.json'), 'utf8'));
  expect(request).toMatchObject({
    level: 'L0',
    request: { kind: 'restore', spec: { name: 'orders' }, drill: { drillId: 'drill-1' } },
  });
});

test('the level is decided once, so that a resumed drill uses the same', async () => {
  const better = await newLocalWorld('L2');
  const drill = world.drill('drill-1');
  const sandbox = await world.startSandbox(drill);
  await better.provider.start({ kind: 'sandbox', drill, token: sandbox.token }, never);
  expect(await better.provider.proveIsolation(sandbox, undefined, never)).toMatchObject({ level: 'L0' });
  await better.remove();
});

test('a level below the minimum is a proof that does not hold, with the reason', async () => {
  const drill = world.drill('drill-1');
  const sandbox = await world.startSandbox({ ...drill, sandbox: { ...drill.sandbox, minimumIsolation: 'L2' } });
  const { proofs } = await world.provider.proveIsolation(sandbox, undefined, never);
  expect(proofs.filter(({ holds }) => !holds)).toEqual([
    expect.objectContaining({
      claim: 'the sandbox is isolated at level L2 or better',
      observed: 'L0, since a test says so',
    }),
  ]);
});

test('isolation of a server that does not run is not proven', async () => {
  const restored = await started();
  await untilKind(restored, 'ready');
  const sandbox = await world.startSandbox(world.drill('drill-1'));
  const { proofs } = await world.provider.proveIsolation(sandbox, restored, never);
  expect(proofs).toEqual([expect.objectContaining({ holds: false, observed: 'no server runs' })]);
});

test('starting while a worker is at work starts no other', async () => {
  const { id } = await started('stuck');
  const before = await findProcesses(id);
  await started('stuck');
  expect(await findProcesses(id)).toEqual(before);
  expect(before).toHaveLength(1);
});

test('a worker that failed has failed, also after its end, and is not started again', async () => {
  const restored = await started('failing');
  expect(await untilKind(restored, 'failed')).toMatchObject({ problem: { code: 'restore/bad', blames: 'backup' } });
  await eventually('its end', async () => ((await findProcesses(restored.id)).length === 0 ? true : undefined));
  await started('failing');
  expect(await findProcesses(restored.id)).toEqual([]);
  expect(await look(restored)).toMatchObject({ kind: 'failed' });
});

test('a restore is lost when its worker is dead, also when it was ready', async () => {
  const pending = await started('dying');
  expect(await untilKind(pending, 'lost')).toMatchObject({ because: 'its worker process is gone' });
  await killWorker(pending.id);
  const drill = world.drill('drill-2');
  await world.startSandbox(drill);
  const ready = await world.startRestore(drill, world.specOf('orders'));
  await untilKind(ready, 'ready');
  await killWorker(ready.id);
  await untilKind(ready, 'lost');
});

test('what a dead worker had written is not taken for what the next one has to say', async () => {
  const restored = await started();
  await untilKind(restored, 'ready');
  await killWorker(restored.id);
  await writeFile(
    join(restored.id, 'request.json'),
    JSON.stringify({ request: { spec: { database: 'stuck' }, point: {} } }),
  );
  await started();
  expect(await look(restored)).toMatchObject({ kind: 'pending' });
});

test('a worker of another boot is dead, whatever lives under its pid', async () => {
  const restored = await started();
  await untilKind(restored, 'ready');
  await killWorker(restored.id);
  await untilKind(restored, 'lost');
  const startTime = await processStartTime(process.pid);
  const worker = { pid: process.pid, startTime, bootId: 'another boot' };
  await writeFile(join(restored.id, 'worker.json'), JSON.stringify(worker));
  expect(await look(restored)).toMatchObject({ kind: 'lost' });
});

test('a drill killed while it made a folder leaves one that is listed, taken up by the next start, and removed', async () => {
  const drill = world.drill('drill-1');
  const sandbox = await world.startSandbox(drill);
  const [marked] = await world.provider.listMarked({ place: { provider: 'local', folder: world.folder } }, never);
  expect(marked?.resource).toEqual(sandbox);
  // What it looks like one instant before the rename.
  const { setAside, readMarkedFolder } = await import('../../../src/providers/local/mark-file.ts');
  const folder = await readMarkedFolder(sandbox.id);
  const passing = folder && (await setAside(folder));
  await rm(join(passing ?? '', 'mark.json'));
  const [found] = await world.provider.listMarked(
    { place: { provider: 'local', folder: world.folder }, drillId: 'drill-1' },
    never,
  );
  expect(found).toMatchObject({
    drillId: 'drill-1',
    expiresAt: drill.sandbox.expiresAt,
    resource: { type: 'sandbox', id: passing },
  });
  expect(await look(sandbox)).toMatchObject({ kind: 'pending' });
  expect(await world.startSandbox(drill)).toEqual(sandbox);
  expect(await world.provider.listMarked({ place: { provider: 'local', folder: world.folder } }, never)).toEqual([
    marked,
  ]);
});

describe('errors', () => {
  test('that are none of the system are bugs, and are thrown again', () => {
    expect(() => world.provider.classify(new TypeError('x is not a function'))).toThrow('x is not a function');
  });

  test('say what was tried, where, and why it did not go', () => {
    expect(world.provider.classify(systemError('ENOSPC')).problem).toMatchObject({
      code: 'sandbox/disk-full',
      message: "unable to mkdir '/x': there is no space left (ENOSPC)",
    });
  });
});
