import { readFileSync } from 'node:fs';
import { cp, mkdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FilesManifest } from '../../src/checks/manifest-format.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import { filesSpec, tarGzOf, writeFiles } from '../providers/local/files/file-sets.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { overwrite } from '../support/postgres-server.ts';
import { look, observed, openLab, tryOut } from './bench.ts';
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
type Form = 'folder' | 'tar.gz' | 'zip';

let lab: string;
let estates = 0;
const manifests = new Map<Form, FilesManifest>();

const flip = ([byte = 0]: Buffer): Buffer => Buffer.from([byte ^ 0xff]);
const flipMiddle = async (file: string) => overwrite(file, Math.floor((await stat(file)).size / 2), flip, 1);
const cutMiddle = async (file: string) => truncate(file, Math.floor((await stat(file)).size / 2));

const faults: readonly [fault: string, form: Form, damage: (place: string) => Promise<unknown>][] = [
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

beforeAll(async () => {
  lab = await openLab();
  const healthy = join(lab, 'healthy');
  await mkdir(healthy);
  await writeFiles(join(healthy, 'folder'), CONTENTS);
  await writeFile(join(healthy, 'tar.gz'), await tarGzOf(entries()));
  const zipped = zipSync(Object.fromEntries(NAMES.map((name) => [name, readFileSync(join(healthy, 'folder', name))])));
  await writeFile(join(healthy, 'zip'), zipped);
  for (const form of ['folder', 'tar.gz', 'zip'] as const) manifests.set(form, await record(form));
});

afterAll(async () => {
  await endAllWorkers();
  await rm(lab, { recursive: true, force: true });
});

describe('a set of files', () => {
  it.each<Form>(['folder', 'tar.gz', 'zip'])('that is sound passes: %s', async (form) => {
    const found = await tryOut(lab, await damaged(form), inspection(form));
    table.add('nothing', form, found);
    expect(found.verdict, JSON.stringify(found)).toBe('passed');
  });

  it.each(faults)('does not pass a drill: %s (%s)', async (fault, form, damage) => {
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

function entries() {
  return Object.entries(CONTENTS).map(([name, text]) => ({ name, text }));
}

async function archiveWithLink(file: string): Promise<void> {
  await writeFile(file, await tarGzOf([...entries(), { name: 'img/out', type: 'symlink', linkname: '/etc/passwd' }]));
}

/** A source with one set of this form, damaged. */
async function damaged(form: Form, damage: (place: string) => Promise<unknown> = async () => {}) {
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
