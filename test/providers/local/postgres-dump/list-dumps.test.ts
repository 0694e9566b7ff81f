import { execFile as execFileOf } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecoveryPointListing } from '../../../../src/catalog/recovery-point.ts';
import { parseArchiveHeader } from '../../../../src/providers/local/postgres-dump/archive-header.ts';
import { canUnpack } from '../../../../src/providers/local/postgres-dump/dump-form.ts';
import { listDumps } from '../../../../src/providers/local/postgres-dump/list-dumps.ts';
import { type TestServer, startTestServer } from '../../../support/postgres-server.ts';
import { treeHash } from '../../../support/tree-hash.ts';
import { SYSTEM_BIN, runTool } from './dump-worker.ts';

const execFile = promisify(execFileOf);

let source: string;
let server: TestServer;
let listing: RecoveryPointListing;

const list = async (folder: string): Promise<RecoveryPointListing> =>
  listDumps({ source: folder }, new AbortController().signal);
const pointOf = (id: string) => listing.points.find((point) => point.id === id);
const problemOf = (id: string) => listing.unusable.find((one) => one.id === id)?.problem;

beforeAll(async () => {
  source = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  server = await startTestServer(SYSTEM_BIN);
  await server.sql('create table t as select generate_series(1, 10) as a');
  for (const folder of ['a', 'a/b', 'a/b/c']) await mkdir(join(source, folder));
  const dump = async (name: string, ...options: string[]): Promise<string> =>
    runTool(server, 'pg_dump', [...options, '-f', join(source, name), 'postgres']);
  await dump('verbose.sql', '--verbose');
  await dump('a/quiet');
  await dump('a/b/two-below', '-Fc');
  await dump('a/b/c/three-below.sql');
  await dump('folder.sql', '-Fd');
  await dump('tar', '-Ft');
  await runTool(server, 'pg_dumpall', ['--roles-only', '-f', join(source, 'roles.sql')]);
  const text = await readFile(join(source, 'a/quiet'), 'utf8');
  await writeFile(join(source, 'quiet.gz'), gzipSync(text));
  await writeFile(join(source, 'cut.sql'), text.slice(0, -80));
  await writeFile(join(source, 'cut.gz'), gzipSync(text).subarray(0, -60));
  await writeFile(
    join(source, 'windows.sql'),
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
  );
  const archive = await readFile(join(source, 'a/b/two-below'));
  await writeFile(join(source, 'twice.gz'), gzipSync(archive));
  await writeFile(join(source, 'stump.dump'), archive.subarray(0, 40));
  await writeFile(
    join(source, 'future.dump'),
    Buffer.concat([archive.subarray(0, 6), Buffer.from([99]), archive.subarray(7)]),
  );
  await writeFile(join(source, 'dump.sql'), 'create table t (a int);\n-- PostgreSQL database dump\n');
  await writeFile(join(source, 'notes.txt'), 'remember\n');
  await writeFile(join(source, 'empty'), '');
  await writeFile(join(source, 'other.sql.gz'), gzipSync('select 1;'));
  await writeFile(join(source, 'torn.sql.gz'), gzipSync(text).subarray(0, 12));
  listing = await list(source);
});

afterAll(async () => {
  await server.dispose();
  await rm(source, { recursive: true, force: true });
});

describe('the dumps of a source', () => {
  it('are known by what they hold, up to two folders below it, by their path', () => {
    expect(Object.fromEntries(listing.points.map(({ id, format }) => [id, format]))).toEqual({
      'a/b/two-below': 'custom dump',
      'a/quiet': 'plain dump',
      'cut.gz': 'plain dump (gzip)',
      'folder.sql': 'directory dump',
      'quiet.gz': 'plain dump (gzip)',
      'roles.sql': 'plain dump of a cluster',
      tar: 'tar dump',
      'verbose.sql': 'plain dump',
    });
  });

  it('say which server they come from, how large they are, and that they hold one moment', async () => {
    for (const id of ['verbose.sql', 'quiet.gz', 'a/b/two-below', 'folder.sql', 'tar'])
      expect(pointOf(id)?.engine).toEqual({ name: 'postgresql', version: '15.18' });
    expect(pointOf('roles.sql')?.engine.version).toBe('unknown');
    expect(pointOf('a/quiet')).toMatchObject({ consistency: 'application', kind: 'postgres-dump', provider: 'local' });
    expect(pointOf('quiet.gz')?.bytes).toBe((await readFile(join(source, 'quiet.gz'))).length);
    expect(pointOf('folder.sql')?.bytes).toBeGreaterThan((await readFile(join(source, 'folder.sql/toc.dat'))).length);
  });

  it('say when they began, and from what that is known', () => {
    expect(pointOf('verbose.sql')?.capturedAtSource).toBe("start of the dump in its line 'Started on'");
    expect(pointOf('tar')?.capturedAtSource).toContain("in the archive's header");
    expect(pointOf('a/quiet')?.capturedAtSource).toContain('time of the file');
    for (const { capturedAt, availableAt } of listing.points) expect(availableAt >= capturedAt).toBe(true);
  });

  it('that say nothing of their start are as old as their file, and not as its copy', async () => {
    const old = new Date('2026-01-02T03:04:05.000Z');
    const folder = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
    try {
      await writeFile(join(folder, 'old.sql'), await readFile(join(source, 'a/quiet')));
      await utimes(join(folder, 'old.sql'), old, old);
      expect((await list(folder)).points[0]?.capturedAt).toBe(old.toISOString());
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are listed with the reason where they cannot be restored, and hide no others', () => {
    expect(problemOf('cut.sql')).toMatchObject({ code: 'restore/dump-truncated', blames: 'backup' });
    expect(problemOf('windows.sql')).toMatchObject({ code: 'restore/unsupported-dump', blames: 'backup' });
    expect(problemOf('twice.gz')).toMatchObject({ code: 'restore/unsupported-dump', blames: 'environment' });
    expect(problemOf('stump.dump')).toMatchObject({ code: 'restore/archive-damaged', blames: 'backup' });
    expect(problemOf('future.dump')).toMatchObject({ code: 'restore/unsupported-dump', blames: 'environment' });
    expect(listing.unusable).toHaveLength(5);
  });

  it('may be the source itself, where that is a dump in directory form', async () => {
    const { points } = await list(join(source, 'folder.sql'));
    expect(points.map(({ id }) => id)).toEqual(['folder.sql']);
  });

  it('are only read', async () => {
    const before = await treeHash(source);
    await list(source);
    expect(await treeHash(source)).toBe(before);
  });

  it('cannot be listed where there is no such folder', async () => {
    for (const folder of ['nowhere', 'notes.txt'])
      await expect(list(join(source, folder))).rejects.toMatchObject({
        problem: { code: 'restore/source-unreadable' },
      });
  });
});

describe('a dump that was compressed by zstd', () => {
  it('is a recovery point where this Node reads it, and else unusable with that reason', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
    try {
      // A frame that holds its content as it is (RFC 8878): no zstd needs to be installed.
      const text = await readFile(join(source, 'a/quiet'));
      const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0, 0, 0, 0]);
      head.writeUInt32LE(text.length, 5);
      head.writeUIntLE((text.length << 3) | 1, 9, 3);
      await writeFile(join(folder, 'dump.sql.zst'), Buffer.concat([head, text]));
      const { points, unusable } = await list(folder);
      expect([points.length, unusable.map(({ problem }) => problem.code)]).toEqual(
        canUnpack('zstd') ? [1, []] : [0, ['restore/unsupported-dump']],
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("an archive's header", () => {
  const text = (value: string): Buffer => Buffer.concat([integer(value.length), Buffer.from(value)]);
  const integer = (value: number): Buffer => {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt32LE(value, 1);
    return bytes;
  };
  const header = (minor: number, compression: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from('PGDMP'),
      Buffer.from([1, minor, 0, 4, 8, 1]),
      compression,
      ...[5, 4, 3, 2, 0, 126, 0].map(integer),
      ...['shop', '17.4 (Debian)', '17.5'].map(text),
    ]);

  it.each([
    [13, integer(0), 'none'],
    [14, Buffer.from([1, 1, 0, 0, 0]), 'gzip'],
    [15, Buffer.from([2]), 'lz4'],
    [16, Buffer.from([3]), 'zstd'],
  ])('is understood in version 1.%i', (minor, compression, name) => {
    expect(parseArchiveHeader(header(minor, compression))).toEqual({
      formatVersion: `1.${minor}`,
      kind: 'custom',
      compression: name,
      localTime: '2026-01-02 03:04:05',
      database: 'shop',
      serverVersion: '17.4 (Debian)',
      dumpVersion: '17.5',
    });
  });

  it('is damaged when it ends within itself', () => {
    const whole = header(16, Buffer.from([1]));
    for (let length = 5; length < whole.length; length += 1)
      expect(parseArchiveHeader(whole.subarray(0, length))).toBe('damaged');
  });

  it('is that of the real thing', async () => {
    const { stdout } = await execFile(join(SYSTEM_BIN, 'pg_restore'), ['-l', join(source, 'a/b/two-below')]);
    const parsed = parseArchiveHeader(await readFile(join(source, 'a/b/two-below')));
    expect(parsed).toMatchObject({
      formatVersion: /Dump Version: (\d+\.\d+)-0/.exec(stdout)?.[1],
      database: 'postgres',
    });
    expect(stdout).toContain(`created at ${typeof parsed === 'object' ? parsed.localTime : ''}`);
    expect(await readdir(join(source, 'folder.sql'))).toContain('toc.dat');
  });
});
