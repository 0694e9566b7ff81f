import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import { type Estate, program, startEstate } from '../providers/local/mysql/estate.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { type Found, look, observed, openLab, tryOut } from './bench.ts';
import { cutMiddle, empty, flipMiddle } from './damage.ts';
import { COLUMNS, MYSQL_LOGICAL, databaseChecks, mysqlShop } from './database-checks.ts';
import { faultTable } from './fault-table.ts';
import { mysqlSpec } from './mysql-spec.ts';

const hasServer = program !== undefined;
type Form = 'sql' | 'sql.gz';
const FORMS: readonly Form[] = ['sql', 'sql.gz'];
const WHOLE = ['--routines', '--triggers'];
const table = faultTable('MariaDB dumps', COLUMNS);

let lab: string;
let estate: Estate;
let manifest: Manifest;
let estates = 0;

type Damage = (file: string) => Promise<unknown>;

const changeText =
  (change: (text: string) => string): Damage =>
  async (file) => {
    await writeFile(file, change(await readFile(file, 'latin1')), 'latin1');
  };
const cutAt = (end: (text: string) => number): Damage => changeText((text) => text.slice(0, end(text)));
const END = '\n-- Dump completed';

const ONE_BYTE = 'one byte of the gzip';

const faults: readonly [fault: string, form: Form, damage: Damage][] = [
  ['cut within a statement', 'sql', cutAt((text) => text.indexOf('INSERT INTO `orders`') + 5_000)],
  ['cut between two statements', 'sql', cutAt((text) => text.lastIndexOf('UNLOCK TABLES;\n') + 15)],
  ['without its last line', 'sql', cutAt((text) => text.lastIndexOf(END))],
  ['one letter of a text', 'sql', changeText((text) => text.replace('a note of an order', 'a rote of an order'))],
  ['one statement garbled', 'sql', changeText((text) => text.replace('INSERT INTO `orders`', 'INSERT IN\0O `orders`'))],
  [ONE_BYTE, 'sql.gz', flipMiddle],
  ['cut off', 'sql.gz', cutMiddle],
  ['an empty file', 'sql', empty],
  ['an empty file', 'sql.gz', empty],
  ['an empty text, compressed', 'sql.gz', (file) => writeFile(file, gzipSync(''))],
];

beforeAll(async () => {
  if (!hasServer) return;
  lab = await openLab();
  estate = await startEstate();
  await estate.server.sql(...mysqlShop('store'));
  for (const form of FORMS) await estate.dump(healthy(form), WHOLE, ['store']);
  const spec = await damaged('sql');
  manifest = await observed(lab, spec, async ({ endpoint, point }) => {
    const seen = await look(endpoint, { kind: 'contents', database: 'store', bounded: [] });
    if (seen.kind !== 'contents') throw new Error(JSON.stringify(seen));
    const moment = { at: point.capturedAt, lsn: '', recoveryPointId: point.id };
    return { manifest: 1, database: 'store', moment, contents: seen.contents };
  });
});

afterAll(async () => {
  if (!hasServer) return;
  await endAllWorkers();
  await estate.server.dispose();
  await rm(lab, { recursive: true, force: true });
});

describe.skipIf(!hasServer)('a dump of MariaDB', () => {
  it.each(FORMS)('that is sound passes: %s', async (form) => {
    const found = await tryOut(lab, await damaged(form), inspection(form));
    table.add('nothing', form, found);
    expect(found.verdict, JSON.stringify(found)).toBe('passed');
  });

  it.each(faults)('fails a drill: %s (%s)', async (fault, form, damage) => {
    const found = await tryOut(lab, await damaged(form, damage), inspection(form));
    table.add(fault, form, fault === ONE_BYTE ? eitherCode(found) : found);
    expect(found.verdict, JSON.stringify(found)).toBe('failed');
  });

  it.each(Object.entries(MYSQL_LOGICAL))('was taken of a database with %s', async (fault, statements) => {
    await estate.server.sql('drop database if exists changed', ...mysqlShop('changed'), ...statements);
    const spec = await damaged('sql', (file) => estate.dump(file, WHOLE, ['changed']));
    const found = await tryOut(lab, { ...spec, database: 'changed' }, inspection('sql', 'changed'));
    table.add(fault, 'sql', found);
    expect(found.verdict, JSON.stringify(found)).toBe('failed');
  });

  it('was taken without routines, which only a manifest knows of', async () => {
    const spec = await damaged('sql', (file) => estate.dump(file, ['--skip-routines', '--triggers'], ['store']));
    const found = await tryOut(lab, spec, inspection('sql'));
    table.add('taken without routines', 'sql', found);
    expect(found.verdict, JSON.stringify(found)).toBe('failed');
  });

  it('has the page for people say what was found', () => table.compareWithPage());
});

/** It depends on the bytes whether the compressed form is found broken, or a statement that it gives. */
function eitherCode(found: Found): Found {
  const codes = ['restore/dump-corrupted', 'restore/statement-failed'];
  if (found.refused === undefined || !codes.includes(found.refused.code)) return found;
  return { ...found, refused: { ...found.refused, code: codes.join('` or `') } };
}

/** A manifest speaks of one recovery point, whose id is the name of its file. */
function inspection(form: Form, database = 'store') {
  const moment = { ...manifest.moment, recoveryPointId: nameOf(form) };
  return { checks: databaseChecks(database), manifest: { ...manifest, database, moment } };
}

function nameOf(form: Form): string {
  return `d.${form}`;
}

function healthy(form: Form): string {
  return join(lab, 'healthy', nameOf(form));
}

/** A source with one dump of this form, damaged. */
async function damaged(form: Form, damage: Damage = async () => {}) {
  const source = join(lab, 'estates', String((estates += 1)));
  await mkdir(source, { recursive: true });
  await copyFile(healthy(form), join(source, nameOf(form)));
  await damage(join(source, nameOf(form)));
  return mysqlSpec(source, nameOf(form));
}
