import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { Verdict } from '../../src/drill/verdict.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { SYSTEM_BIN, dumpSpec, runTool } from '../providers/local/postgres-dump/dump-worker.ts';
import { type TestServer, startTestServer } from '../support/postgres-server.ts';
import { type Found, look, observed, openLab, tryOut } from './bench.ts';
import { cutMiddle, empty, flipMiddle } from './damage.ts';
import { COLUMNS, POSTGRES_LOGICAL, POSTGRES_SHOP, databaseChecks } from './database-checks.ts';
import { faultTable } from './fault-table.ts';

const hasTools = existsSync(join(SYSTEM_BIN, 'pg_dump'));
if (!hasTools) process.stderr.write('SKIPPED: the fault table of dumps needs PostgreSQL 15 (Debian: postgresql-15)\n');

const FORMS = {
  plain: ['-Fp'],
  custom: ['-Fc'],
  'custom, not compressed': ['-Fc', '-Z0'],
  directory: ['-Fd'],
  tar: ['-Ft'],
} as const;
type Form = keyof typeof FORMS | 'plain.gz';
const ALL: readonly Form[] = ['plain', 'plain.gz', 'custom', 'custom, not compressed', 'directory', 'tar'];
const table = faultTable('dumps', COLUMNS);

let lab: string;
let server: TestServer;
let manifest: Manifest;
let estates = 0;

const dataFile = async (folder: string): Promise<string> => {
  const names = (await readdir(folder)).filter((name) => name !== 'toc.dat');
  const sizes = await Promise.all(names.map(async (name) => ({ name, size: (await stat(join(folder, name))).size })));
  return join(folder, sizes.toSorted((a, b) => b.size - a.size)[0]?.name ?? '');
};
const cutText =
  (end: (text: string) => number) =>
  async (file: string): Promise<void> => {
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, end(text)));
  };
/** Of a row, in a form that keeps them as they are. */
const changeNote = async (file: string): Promise<void> => {
  const bytes = await readFile(file);
  bytes.write('rote', bytes.indexOf('a note of an order') + 2);
  await writeFile(file, bytes);
};
const TRAILER = '\n--\n-- PostgreSQL database dump complete';

const FLIPPED = 'one byte of it';

const faults: readonly [fault: string, form: Form, damage: (file: string) => Promise<void>][] = [
  ['cut within its rows', 'plain', cutText((text) => text.indexOf('COPY public.orders') + 5_000)],
  ['cut after its data', 'plain', cutText((text) => text.lastIndexOf('\\.\n') + 3)],
  ['without its last comment', 'plain', cutText((text) => text.lastIndexOf(TRAILER))],
  ['one letter of a row', 'plain', changeNote],
  ['one letter of a row', 'custom, not compressed', changeNote],
  ['one letter of a row', 'tar', changeNote],
  [FLIPPED, 'plain.gz', flipMiddle],
  ['cut off', 'plain.gz', cutMiddle],
  [FLIPPED, 'custom', flipMiddle],
  ['cut off', 'custom', cutMiddle],
  ['cut off', 'custom, not compressed', cutMiddle],
  [FLIPPED, 'directory', async (folder) => flipMiddle(await dataFile(folder))],
  ['cut off', 'directory', async (folder) => cutMiddle(await dataFile(folder))],
  ['a file of it missing', 'directory', async (folder) => rm(await dataFile(folder))],
  ['a file of it empty', 'directory', async (folder) => empty(await dataFile(folder))],
  ['its list missing (`toc.dat`)', 'directory', async (folder) => rm(join(folder, 'toc.dat'))],
  ['cut off', 'tar', cutMiddle],
  ['an empty file', 'plain', empty],
  ['an empty text, compressed', 'plain.gz', (file) => writeFile(file, gzipSync(''))],
  ['an empty file', 'custom', empty],
];

/** Verdicts on what is no fault of a dump: it leaves versions of collations out, and cannot bring an extension along. */
const ENDS: Readonly<Record<string, Verdict>> = {
  'a collation of another version': 'passed',
  "the database's own collation of another version": 'passed',
  'an extension whose files are missing': 'inconclusive',
};

/** Forms of which the loss or the change of what is logical is tried: they are written and loaded in different ways. */
const LOGICAL_FORMS: readonly Form[] = ['plain', 'custom', 'directory', 'tar'];

beforeAll(async () => {
  if (!hasTools) return;
  lab = await openLab();
  server = await startTestServer(SYSTEM_BIN);
  await server.sql('create database shop');
  await server.sql(POSTGRES_SHOP, 'shop');
  await mkdir(join(lab, 'healthy'));
  for (const [name, options] of Object.entries(FORMS))
    await runTool(server, 'pg_dump', [...options, '-f', join(lab, 'healthy', name), 'shop']);
  await writeFile(join(lab, 'healthy', 'plain.gz'), gzipSync(await readFile(join(lab, 'healthy', 'plain'))));
  // pg_dump makes folders that only their owner may enter, and as root the sandbox runs as somebody else.
  await promisify(execFile)('chmod', ['-R', 'a+rX', join(lab, 'healthy')]);
  const spec = await damaged('custom');
  manifest = await observed(lab, spec, async ({ endpoint, point }) => {
    const seen = await look(endpoint, { kind: 'contents', database: 'shop', bounded: [] });
    if (seen.kind !== 'contents') throw new Error(JSON.stringify(seen));
    const moment = { at: point.capturedAt, lsn: '', recoveryPointId: point.id };
    return { manifest: 1, database: 'shop', moment, contents: seen.contents };
  });
});

afterAll(async () => {
  if (!hasTools) return;
  await endAllWorkers();
  await server.dispose();
  await rm(lab, { recursive: true, force: true });
});

describe.skipIf(!hasTools)('a dump', () => {
  it.each(ALL)('that is sound passes: %s', async (form) => {
    const found = await tryOut(lab, await damaged(form), inspection());
    table.add('nothing', form, found);
    expect(found.verdict, JSON.stringify(found)).toBe('passed');
  });

  it.each(faults)('fails a drill: %s (%s)', async (fault, form, damage) => {
    const found = await tryOut(lab, await damaged(form, damage), inspection());
    table.add(fault, form, fault === FLIPPED || form === 'tar' ? eitherCode(found, form) : found);
    expect(found.verdict, JSON.stringify(found)).toBe(ENDS[fault] ?? 'failed');
  });

  describe.each(Object.entries(POSTGRES_LOGICAL))('was taken of a database with %s', (fault, sql) => {
    beforeAll(async () => {
      await server.sql('drop database if exists changed');
      await server.sql('create database changed template shop');
      await server.sql(sql, 'changed');
    });

    it.each(LOGICAL_FORMS)('in form %s', async (form) => {
      const spec = await damaged(form, (file) => takeDump(form, file));
      const found = await tryOut(lab, { ...spec, database: 'shop' }, inspection());
      table.add(fault, form, found);
      expect(found.verdict, JSON.stringify(found)).toBe(ENDS[fault] ?? 'failed');
    });
  });

  it('has the page for people say what was found', () => table.compareWithPage());
});

/** It depends on the rows, and of a tar on who is first, whether the form is found broken or a row that it gives. */
function eitherCode(found: Found, form: Form): Found {
  const codes = [form === 'tar' ? 'restore/dump-truncated' : 'restore/archive-damaged', 'restore/statement-refused'];
  if (found.refused === undefined || !codes.includes(found.refused.code)) return found;
  return { ...found, refused: { ...found.refused, code: codes.join('` or `') } };
}

async function takeDump(form: Form, file: string): Promise<void> {
  await rm(file, { recursive: true });
  const options = form === 'plain.gz' ? FORMS.plain : FORMS[form];
  await runTool(server, 'pg_dump', [...options, '-f', file, 'changed']);
  await promisify(execFile)('chmod', ['-R', 'a+rX', file]);
}

function inspection() {
  return { checks: databaseChecks('shop'), manifest };
}

/** By which even an empty one is known. */
const NAMES: Partial<Record<Form, string>> = { plain: 'd.sql', 'plain.gz': 'd.sql.gz', custom: 'd.dump' };

/** A source with one dump of this form, damaged. */
async function damaged(form: Form, damage: (file: string) => Promise<void> = async () => {}) {
  const source = join(lab, 'estates', String((estates += 1)));
  await mkdir(source, { recursive: true });
  const id = NAMES[form] ?? 'd';
  await cp(join(lab, 'healthy', form), join(source, id), { recursive: true });
  await damage(join(source, id));
  const recoveryPoint = { pick: { kind: 'id', id }, to: { kind: 'backup-end' } } as const;
  const spec = dumpSpec(source, { database: 'shop', recoveryPoint });
  // A manifest speaks of one recovery point, and its id is the name of the file.
  if (manifest !== undefined) manifest = { ...manifest, moment: { ...manifest.moment, recoveryPointId: id } };
  return spec;
}
