import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseChecksumList } from '../../src/catalog/checksum-list.ts';
import { readManifest, writeManifest } from '../../src/catalog/manifest-file.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-sums-'));
});

afterAll(async () => rm(folder, { recursive: true, force: true }));

describe('a list of checksums', () => {
  it('is read as sha256sum writes it, odd names too', async () => {
    const names = ['plain', 'with space', 'back\\slash', 'line\nbreak', ' leading', 'grün'];
    for (const name of names) await writeFile(join(folder, name), name);
    const { stdout } = await promisify(execFile)(
      'sha256sum',
      names.map((name) => `./${name}`),
      { cwd: folder },
    );
    const entries = parseChecksumList(stdout);
    expect(typeof entries !== 'string' && entries.map(({ path }) => path)).toEqual(names);
  });

  it('may be of binary mode, of another folder and with upper case', () => {
    expect(parseChecksumList(`${A.toUpperCase()} *x\r\n\r\n${B}  ../y\n`, 'docs')).toEqual([
      { path: 'docs/x', sha256: A },
      { path: 'y', sha256: B },
    ]);
  });

  it.each([
    ['a line that is none', `${A}  x\nhello`, 'line 2 is no line'],
    ['an absolute path', `${A}  /etc/passwd`, 'line 1 names a file outside'],
    ['a path that climbs out', `${A}  a/../../x`, 'line 1 names a file outside'],
    ['two checksums for a file', `${A}  x\n${B}  ./x`, 'line 2 gives a file another'],
  ])('is refused for %s', async (_what, text, because) => {
    expect(parseChecksumList(text)).toContain(because);
    const file = join(folder, 'BAD');
    await writeFile(file, text);
    expect(await readManifest(file)).toMatchObject({ code: 'check/bad-manifest', blames: 'environment' });
  });

  it('is a manifest of the recovery point that its place tells', async () => {
    const file = join(folder, 'SHA256SUMS');
    await writeFile(file, `${A}  x\n`);
    const bare = { manifest: 1, kind: 'files', moment: {}, entries: [{ path: 'x', sha256: A }] };
    expect(await readManifest(file)).toEqual(bare);
    expect(await readManifest(file, { recoveryPointId: 'monday', path: 'docs/SHA256SUMS' })).toEqual({
      ...bare,
      moment: { recoveryPointId: 'monday' },
      entries: [{ path: 'docs/x', sha256: A }],
      listedIn: 'docs/SHA256SUMS',
    });
  });
});

describe('a manifest of files', () => {
  const good = {
    manifest: 1 as const,
    kind: 'files' as const,
    moment: { at: '2026-11-20T03:00:00.000Z', recoveryPointId: 'monday' },
    entries: [{ path: 'x', bytes: 1, sha256: A, mode: 0o644 }],
  };

  it('is read as it was written', async () => {
    const file = join(folder, 'good.json');
    await writeManifest(file, good);
    expect(await readManifest(file)).toEqual(good);
  });

  it.each([
    ['entries that are none', { ...good, entries: {} }],
    ['a hash that is none', { ...good, entries: [{ path: 'x', sha256: 'A1' }] }],
    ['a size that is none', { ...good, entries: [{ path: 'x', sha256: A, bytes: -1 }] }],
    ['a path that is none', { ...good, entries: [{ sha256: A }] }],
    ['no moment', { ...good, moment: undefined }],
    ['a time that is none', { ...good, moment: { at: 'monday' } }],
  ])('with %s is refused', async (_what, manifest) => {
    const file = join(folder, 'bad.json');
    await writeFile(file, JSON.stringify(manifest));
    expect(await readManifest(file)).toMatchObject({ code: 'check/bad-manifest' });
  });
});
