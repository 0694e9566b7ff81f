import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import { type Estate, backupProgram, startEstate } from '../providers/local/mysql/estate.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { type Found, look, observed, openLab, tryOut, tryOutEach } from './bench.ts';
import { flipMiddle } from './damage.ts';
import { COLUMNS, MYSQL_LOGICAL, databaseChecks, mysqlShop } from './database-checks.ts';
import { faultTable } from './fault-table.ts';
import { PAGE, changePage, changeText, leavesOf, vouchFor } from './innodb-pages.ts';
import { mysqlSpec } from './mysql-spec.ts';

const run = promisify(execFile);
const hasTool = backupProgram !== undefined;
const AS_TAKEN = 'as taken';
const PREPARED = 'prepared';
const FORMS = [AS_TAKEN, PREPARED] as const;
type Form = (typeof FORMS)[number];
const ID = 'full';
const table = faultTable('MariaDB folders', COLUMNS);

let lab: string;
let estate: Estate;
let manifest: Manifest;
let estates = 0;
/** Leaf pages of the table 'orders': of its rows, and of its other index. */
let leaves: { readonly rows: number; readonly index: number };

type Damage = (folder: string) => Promise<unknown>;

const orders = (folder: string): string => join(folder, 'store/orders.ibd');
const flipNote: Damage = (folder) => changeText(orders(folder), leaves.rows, 'note of an order');
const remove =
  (...names: readonly string[]): Damage =>
  async (folder) => {
    const there = (await readdir(folder, { recursive: true })).filter((name) => names.includes(name));
    if (there.length === 0) throw new Error(`none of ${names.join()} is in the backup`);
    for (const name of there) await rm(join(folder, name));
  };
const garble =
  (...names: readonly string[]): Damage =>
  async (folder) => {
    const there = (await readdir(folder)).filter((name) => names.includes(name));
    if (there.length === 0) throw new Error(`none of ${names.join()} is in the backup`);
    for (const name of there) await writeFile(join(folder, name), 'no more than this\n');
  };
const INFO = ['mariadb_backup_info', 'xtrabackup_info'];
const CHECKPOINTS = ['mariadb_backup_checkpoints', 'xtrabackup_checkpoints'];
const REDO = ['ib_logfile0', 'xtrabackup_logfile'];
const ONE_BYTE_OF_REDO = 'the redo log, one byte';

const faults: readonly [fault: string, damage: Damage, forms: readonly Form[]][] = [
  ['one byte in a page of rows', flipNote, FORMS],
  [
    'one byte in a page of rows, before its checksum was made',
    async (folder) => {
      await flipNote(folder);
      await vouchFor(orders(folder), leaves.rows);
    },
    FORMS,
  ],
  ['a page of rows zeroed', (folder) => changePage(orders(folder), leaves.rows, (page) => page.fill(0)), FORMS],
  [
    'one byte in a page of an index',
    (folder) => changePage(orders(folder), leaves.index, (page) => page.writeUInt8(page.readUInt8(5_000) ^ 1, 5_000)),
    FORMS,
  ],
  ['the file of a table cut off', (folder) => truncate(orders(folder), leaves.rows * PAGE), FORMS],
  ['the file of a table missing (`.ibd`)', remove('store/orders.ibd'), FORMS],
  ['the definition of a table missing (`.frm`)', remove('store/orders.frm'), FORMS],
  ['the system tablespace missing (`ibdata1`)', remove('ibdata1'), FORMS],
  ['the redo log missing', remove(...REDO), [AS_TAKEN]],
  ['the redo log garbled', garble(...REDO), [AS_TAKEN]],
  [ONE_BYTE_OF_REDO, async (folder) => flipRedo(folder), [AS_TAKEN]],
  ['`xtrabackup_info` missing', remove(...INFO), FORMS],
  ['`xtrabackup_info` garbled', garble(...INFO), FORMS],
  ['`xtrabackup_checkpoints` missing', remove(...CHECKPOINTS), FORMS],
  ['`xtrabackup_checkpoints` garbled', garble(...CHECKPOINTS), FORMS],
];

beforeAll(async () => {
  if (!hasTool) return;
  lab = await openLab();
  estate = await startEstate();
  await estate.server.sql(...mysqlShop('store'));
  for (const [index, statements] of Object.values(MYSQL_LOGICAL).entries())
    await estate.server.sql(...mysqlShop(`logical_${index}`), ...statements);
  // So that the pages of its tables are in their files, and not in the log alone.
  await estate.server.stop();
  await estate.server.start();
  // And that there is something in the log that is not in its file.
  await estate.server.sql(
    'use store',
    'create table later (id int primary key)',
    'insert into later select seq from seq_1_to_500',
  );
  await estate.backUp(healthy(AS_TAKEN));
  await copyTree(healthy(AS_TAKEN), healthy(PREPARED));
  await run(backupProgram ?? '', ['--no-defaults', '--prepare', `--target-dir=${healthy(PREPARED)}`]);
  const [ofRows = [], ofIndex = []] = await leavesOf(orders(healthy(AS_TAKEN)));
  leaves = { rows: ofRows[20] ?? 0, index: ofIndex[1] ?? 0 };
  manifest = await observed(lab, await damaged(AS_TAKEN), async ({ endpoint, point }) => {
    const seen = await look(endpoint, { kind: 'contents', database: 'store', bounded: [] });
    if (seen.kind !== 'contents') throw new Error(JSON.stringify(seen));
    const moment = { at: point.capturedAt, lsn: '', recoveryPointId: point.id };
    return { manifest: 1, database: 'store', moment, contents: seen.contents };
  });
});

afterAll(async () => {
  if (!hasTool) return;
  await endAllWorkers();
  await estate.server.dispose();
  await rm(lab, { recursive: true, force: true });
});

describe.skipIf(!hasTool)('a folder of mariadb-backup', () => {
  it.each(FORMS)('that is sound passes: %s', async (form) => {
    const found = await tryOut(lab, await damaged(form), { checks: databaseChecks('store'), manifest });
    table.add('nothing', form, found);
    expect(found.verdict, JSON.stringify(found)).toBe('passed');
  });

  describe.each(faults)('%s', (fault, damage, forms) => {
    it.each(forms)('fails a drill: %s', async (form) => {
      const found = await tryOut(lab, await damaged(form, damage), { checks: databaseChecks('store'), manifest });
      table.add(fault, form, fault === ONE_BYTE_OF_REDO ? eitherCode(found) : found);
      expect(found.verdict, JSON.stringify(found)).toBe('failed');
    });
  });

  it.each(FORMS)('of sound pages is found by checks to lack what it lacks: %s', async (form) => {
    const ofFaults = Object.keys(MYSQL_LOGICAL).map((fault, index) => {
      const database = `logical_${index}`;
      return { fault, checks: databaseChecks(database), manifest: { ...manifest, database } };
    });
    const all = await tryOutEach(lab, await damaged(form), ofFaults);
    for (const [index, found] of all.entries()) {
      const fault = ofFaults[index]?.fault ?? '';
      table.add(fault, form, found);
      expect.soft(found.verdict, `${fault}: ${JSON.stringify(found)}`).toBe('failed');
    }
  });

  it('has the page for people say what was found', () => table.compareWithPage());
});

function healthy(form: Form): string {
  return join(lab, 'healthy', form.replaceAll(' ', '-'));
}

/** A source with one backup of this form, damaged. */
async function damaged(form: Form, damage: Damage = async () => {}) {
  const source = join(lab, 'estates', String((estates += 1)));
  await mkdir(source, { recursive: true });
  await copyTree(healthy(form), join(source, ID));
  await damage(join(source, ID));
  return mysqlSpec(source, ID);
}

/** It depends on what the byte is of whether the tool gives up, or takes it for the end of the log. */
function eitherCode(found: Found): Found {
  const codes = ['restore/backup-not-prepared', 'restore/redo-ended-early'];
  if (found.refused === undefined || !codes.includes(found.refused.code)) return found;
  return { ...found, refused: { ...found.refused, code: codes.join('` or `') } };
}

async function flipRedo(folder: string): Promise<void> {
  const name = (await readdir(folder)).find((one) => REDO.includes(one)) ?? '';
  await flipMiddle(join(folder, name));
}

/** `cp` of the system takes a fraction of the time of Node's own. */
async function copyTree(from: string, to: string): Promise<void> {
  await run('cp', ['-a', '--reflink=auto', from, to]);
}
