import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../../src/providers/local/mysql/engine.ts';
import { judgeStatement } from '../../../../src/providers/local/mysql/judge-statement.ts';

const MARIADB: Engine = { flavour: 'mariadb', version: '10.11.19' };
const MYSQL: Engine = { flavour: 'mysql', version: '8.0.36' };

describe('a statement of a dump', () => {
  it.each([
    ['/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */', 'SET'],
    ['SET @@SESSION.SQL_LOG_BIN= 0', 'SET'],
    ['CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 */', 'CREATE DATABASE'],
    ['USE `shop`', 'USE'],
    ['DROP TABLE IF EXISTS `global`', 'DROP'],
    ["CREATE TABLE `t` (`global` int COMMENT 'ENGINE=FEDERATED') ENGINE=InnoDB", 'CREATE TABLE'],
    ["INSERT INTO `t` VALUES ('CHANGE MASTER TO')", 'INSERT'],
    ['/*!40000 ALTER TABLE `t` DISABLE KEYS */', 'ALTER'],
    [
      '/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`%`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a=1 */',
      'CREATE',
    ],
    [
      '/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`a`@`%` SQL SECURITY DEFINER */\n/*!50001 VIEW v AS select 1 */',
      'CREATE',
    ],
    ['CREATE DEFINER=`a`@`10.%` PROCEDURE `p`() BEGIN SET GLOBAL x = 1; CHANGE MASTER TO y; END', 'CREATE'],
    [
      '/*!50106 CREATE*/ /*!50117 DEFINER=`a`@`%`*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY DO SELECT 1 */',
      'CREATE',
    ],
    ['LOCK TABLES `t` WRITE', 'rows'],
    ['UNLOCK TABLES', 'a transaction'],
    ['DO SETVAL(`numbers`, 7, 0)', 'rows'],
    ["CREATE USER `app`@`%` IDENTIFIED BY PASSWORD '*1'", 'accounts'],
    ['GRANT ALL ON *.* TO `app`@`%`', 'accounts'],
  ])('is run: %s', (statement, what) => {
    expect(judgeStatement(statement, MARIADB)).toMatchObject({ kind: 'run', what });
  });

  it.each([
    ["CHANGE MASTER TO MASTER_LOG_FILE='bin.1', MASTER_LOG_POS=4", 'replication'],
    ['/*!50003 CHANGE */ REPLICATION SOURCE TO SOURCE_HOST = 1', 'replication'],
    ['START SLAVE', 'replication'],
    ['RESET MASTER', 'replication'],
    ["SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-5'", 'global settings'],
    ["SET @a = 1, GLOBAL general_log_file = '/etc/x'", 'global settings'],
    ['set persist x = 1', 'global settings'],
    ["INSTALL PLUGIN x SONAME 'x.so'", 'plugins'],
    ["CREATE FUNCTION sys_exec RETURNS int SONAME 'udf.so'", 'loadable functions'],
    ["CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'production')", 'servers of other machines'],
  ])('is left out: %s', (statement, what) => {
    expect(judgeStatement(statement, MARIADB)).toEqual({ kind: 'leave-out', what });
  });

  it.each([
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
    "load data local infile '/etc/passwd' into table t",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    'system touch /tmp/x',
    'source /tmp/x',
    "CREATE TABLE t (a int) ENGINE=FEDERATED CONNECTION='mysql://production/shop/t'",
    "CREATE TABLE t (a int) engine = 'connect'",
    'ALTER TABLE t ENGINE=SPIDER',
    'SET STATEMENT max_statement_time=1 FOR CHANGE MASTER TO x',
    'SET NAMES gbk',
    'CALL do_something()',
    'PREPARE x FROM @a',
    "EXECUTE IMMEDIATE 'CHANGE MASTER TO'",
    'SHUTDOWN',
    'KILL 1',
    "BINLOG 'x'",
    '/*!99999 INSERT */ SHUTDOWN',
    '/* INSERT */ SHUTDOWN',
    '/*M!100101 SHUTDOWN */',
  ])('is refused: %s', (statement) => {
    expect(judgeStatement(statement, MARIADB)).toMatchObject({ kind: 'refuse' });
  });

  it('is what the server at hand would execute of it', () => {
    const forMySql = '/*!80000 SHUTDOWN */ /*M!100101 SELECT 1 */';
    expect(judgeStatement(forMySql, MARIADB)).toMatchObject({ kind: 'run', what: 'rows' });
    expect(judgeStatement(forMySql, MYSQL)).toMatchObject({ kind: 'refuse' });
  });

  it('is told by fixed words, and never by its text', () => {
    const verdict = judgeStatement("canary 'canary' `canary` canary", MARIADB);
    expect(JSON.stringify(verdict)).not.toContain('canary');
  });
});
