import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseRequest } from '../../../src/probe/observation.ts';
import { type SeededServer, program, startSeededServer } from './seeded-server.ts';

const KEYS: DatabaseRequest = { kind: 'foreign-keys', database: 'keys' };

let seeded: SeededServer;

beforeAll(async () => {
  if (program === undefined) return;
  seeded = await startSeededServer();
  await seeded.server.sql(
    'create database `keys`',
    'use `keys`',
    'create table parents (a int, b int, primary key (a, b), tag varchar(10) unique)',
    "insert into parents values (1, 1, 'x'), (1, 2, 'y'), (2, 1, null)",
    `create table children (id int primary key, a int, b int, tag varchar(10), up int,
       constraint both_parts foreign key (a, b) references parents (a, b),
       constraint by_tag foreign key (tag) references parents (tag),
       constraint own foreign key (up) references children (id))`,
    "insert into children values (1, 1, 1, 'x', null), (2, 1, 2, 'y', 1), (3, null, 7, null, 2), (4, 1, null, null, 3)",
  );
});

afterAll(() => seeded?.server.dispose());

describe.skipIf(program === undefined)('foreign keys of MySQL or MariaDB', () => {
  it('all lead to a row, where a key with a null in it leads nowhere', async () => {
    expect(await seeded.observe(KEYS)).toEqual({
      kind: 'foreign-keys',
      keysChecked: 3,
      rows: 4,
      orphans: [],
      unreadable: [],
    });
  });

  it('are told apart by the rows that each of them lacks', async () => {
    await seeded.server.sql(
      'use `keys`',
      'set foreign_key_checks = 0',
      "insert into children values (5, 1, 3, 'z', 99), (6, 2, 2, 'x', 5)",
    );
    expect(await seeded.observe(KEYS)).toMatchObject({
      keysChecked: 3,
      rows: 6,
      orphans: [
        { table: 'children', key: 'both_parts', rows: 2 },
        { table: 'children', key: 'by_tag', rows: 1 },
        { table: 'children', key: 'own', rows: 1 },
      ],
    });
    await seeded.server.sql('use `keys`', 'set foreign_key_checks = 0', 'delete from children where id > 4');
  });

  it('lead to nothing when the table that they refer to is gone', async () => {
    await seeded.server.sql('use `keys`', 'set foreign_key_checks = 0', 'drop table parents');
    expect(await seeded.observe(KEYS)).toMatchObject({
      keysChecked: 3,
      orphans: [
        { key: 'both_parts', rows: 2 },
        { key: 'by_tag', rows: 2 },
      ],
    });
  });

  it('are none in a database without any', async () => {
    expect(await seeded.observe({ ...KEYS, database: 'shop' })).toMatchObject({ keysChecked: 0, rows: 0 });
  });
});
