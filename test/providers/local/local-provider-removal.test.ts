import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, cp, mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readMarkedFolder, setAside } from '../../../src/providers/local/mark-file.ts';
import { findProcesses } from '../../../src/providers/local/sandbox/processes.ts';
import type { RemovalPermit } from '../../../src/providers/provider.ts';
import type { Resource } from '../../../src/providers/resource.ts';
import { treeHash } from '../../support/tree-hash.ts';
import { type LocalWorld, newLocalWorld } from './local-world.ts';
import { eventually } from './sandbox/sandboxed.ts';

const never = new AbortController().signal;

let world: LocalWorld;
beforeEach(async () => (world = await newLocalWorld()));
afterEach(async () => world.remove());

async function refusal(resource: Resource, permit: RemovalPermit): Promise<string> {
  try {
    await world.provider.startRemoval(resource, permit, never);
    return 'removed';
  } catch (error) {
    const failure = world.provider.classify(error);
    return failure.class === 'denied' ? failure.problem.message : failure.problem.code;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

describe('untouched and refused is', () => {
  test('a copy of a sandbox, with the same mark in another place', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    const copy = { ...sandbox, id: join(world.folder, 'drill-2') };
    await cp(sandbox.id, copy.id, { recursive: true });
    const before = await treeHash(copy.id);
    expect(await refusal(copy, world.permit(drill, [copy]))).toContain('the proof in its mark is not its own');
    expect(await treeHash(copy.id)).toBe(before);
    expect(
      (await world.provider.listMarked({ place: { provider: 'local', folder: world.folder } }, never)).map(
        ({ resource }) => resource,
      ),
    ).toEqual([sandbox]);
  });

  test('a sandbox that was moved away, and what was put in its place', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    await rename(sandbox.id, join(world.base, 'moved'));
    await mkdir(sandbox.id);
    await writeFile(join(sandbox.id, 'precious'), '');
    expect(await refusal(sandbox, world.permit(drill, [sandbox]))).toContain('does not carry the mark');
    expect([await exists(join(sandbox.id, 'precious')), await exists(join(world.base, 'moved'))]).toEqual([true, true]);
  });

  test('a symbolic link to a foreign folder, and the folder, though it holds a copy of the mark', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    const foreign = join(world.base, 'foreign');
    await rename(sandbox.id, foreign);
    await symlink(foreign, sandbox.id);
    const before = await treeHash(foreign);
    expect(await refusal(sandbox, world.permit(drill, [sandbox]))).toContain('does not carry the mark');
    expect(await treeHash(foreign)).toBe(before);
    await rm(sandbox.id);
  });

  test('a mark that is itself a link', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    await rename(join(sandbox.id, 'mark.json'), join(world.base, 'mark.json'));
    await symlink(join(world.base, 'mark.json'), join(sandbox.id, 'mark.json'));
    expect(await refusal(sandbox, world.permit(drill, [sandbox]))).toContain('does not carry the mark');
  });

  test('a folder whose name claims that it is being removed', async () => {
    const drill = world.drill('drill-1');
    await world.startSandbox(drill);
    const id = join(
      world.folder,
      `.drillbook~drill-1~drill-1~${Date.parse(drill.sandbox.expiresAt)}~${'0'.repeat(32)}`,
    );
    await mkdir(id);
    const claimed: Resource = { provider: 'local', type: 'sandbox', id, name: 'sandbox', token: 'any' };
    expect(await refusal(claimed, world.permit(drill, [claimed]))).toContain('the proof in its mark is not its own');
    expect(await exists(id)).toBe(true);
  });

  test('a sandbox in which somebody keeps a source of backups', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    const source = join(sandbox.id, 'backups');
    await mkdir(source);
    const restored = await world.startRestore(drill, { ...world.specOf('orders'), source });
    expect(await refusal(sandbox, world.permit(drill, [sandbox, restored]))).toContain(
      'it is a source of recovery points',
    );
    expect([await exists(source), (await findProcesses(restored.id)).length]).toEqual([true, 1]);
  });
});

describe('removal', () => {
  test('never follows a link', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    await symlink(world.source, join(sandbox.id, 'link'));
    await symlink(join(world.source, 'base.tar'), join(sandbox.id, 'file'));
    const before = await treeHash(world.source);
    expect(await refusal(sandbox, world.permit(drill, [sandbox]))).toBe('removed');
    expect([await exists(sandbox.id), await treeHash(world.source)]).toEqual([false, before]);
  });

  test('is not stopped by folders and files that may not be written', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    const closed = join(sandbox.id, 'data', 'closed');
    await mkdir(closed, { recursive: true });
    await writeFile(join(closed, 'file'), '', { mode: 0o400 });
    for (const folder of [closed, join(sandbox.id, 'data')]) await chmod(folder, 0);
    expect(await refusal(sandbox, world.permit(drill, [sandbox]))).toBe('removed');
    expect(await readdir(world.folder)).toEqual([]);
  });

  test('ends the worker and all that names the folder', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    const restored = await world.startRestore(drill, world.specOf('orders', 'stuck'));
    const server = spawnNaming(join(restored.id, 'data'));
    await eventually('both', async () => ((await findProcesses(restored.id)).length === 2 ? true : undefined));
    expect(await refusal(restored, world.permit(drill, [sandbox, restored]))).toBe('removed');
    expect(await findProcesses(world.folder)).toEqual([]);
    expect(await exited(server)).toBe(true);
  });

  test('that was killed in the middle is listed, and finished by the next, whatever was left', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    const restored = await world.startRestore(drill, world.specOf('orders', 'dying'));
    for (const resource of [restored, sandbox]) {
      const folder = await readMarkedFolder(resource.id);
      const aside = folder && (await setAside(folder));
      await rm(join(aside ?? '', 'mark.json'));
      const listed = await world.provider.listMarked(
        { place: { provider: 'local', folder: world.folder }, drillId: 'drill-1' },
        never,
      );
      expect(listed.map((one) => one.resource.id)).toContain(aside);
      expect(await refusal(resource, world.permit(drill, [sandbox, restored]))).toBe('removed');
      expect(await exists(aside ?? '')).toBe(false);
    }
    expect(await readdir(world.folder)).toEqual([]);
  });

  test('of what a listing shows as half-made or half-removed goes by that very listing', async () => {
    const drill = world.drill('drill-1');
    const folder = await readMarkedFolder((await world.startSandbox(drill)).id);
    if (folder) await setAside(folder);
    const [found] = await world.provider.listMarked({ place: { provider: 'local', folder: world.folder } }, never);
    const resource = found?.resource as Resource;
    expect(await refusal(resource, world.permit(drill, []))).toContain("not in this drill's journal");
    expect(await refusal(resource, world.permit(drill, [resource]))).toBe('removed');
    expect(await readdir(world.folder)).toEqual([]);
  });
});

describe('a process whose sandbox is gone', () => {
  test('is listed under its drill, has expired, and is ended by a sweep', async () => {
    await mkdir(world.folder);
    const server = spawnNaming(join(world.folder, 'drill-9', 'orders', 'data'));
    const [found] = await eventually('the process', async () => {
      const listed = await world.provider.listMarked({ place: { provider: 'local', folder: world.folder } }, never);
      return listed.length === 1 ? listed : undefined;
    });
    expect(found).toMatchObject({ drillId: 'drill-9', resource: { type: 'process', name: `process ${server.pid}` } });
    const resource = found?.resource as Resource;
    expect(await world.provider.look([resource], never)).toEqual([{ kind: 'ready' }]);
    const permit: RemovalPermit = { kind: 'expired', now: new Date().toISOString(), margin: 600_000 };
    expect(await refusal(resource, permit)).toBe('removed');
    expect([await exited(server), await world.provider.look([resource], never)]).toEqual([true, [{ kind: 'gone' }]]);
  });

  test('is left alone when its sandbox is there, and when another drill asks', async () => {
    const drill = world.drill('drill-1');
    const sandbox = await world.startSandbox(drill);
    const server = spawnNaming(join(sandbox.id, 'orders', 'data'));
    await eventually('the process', async () => ((await findProcesses(sandbox.id)).length === 1 ? true : undefined));
    expect(await world.provider.listMarked({ place: { provider: 'local', folder: world.folder } }, never)).toHaveLength(
      1,
    );
    const id = `${sandbox.id}#${server.pid}@${(await findProcesses(sandbox.id))[0]?.startTime}`;
    const resource: Resource = { provider: 'local', type: 'process', id, name: 'process', token: id };
    expect(await refusal(resource, world.permit(drill, [resource]))).toContain('does not carry the mark');
    await rename(sandbox.id, join(world.base, 'away'));
    expect(await refusal(resource, world.permit(world.drill('drill-2'), [resource]))).toContain(
      "belongs to drill 'drill-1'",
    );
    expect(await exited(server, false)).toBe(false);
  });
});

test('the mark names no secret and nothing of the machine but a hash', async () => {
  const { id } = await world.startSandbox(world.drill('drill-1'));
  const mark = JSON.parse(await readFile(join(id, 'mark.json'), 'utf8')) as Record<string, unknown>;
  expect(Object.keys(mark).sort()).toEqual(['drillId', 'expiresAt', 'name', 'proof', 'token', 'type']);
  expect(mark['proof']).toMatch(/^[0-9a-f]{64}$/);
});

/** Stands for a server: it names its data folder, and has no terminal. */
function spawnNaming(path: string): ChildProcess {
  return spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', path], {
    detached: true,
    stdio: 'ignore',
  });
}

async function exited(child: ChildProcess, wait = true): Promise<boolean> {
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return wait ? eventually('its end', () => (hasEnded() ? true : undefined)) : hasEnded();
}
