import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { Verdict } from '../../src/drill/verdict.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { SYSTEM_BIN, dumpSpec, runTool } from '../providers/local/postgres-dump/dump-worker.ts';
import { type TestServer, overwrite, startTestServer } from '../support/postgres-server.ts';
import { type Found, look, observed, openLab, tryOut } from './bench.ts';
import { COLUMNS, POSTGRES_LOGICAL, POSTGRES_SHOP, databaseChecks } from './database-checks.ts';
import { faultTable } from './fault-table.ts';

const hasTools = existsSync(join(SYSTEM_BIN, 'pg_dump'));
if (!hasTools) process.stderr.write('SKIPPED: the fault table of dumps needs PostgreSQL 15 (Debian: postgresql-15)\n');

const FORMS = { plain: '-Fp', custom: '-Fc', directory: '-Fd', tar: '-Ft' } as const;
type Form = keyof typeof FORMS | 'plain.gz';
const table = faultTable('dumps', COLUMNS);

let lab: string;
let server: TestServer;
let manifest: Manifest;
let estates = 0;

const flip = ([byte = 0]: Buffer): Buffer => Buffer.from([byte ^ 0xff]);
const middle = async (file: string): Promise<number> => Math.floor((await stat(file)).size / 2);
const flipMiddle = async (file: string): Promise<void> => overwrite(file, await middle(file), flip, 1);
const cutMiddle = async (file: string): Promise<void> => truncate(file, await middle(file));
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
const TRAILER = '\n--\n-- PostgreSQL database dump complete';

const FLIPPED = 'one byte of it';

const faults: readonly [fault: string, form: Form, damage: (file: string) => Promise<void>][] = [
  ['cut within its rows', 'plain', cutText((text) => text.indexOf('COPY public.orders') + 5_000)],
  ['cut after its data', 'plain', cutText((text) => text.lastIndexOf('\\.\n') + 3)],
  ['without its last comment', 'plain', cutText((text) => text.lastIndexOf(TRAILER))],
  [FLIPPED, 'plain.gz', flipMiddle],
  ['cut off', 'plain.gz', cutMiddle],
  [FLIPPED, 'custom', flipMiddle],
  ['cut off', 'custom', cutMiddle],
  [FLIPPED, 'directory', async (folder) => flipMiddle(await dataFile(folder))],
  ['cut off', 'directory', async (folder) => cutMiddle(await dataFile(folder))],
  ['a file of it missing', 'directory', async (folder) => rm(await dataFile(folder))],
  ['cut off', 'tar', cutMiddle],
];

/** Verdicts on what is no fault of a dump: it leaves versions of collations out, and cannot bring an extension along. */
const ENDS: Readonly<Record<string, Verdict>> = {
  'a collation of another version': 'passed',
  'an extension whose files are missing': 'inconclusive',
};

beforeAll(async () => {
  if (!hasTools) return;
  lab = await openLab();
  server = await startTestServer(SYSTEM_BIN);
  await server.sql('create database shop');
  await server.sql(POSTGRES_SHOP, 'shop');
  await mkdir(join(lab, 'healthy'));
  for (const [name, option] of Object.entries(FORMS))
    await runTool(server, 'pg_dump', [option, '-f', join(lab, 'healthy', name), 'shop']);
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
  it.each<Form>(['plain.gz', 'custom'])('that is sound passes: %s', async (form) => {
    const found = await tryOut(lab, await damaged(form), inspection());
    table.add('nothing', form, found);
    expect(found.verdict, JSON.stringify(found)).toBe('passed');
  });

  it.each(faults)('fails a drill: %s (%s)', async (fault, form, damage) => {
    const found = await tryOut(lab, await damaged(form, damage), inspection());
    table.add(fault, form, fault === FLIPPED ? eitherCode(found) : found);
    expect(found.verdict, JSON.stringify(found)).toBe('failed');
  });

  it.each(Object.entries(POSTGRES_LOGICAL))('was taken of a database with %s', async (fault, sql) => {
    await server.sql('drop database if exists changed');
    await server.sql('create database changed template shop');
    await server.sql(sql, 'changed');
    const spec = await damaged('custom', async (file) => {
      await runTool(server, 'pg_dump', ['-Fc', '-f', file, 'changed']);
    });
    const found = await tryOut(lab, { ...spec, database: 'shop' }, inspection());
    table.add(fault, 'custom', found);
    expect(found.verdict, JSON.stringify(found)).toBe(ENDS[fault] ?? 'failed');
  });

  it('has the page for people say what was found', () => table.compareWithPage());
});

/** It depends on the rows whether the compressed form is found broken, or a row that it gives. */
function eitherCode(found: Found): Found {
  const codes = ['restore/archive-damaged', 'restore/statement-refused'];
  if (found.refused === undefined || !codes.includes(found.refused.code)) return found;
  return { ...found, refused: { ...found.refused, code: codes.join('` or `') } };
}

function inspection() {
  return { checks: databaseChecks('shop'), manifest };
}

/** A source with one dump of this form, damaged. */
async function damaged(form: Form, damage: (file: string) => Promise<void> = async () => {}) {
  const source = join(lab, 'estates', String((estates += 1)));
  await mkdir(source, { recursive: true });
  const id = form === 'plain' ? 'd.sql' : form === 'plain.gz' ? 'd.sql.gz' : 'd';
  await cp(join(lab, 'healthy', form), join(source, id), { recursive: true });
  await damage(join(source, id));
  const recoveryPoint = { pick: { kind: 'id', id }, to: { kind: 'backup-end' } } as const;
  const spec = dumpSpec(source, { database: 'shop', recoveryPoint });
  // A manifest speaks of one recovery point, and its id is the name of the file.
  if (manifest !== undefined) manifest = { ...manifest, moment: { ...manifest.moment, recoveryPointId: id } };
  return spec;
}
