import { execFile } from 'node:child_process';
import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type MariaDb, findMariaDb, startMariaDb } from '../../../support/mariadb-server.ts';

const run = promisify(execFile);

/** Where MariaDB is; without it these tests are skipped. */
export const program = await findMariaDb();
/** Where the tool for physical backups is. */
export const backupProgram = program === undefined ? undefined : await onPath('mariadb-backup');

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  process.stderr.write(`SKIPPED: tests of physical backups need ${name} on PATH (Debian: mariadb-backup)\n`);
  return undefined;
}

/** What rows of `orders` hold, and nothing that drillbook writes may. */
export const ROW = 'canary-row-value';

/** A database with one of everything that a dump has to carry. */
const SHOP: readonly string[] = [
  'create database shop character set utf8mb4',
  'use shop',
  "create user app@'10.%' identified by 'canary-app-password'",
  "grant all on shop.* to app@'10.%'",
  "create user ghost@'%' account lock",
  "grant select, insert on shop.* to ghost@'%'",
  'create table customers (id int primary key, name varchar(100) collate utf8mb4_czech_ci unique)',
  "insert into customers values (1, 'Žofie 🐎'), (2, 'O''Brien; -- no comment'), (3, 'back\\\\slash \"and\" `ticks` /*!'), (4, '')",
  `create table orders (id int primary key auto_increment, customer int not null references customers (id),
     note text, amount decimal(10,2), doubled decimal(11,2) as (amount * 2) stored, at datetime(6),
     photo blob, point_at point, mood enum('ok','höchst') default 'ok', bits bit(9), key notes (note(20)))`,
  `insert into orders (customer, note, amount, at, photo, point_at, mood, bits)
     select 1 + seq % 3, concat('${ROW} ', seq, '\\n', char(0, 1, 26, 34, 39, 92 using latin1)), seq / 4,
       '2026-11-20 03:00:00.5' + interval seq second, unhex(sha2(seq, 512)), point(seq, -seq), 'höchst', seq % 512
     from seq_1_to_2000`,
  'create table log (id int primary key auto_increment, said text) engine = myisam',
  "insert into log (said) values ('begin'), ('DELIMITER ;;'), ('/* open')",
  'create table `odd name; -- #` (`select` int, `a b` text) engine = aria',
  "insert into `odd name; -- #` values (1, null), (2, '#')",
  'create sequence numbers start with 7',
  'do nextval(numbers)',
  "create definer = app@'10.%' view large as select * from orders where amount > 100",
  "create definer = ghost@'%' sql security definer view haunted as select count(*) as n from orders",
  `create definer = ghost@'%' trigger stamp before insert on log for each row
     begin if new.said is null then set new.said = 'nothing; really'; end if; end`,
  `create definer = app@'10.%' procedure add_one(in x int, out y int) begin -- it's a comment; really
     set y = x + 1; /* another; */ set @s = "a;b"; end`,
  'create function twice(x int) returns int deterministic return x * 2',
  "create definer = app@'10.%' event sweep on schedule every 1 second do insert into log (said) values ('event ran')",
  "set sql_mode = 'NO_BACKSLASH_ESCAPES'",
  "create procedure plain_backslash() select 'a\\' as b, 1 as c",
];

/** A living server with the database `shop`, of which real tools take backups. */
export interface Estate {
  readonly server: MariaDb;
  /** Takes a dump into a file; `.gz` is compressed. */
  dump(file: string, options?: readonly string[], databases?: readonly string[]): Promise<string>;
  /** Takes a full physical backup into a folder. */
  backUp(folder: string, options?: readonly string[]): Promise<void>;
}

export async function startEstate(): Promise<Estate> {
  if (program === undefined) throw new Error('no MariaDB: skip the test');
  const server = await startMariaDb(program);
  await server.sql(...SHOP);
  const socket = join(dirname(server.dataFolder), 'socket');
  const login = ['--no-defaults', `--socket=${socket}`, '--user=root'];
  return {
    server,
    async dump(file, options = ['--routines', '--events', '--triggers'], databases = ['--databases', 'shop']) {
      await mkdir(dirname(file), { recursive: true });
      const { stdout } = await run('mariadb-dump', [...login, ...options, ...databases], {
        encoding: 'buffer',
        maxBuffer: 64 * 1024 * 1024,
      });
      await writeFile(file, file.endsWith('.gz') ? gzipSync(stdout) : stdout);
      return file;
    },
    async backUp(folder, options = []) {
      const target = [`--datadir=${server.dataFolder}`, `--target-dir=${folder}`];
      await mkdir(dirname(folder), { recursive: true });
      await run(backupProgram ?? '', [...login, '--backup', ...target, ...options], { maxBuffer: 16 * 1024 * 1024 });
    },
  };
}
