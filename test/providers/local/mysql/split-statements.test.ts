import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../../src/providers/local/mysql/engine.ts';
import { splitStatements } from '../../../../src/providers/local/mysql/split-statements.ts';
import type { DumpEnd } from '../../../../src/providers/local/mysql/statement-scanner.ts';

const MARIADB: Engine = { flavour: 'mariadb', version: '10.11.19' };
const END = '\n-- Dump completed on 2026-11-21 15:00:00\n';

interface Split {
  readonly statements: readonly string[];
  readonly end: DumpEnd;
}

/** Splits a text that comes in pieces of a size. */
async function split(text: string, { size = 7, engine = MARIADB, noBackslashEscapes = false } = {}): Promise<Split> {
  const bytes = Buffer.from(text, 'utf8');
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
  }
  const statements: string[] = [];
  const splitting = splitStatements(pieces(), { engine, noBackslashEscapes: () => noBackslashEscapes });
  for (;;) {
    const next = await splitting.next();
    if (next.done === true) return { statements, end: next.value };
    statements.push(Buffer.from(next.value, 'latin1').toString('utf8'));
  }
}

const NASTY = [
  "INSERT INTO t VALUES ('a;b','it''s','back\\\\',\"dou\\\"ble;\",'-- no','/* no','# no')",
  "CREATE TABLE `od``d; --` (`a\\b` int /* a; comment */, -- it's; one\n b int # another; one\n)",
  "/*!40101 SET @a=1, @b='*/;' */",
  "SELECT 'Žofie 🐎; 東京'",
];

describe('the statements of a dump', () => {
  it.each([1, 2, 3, 7, 31, 32, 33, 1000])(
    'are the same whatever the size of the pieces it comes in (%i)',
    async (size) => {
      const text = `-- MariaDB dump\n--\n${NASTY.map((one) => `${one};\n`).join('\n')}${END}`;
      expect(await split(text, { size })).toEqual({ statements: NASTY, end: { kind: 'complete' } });
    },
  );

  it('end where the DELIMITER of the moment is, which is a command of its own line', async () => {
    const body = "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = ';;'; SET @b = 1; END";
    const text = `SELECT 1;\nDELIMITER ;;\n/*!50003 ${body} */;;\nDELIMITER ;\nSELECT 2;${END}`;
    expect((await split(text)).statements).toEqual(['SELECT 1', `/*!50003 ${body} */`, 'SELECT 2']);
    const within = `INSERT INTO t VALUES ('\nDELIMITER ;;\n');${END}`;
    expect((await split(within)).statements).toEqual(["INSERT INTO t VALUES ('\nDELIMITER ;;\n')"]);
  });

  it('hold what the server executes of versioned comments, and their quotes count', async () => {
    const text = `/*!50003 SELECT ';' */;/*!99999 it's not for us; */ SELECT 1;/*M!999999\\- enable the sandbox mode */ SELECT 2;${END}`;
    expect((await split(text)).statements).toEqual(["/*!50003 SELECT ';' */", 'SELECT 1', 'SELECT 2']);
    expect((await split(text, { engine: { flavour: 'mysql', version: '8.0.36' } })).statements).toEqual([
      "/*!50003 SELECT ';' */",
      'SELECT 1',
      'SELECT 2',
    ]);
  });

  it('take a backslash for itself where the session does', async () => {
    const text = `SELECT 'a\\';SELECT 2;${END}`;
    expect((await split(text, { noBackslashEscapes: true })).statements).toEqual(["SELECT 'a\\'", 'SELECT 2']);
    expect((await split(text)).end).toEqual({ kind: 'cut', inside: 'a string' });
  });
});

describe('the end of a dump', () => {
  it.each([
    ["INSERT INTO t VALUES (1,'half", { kind: 'cut', inside: 'a string' }],
    ['INSERT INTO t VALUES (1', { kind: 'cut', inside: 'a statement' }],
    ['SELECT 1; /*!50003 CREATE TRIGGER', { kind: 'cut', inside: 'a comment' }],
    ['SELECT 1; /* what', { kind: 'cut', inside: 'a comment' }],
    ['SELECT 1;\n', { kind: 'no-end-marker' }],
    [`SELECT 1;${END}SELECT 2;\n`, { kind: 'no-end-marker' }],
    [`INSERT INTO t VALUES ('${END}');\n`, { kind: 'no-end-marker' }],
    ['SELECT 1;\n-- Dump completed\n', { kind: 'complete' }],
  ] as const)('after %j is told', async (text, end) => {
    expect((await split(text)).end).toEqual(end);
  });

  it.each(['SELECT 1;\n\\! touch /tmp/x\nSELECT 2;', 'SELECT 1 \\g', '/*!50003 SELECT 1 \\! id */;'])(
    'is where a command to the client stands: %j',
    async (text) => {
      expect((await split(`${text}${END}`)).end).toEqual({ kind: 'client-command' });
    },
  );
});
