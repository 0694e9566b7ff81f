import { describe, expect, it } from 'vitest';
import {
  databaseNamesIn,
  databaseOfMysqlDump,
  databasesOfMysqlFolder,
  databasesOfScript,
  fileOfPgDatabase,
} from '../../src/init/database-names.ts';

interface Tuple {
  readonly name: string;
  readonly xmax?: number;
  readonly infomask?: number;
  /** `lp_flags`: 1 is an item in use. */
  readonly flags?: number;
}

const TUPLE_BYTES = 128;
const DATA_AT = 24;

/** A page of pg_database as PostgreSQL 12 and later write it. */
function pageOf(tuples: readonly Tuple[], oidBytes = 4): Buffer {
  const page = Buffer.alloc(8192);
  page.writeUInt16LE(24 + 4 * tuples.length, 12);
  tuples.forEach(({ name, xmax = 0, infomask = 0x0900, flags = 1 }, index) => {
    const at = 8192 - (index + 1) * TUPLE_BYTES;
    page.writeUInt32LE(at | (flags << 15) | (TUPLE_BYTES << 17), 24 + 4 * index);
    page.writeUInt32LE(xmax, at + 4);
    page.writeUInt16LE(infomask, at + 20);
    page.writeUInt8(DATA_AT, at + 22);
    page.write(name, at + DATA_AT + oidBytes);
  });
  return page;
}

describe('databases of a cluster', () => {
  it('are those in its catalog, but those that every cluster has', () => {
    const pages = [
      pageOf([{ name: 'template1' }, { name: 'postgres' }, { name: 'shop' }]),
      pageOf([{ name: 'Größe' }]),
    ];
    expect(databaseNamesIn(Buffer.concat(pages), 18)).toEqual(['Größe', 'shop']);
  });

  it('are not those that were dropped, renamed or never made; one that is locked counts', () => {
    const tuples = [
      { name: 'dropped', xmax: 7, infomask: 0x0100 },
      { name: 'rolled-back', infomask: 0x0200 },
      { name: 'unused', flags: 0 },
      { name: 'locked', xmax: 7, infomask: 0x0180 },
      { name: 'kept', xmax: 7, infomask: 0x0900 },
      { name: 'frozen', infomask: 0x0b00 },
    ];
    expect(databaseNamesIn(pageOf(tuples), 15)).toEqual(['frozen', 'kept', 'locked']);
  });

  it('before PostgreSQL 12 have no oid before their names', () => {
    expect(databaseNamesIn(pageOf([{ name: 'shop' }], 0), 11)).toEqual(['shop']);
  });

  it('of what is no catalog are none', () => {
    expect(databaseNamesIn(Buffer.alloc(100), 18)).toEqual([]);
    expect(databaseNamesIn(Buffer.alloc(8192, 0xff), 18)).toEqual([]);
    expect(databaseNamesIn(Buffer.alloc(0), 18)).toEqual([]);
  });

  it('lie in the file that the map names, and in that of their oid where it names none', () => {
    const map = Buffer.alloc(512);
    map.writeInt32LE(0x592717, 0);
    map.writeInt32LE(2, 4);
    [1260, 1260, 1262, 16_400].forEach((value, index) => map.writeUInt32LE(value, 8 + 4 * index));
    expect(fileOfPgDatabase(map)).toBe('16400');
    expect(fileOfPgDatabase(Buffer.alloc(512))).toBe('1262');
    expect(fileOfPgDatabase(Buffer.alloc(3))).toBe('1262');
  });
});

describe('databases of dumps', () => {
  it('of PostgreSQL are those that the script makes or connects to', () => {
    const script =
      'CREATE DATABASE shop WITH TEMPLATE = template0;\n\\connect shop\n\\connect template1\n\\connect crm\n';
    expect(databasesOfScript(script)).toEqual(['crm', 'shop']);
    expect(databasesOfScript("INSERT INTO t VALUES ('CREATE DATABASE x ');\n")).toEqual([]);
  });

  it('of MySQL are the one in the first lines, or those that follow', () => {
    expect(databaseOfMysqlDump('-- Host: localhost    Database: shop\n-- ---')).toEqual(['shop']);
    const all = '-- Host: localhost    Database: \n-- Current Database: `mysql`\n-- Current Database: `crm`\n';
    expect(databaseOfMysqlDump(all)).toEqual(['crm']);
    expect(databaseOfMysqlDump('-- nothing')).toEqual([]);
  });

  it('of a physical backup of MySQL are its folders', () => {
    expect(databasesOfMysqlFolder(['shop', 'mysql', 'sys', 'performance_schema', '#innodb_redo', 'b@002d'])).toEqual([
      'shop',
    ]);
  });
});
