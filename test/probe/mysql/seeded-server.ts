import { observeMysql } from '../../../src/probe/mysql/observe.ts';
import type { MysqlLogin } from '../../../src/probe/mysql/session.ts';
import type { DatabaseRequest, Observation } from '../../../src/probe/observation.ts';
import { type MariaDb, findMariaDb, startMariaDb } from '../../support/mariadb-server.ts';

const PASSWORD = 'canary-master-password';
/** What rows of `orders` hold, and no message may. */
export const ROW = 'canary-row-value';
/** Where MariaDB is; without it these tests are skipped. */
export const program = await findMariaDb();

export const LOGIN: DatabaseRequest = { kind: 'login', database: 'shop' };
export const STRUCTURE: DatabaseRequest = { kind: 'structure', database: 'shop', heapAllIndexed: true };
export const CONTENTS: DatabaseRequest = { kind: 'contents', database: 'shop', bounded: [] };

/** A server with the database `shop`, and a master user as RDS has them: no superuser, TLS only. */
export interface SeededServer {
  readonly server: MariaDb;
  /** All that was observed so far. */
  readonly seen: readonly Observation[];
  login(change?: Partial<MysqlLogin>): MysqlLogin;
  observe(request: DatabaseRequest, change?: Partial<MysqlLogin>, signal?: AbortSignal): Promise<Observation>;
}

export async function startSeededServer(): Promise<SeededServer> {
  if (program === undefined) throw new Error('no MariaDB: skip the test');
  const server = await startMariaDb(program);
  await server.sql(
    `create user master identified by '${PASSWORD}' require ssl`,
    'grant select, insert, update, delete, create, drop, alter, index, execute, show view on *.* to master',
    'create database shop',
    'use shop',
    `create table orders (id int primary key, note varchar(100), amount decimal(10,2), at datetime(6), payload blob, key notes (note))`,
    `insert into orders select seq, concat('${ROW} ', seq), seq / 4, '2026-11-20 03:00:00.5', null from seq_1_to_2000`,
    'create table `odd ``name` (drillbook_hash int, drillbook_rows text)',
    "insert into `odd ``name` values (1, 'x'), (null, null)",
    'create view large as select * from orders where id > 1000',
    'create table in_memory (id int) engine = memory',
    'create database empty',
  );
  const seen: Observation[] = [];
  const login: SeededServer['login'] = (change = {}) => {
    const { port, authority } = server;
    const authorities = authority.certificate;
    const place = { host: '127.0.0.1', port, database: 'shop', authorities, statementTimeout: 60_000 };
    return { ...place, user: 'master', password: PASSWORD, ...change };
  };
  return {
    server,
    seen,
    login,
    async observe(request, change = {}, signal = AbortSignal.timeout(60_000)) {
      const observation = await observeMysql(login({ database: request.database, ...change }), request, signal);
      seen.push(observation);
      return observation;
    },
  };
}
