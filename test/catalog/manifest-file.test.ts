import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest, writeManifest } from '../../src/catalog/manifest-file.ts';
import { aManifest } from '../support/check-builder.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-manifest-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a manifest file', () => {
  it('that is missing or unreadable is a problem that names it', async () => {
    const file = join(folder, 'missing.json');
    expect(await readManifest(file)).toMatchObject({
      code: 'check/no-manifest',
      message: `unable to read the manifest '${file}': ENOENT`,
    });
  });

  const good = aManifest();
  it.each([
    ['no JSON', '{"manifest": 1'],
    ['another version', { ...good, manifest: 2 }],
    ['no database', { ...good, database: undefined }],
    ['a moment that is none', { ...good, moment: { ...good.moment, at: 'monday' } }],
    ['no WAL position', { ...good, moment: { ...good.moment, lsn: 7 } }],
    ['no tables', { ...good, contents: { ...good.contents, tables: {} } }],
    ['a table without rows', { ...good, contents: { ...good.contents, tables: [{ table: 't', contentHash: '1' }] } }],
    ['a table without hash', { ...good, contents: { ...good.contents, tables: [{ table: 't', rows: 1 }] } }],
    ['a bounded entry without bound', { ...good, contents: { ...good.contents, bounded: good.contents.tables } }],
    ['nothing but null', null],
  ])('with %s is refused', async (_title, text) => {
    const file = join(folder, 'bad.json');
    await writeFile(file, typeof text === 'string' ? text : JSON.stringify(text));
    expect(await readManifest(file)).toMatchObject({ code: 'check/bad-manifest' });
  });

  it('that is whole is read as it was written', async () => {
    const file = join(folder, 'new', 'good.json');
    await writeManifest(file, good);
    expect(await readManifest(file)).toEqual(good);
    expect(await readdir(join(folder, 'new'))).toEqual(['good.json']);
  });
});
