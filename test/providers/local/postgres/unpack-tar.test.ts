import { createWriteStream } from 'node:fs';
import { lstat, mkdir, mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Header, pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layoutOf } from '../../../../src/providers/local/worker/folder-layout.ts';
import { openRestoreTarget } from '../../../../src/providers/local/postgres/restore-target.ts';
import { unpackTar } from '../../../../src/providers/local/postgres/unpack-tar.ts';

let lab: string;
let folders = 0;

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
});

afterAll(async () => {
  await rm(lab, { recursive: true, force: true });
});

async function unpack(entries: readonly (Partial<Header> & { name: string; text?: string })[]): Promise<string> {
  const folder = join(lab, String((folders += 1)));
  await mkdir(join(folder, 'restore'), { recursive: true });
  const tar = pack();
  for (const { text, ...header } of entries) tar.entry(header, text ?? '');
  tar.finalize();
  const file = join(folder, 'base.tar');
  await pipeline(tar as unknown as Readable, createWriteStream(file));
  const layout = layoutOf(join(folder, 'restore'));
  const target = await openRestoreTarget(layout);
  const form = { kind: 'tar' as const, folder, base: { file, gzip: false }, tablespaces: [] };
  await unpackTar(form, target, { signal: new AbortController().signal, onBytes: () => {} });
  await target.finish();
  return folder;
}

describe('a tar backup', () => {
  it('is unpacked below its data folder, whether its names begin with ./ or not', async () => {
    const folder = await unpack([
      { name: './PG_VERSION', text: '18\n' },
      { name: 'global/', type: 'directory' },
      { name: 'global/1', text: 'x' },
    ]);
    expect(await readFile(join(folder, 'restore/data/PG_VERSION'), 'utf8')).toBe('18\n');
    expect((await lstat(join(folder, 'restore/data/global/1'))).mode & 0o777).toBe(0o600);
  });

  it.each([
    [{ name: '../outside', text: 'x' }],
    [{ name: 'base/../../outside', text: 'x' }],
    [{ name: '/outside', text: 'x' }],
    [{ name: 'pg_tblspc/1/../../../outside', text: 'x' }],
    [{ name: 'evil', type: 'symlink' as const, linkname: '/etc' }],
    [{ name: 'evil', type: 'link' as const, linkname: '/etc/passwd' }],
    [{ name: 'evil', type: 'character-device' as const }],
    [{ name: 'evil', type: 'fifo' as const }],
  ])('with the entry %j is refused', async (entry) => {
    await expect(unpack([{ name: 'PG_VERSION', text: '18\n' }, entry])).rejects.toMatchObject({
      problem: { code: 'restore/unsafe-path', blames: 'backup' },
    });
    expect(await readdir(join(lab, String(folders)))).toEqual(['base.tar', 'restore']);
  });

  it('that holds a file twice is refused', async () => {
    await expect(
      unpack([
        { name: 'a', text: '1' },
        { name: 'a', text: '2' },
      ]),
    ).rejects.toMatchObject({ problem: { code: 'restore/unsafe-path' } });
  });

  it('has its tablespace links laid into the sandbox, wherever they led', async () => {
    const folder = await unpack([{ name: 'pg_tblspc/16384', type: 'symlink', linkname: '/srv/production' }]);
    const link = join(folder, 'restore/data/pg_tblspc/16384');
    expect(await readlink(link)).toBe(join(folder, 'restore/tablespaces/16384'));
  });
});
