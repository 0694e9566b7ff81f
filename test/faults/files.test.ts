import { chmod, cp, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FilesManifest } from '../../src/checks/manifest-format.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import { type TarEntry, filesSpec, tarGzOf, tarOf, writeFiles } from '../providers/local/files/file-sets.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { overwrite } from '../support/postgres-server.ts';
import { isWhole } from '../support/whole.ts';
import { look, observed, openLab, tryOut } from './bench.ts';
import { cutMiddle, empty, flip, flipMiddle } from './damage.ts';
import { faultTable } from './fault-table.ts';

const common = { purpose: 'integrity', severity: 'fail', of: 'uploads', database: '' } as const;
const CHECKS: readonly CheckSpec[] = [
  { ...common, id: 'files', name: 'files', kind: 'files', atLeast: 20, contains: ['img/1.txt'] },
  { ...common, id: 'manifest', name: 'manifest', kind: 'manifest', file: '/manifest.json' },
];
const table = faultTable(
  'files',
  CHECKS.map(({ id }) => id),
);
const NAMES = Array.from({ length: 20 }, (_, n) => `img/${n}.txt`);
const CONTENTS = Object.fromEntries(NAMES.map((name, n) => [name, `file ${n} `.repeat(200)]));
const FORMS = ['folder', 'tar', 'tar.gz', 'zip'] as const;
type Form = (typeof FORMS)[number];
type Damage = (place: string) => Promise<unknown>;
type Fault = readonly [fault: string, form: Form, damage: Damage];

let lab: string;
let estates = 0;
const manifests = new Map<Form, FilesManifest>();

/** What is wrong with a set that an archive holds whole. */
const LOGICAL: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  'a file missing': { 'img/3.txt': undefined },
  'a file too many': { 'img/extra.txt': 'x' },
  'a file with other bytes': { 'img/3.txt': CONTENTS['img/3.txt']?.replace('file 3', 'file x') },
  'a file cut off': { 'img/3.txt': CONTENTS['img/3.txt']?.slice(0, 99) },
};

const faults: readonly Fault[] = [
  ['a file missing', 'folder', (folder) => rm(join(folder, 'img/3.txt'))],
  ['a file too many', 'folder', (folder) => writeFile(join(folder, 'img/extra.txt'), 'x')],
  ['a file with other bytes', 'folder', (folder) => flipMiddle(join(folder, 'img/3.txt'))],
  ['a file cut off', 'folder', (folder) => cutMiddle(join(folder, 'img/3.txt'))],
  ['a link that leads out', 'folder', (folder) => symlink('/etc/passwd', join(folder, 'img/out'))],
  // Of the checksum that gzip puts last, and of the first file's data: elsewhere it depends on zlib what is met first.
  ['one byte of the archive', 'tar.gz', async (file) => overwrite(file, (await stat(file)).size - 6, flip, 1)],
  ['the archive cut off', 'tar.gz', cutMiddle],
  ['a link that leads out', 'tar.gz', (file) => archiveWithLink(file)],
  ['one byte of the archive', 'zip', (file) => overwrite(file, 45, flip, 1)],
  ['the archive cut off', 'zip', cutMiddle],
];

const others: readonly Fault[] = [
  ...(['tar', 'tar.gz', 'zip'] as const).flatMap((form) => [
    ...Object.entries(LOGICAL).map(([fault, change]): Fault => [fault, form, (file) => archiveOf(form, file, change)]),
    ['an empty file', form, empty] as const,
  ]),
  ['a file with other permissions', 'folder', (folder) => chmod(join(folder, 'img/3.txt'), 0o600)],
  ['the folder empty', 'folder', (folder) => rm(join(folder, 'img'), { recursive: true })],
  ["one byte of a file's content", 'tar', (file) => overwrite(file, 3 * 512, flip, 1)],
  ["one byte of a file's header", 'tar', async (file) => overwrite(file, await secondHeader(file), flip, 1)],
  ['the archive cut off', 'tar', cutMiddle],
  ['a link that leads out', 'tar', (file) => archiveWithLink(file)],
  // Of a checksum, 16 bytes into an entry of the list at its end (APPNOTE.TXT, 4.3.12).
  ["one byte of the archive's list", 'zip', async (file) => overwrite(file, (await lastListed(file)) + 16, flip, 1)],
];

beforeAll(async () => {
  lab = await openLab();
  const healthy = join(lab, 'healthy');
  await mkdir(healthy);
  await writeFiles(join(healthy, 'folder'), CONTENTS);
  for (const form of ['tar', 'tar.gz', 'zip'] as const) await archiveOf(form, join(healthy, form), {});
  for (const form of FORMS) manifests.set(form, await record(form));
});

afterAll(async () => {
  await endAllWorkers();
  await rm(lab, { recursive: true, force: true });
});

describe('a set of files', () => {
  it.each(FORMS)('that is sound passes: %s', async (form) => {
    const found = await tryOut(lab, await damaged(form), inspection(form));
    table.add('nothing', form, found);
    expect(found.verdict, JSON.stringify(found)).toBe('passed');
  });

  it.each([...faults, ...(isWhole ? others : [])])('does not pass a drill: %s (%s)', async (fault, form, damage) => {
    const found = await tryOut(lab, await damaged(form, damage), inspection(form));
    table.add(fault, form, found);
    expect(found.verdict, JSON.stringify(found)).toBe('failed');
  });

  it('has the page for people say what was found', () => table.compareWithPage());
});

function inspection(form: Form) {
  const manifest = manifests.get(form);
  return { checks: CHECKS, ...(manifest && { manifest }) };
}

function entries(files: Readonly<Record<string, string | undefined>> = CONTENTS): TarEntry[] {
  return Object.entries(files).flatMap(([name, text]) => (text === undefined ? [] : [{ name, text }]));
}

/** Writes an archive of all files, some of them changed or left out. */
async function archiveOf(form: Form, file: string, change: Readonly<Record<string, string | undefined>>) {
  const given = entries({ ...CONTENTS, ...change });
  const zipped = (): Uint8Array =>
    zipSync(Object.fromEntries(given.map(({ name, text = '' }) => [name, Buffer.from(text)])));
  await writeFile(file, form === 'zip' ? zipped() : await (form === 'tar' ? tarOf(given) : tarGzOf(given)));
}

async function archiveWithLink(file: string): Promise<void> {
  const withLink: TarEntry[] = [...entries(), { name: 'img/out', type: 'symlink', linkname: '/etc/passwd' }];
  await writeFile(file, await (file.endsWith('.gz') ? tarGzOf(withLink) : tarOf(withLink)));
}

/** A tar is looked at by its first header when it is listed: that of the next file is met when it is restored. */
async function secondHeader(file: string): Promise<number> {
  return (await readFile(file)).indexOf('img/1.txt');
}

async function lastListed(file: string): Promise<number> {
  return (await readFile(file)).lastIndexOf('PK\u0001\u0002');
}

/** A source with one set of this form, damaged. */
async function damaged(form: Form, damage: Damage = async () => {}) {
  const source = join(lab, 'estates', String((estates += 1)));
  await mkdir(source, { recursive: true });
  const id = form === 'folder' ? 'set' : `set.${form}`;
  await cp(join(lab, 'healthy', form), join(source, id), { recursive: true });
  await damage(join(source, id));
  const recoveryPoint = { pick: { kind: 'id', id }, to: { kind: 'backup-end' } } as const;
  return { ...filesSpec(source), recoveryPoint };
}

async function record(form: Form): Promise<FilesManifest> {
  return observed(lab, await damaged(form), async ({ endpoint, point }) => {
    const seen = await look(endpoint, { kind: 'tree' });
    if (seen.kind !== 'tree') throw new Error(JSON.stringify(seen));
    return { manifest: 1, kind: 'files', moment: { recoveryPointId: point.id }, entries: seen.entries };
  });
}
