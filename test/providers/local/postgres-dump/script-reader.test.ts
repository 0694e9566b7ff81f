import { describe, expect, it } from 'vitest';
import { readScript } from '../../../../src/providers/local/postgres-dump/script-reader.ts';

/** The script in parts of so many bytes, each in the memory of the one before. */
async function* partsOf(script: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(script);
  const memory = Buffer.alloc(Math.min(size, bytes.length));
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(memory, 0, at, at + size);
    yield await Promise.resolve(memory.subarray(0, length));
    memory.fill('!');
  }
}

/** Everything in a script, a line each; what follows a COPY is read as its data. Read and given in parts of `size`. */
async function read(script: string, size = 1_000_000): Promise<string[]> {
  const reader = readScript(partsOf(script, size), size);
  const lines: (string | Buffer)[] = [];
  for (;;) {
    const item = await reader.next();
    if (item.kind === 'end') {
      return [...lines.map((line) => line.toString().trim()), item.isWhole ? 'end' : 'end within a statement'];
    }
    if (item.kind === 'comment') lines.push(item.text);
    if (item.kind === 'meta-command') lines.push(`${item.isFirst ? 'meta' : 'stray'} ${item.line}`);
    if (item.kind !== 'statement') continue;
    lines.push(item.text);
    if (item.words[0] === 'SET') reader.setStandardStrings(item.words.includes('ON'));
    if (item.words[0] !== 'COPY') continue;
    let data = '';
    const end = await reader.copyData((bytes) => {
      data += bytes.toString('latin1');
      return Promise.resolve();
    });
    lines.push(`data ${JSON.stringify(data)} ${end}`);
  }
}

describe('a statement ends', () => {
  it.each([
    ['at its semicolon', 'select 1; select 2;', ['select 1;', 'select 2;', 'end']],
    ['after a string that holds one', "select 'a;b'';c'; x;", ["select 'a;b'';c';", 'x;', 'end']],
    ['after a name that holds one', 'select "a;""b;" ; x;', ['select "a;""b;" ;', 'x;', 'end']],
    [
      'after an escape string with a quote in it',
      String.raw`select E'a\';\\'; x;`,
      [String.raw`select E'a\';\\';`, 'x;', 'end'],
    ],
    [
      'after an escape string that goes on in the next line',
      String.raw`select E'a'
  'b\';c'; x;`,
      [
        String.raw`select E'a'
  'b\';c';`,
        'x;',
        'end',
      ],
    ],
    [
      'after a plain string that ends in a backslash',
      String.raw`select 'a\'; x;`,
      [String.raw`select 'a\';`, 'x;', 'end'],
    ],
    [
      'after a string with escapes where strings are not standard',
      String.raw`SET s = off; select 'a\';b'; x;`,
      ['SET s = off;', String.raw`select 'a\';b';`, 'x;', 'end'],
    ],
    ['after a dollar quote', 'select $$a;$b$;$$, $b$;$$;$b$; x;', ['select $$a;$b$;$$, $b$;$$;$b$;', 'x;', 'end']],
    ['at once after a name with a dollar in it', 'select a$b; c$b;', ['select a$b;', 'c$b;', 'end']],
    ['after comments within comments', 'select /* ; /* ; */ ; */ 1; x;', ['select /* ; /* ; */ ; */ 1;', 'x;', 'end']],
    ['not in a line comment within it', 'select -- it;s\n 1; x;', ['select -- it;s\n 1;', 'x;', 'end']],
    [
      'not within parentheses',
      'create rule r as do (select 1; select 2); x;',
      ['create rule r as do (select 1; select 2);', 'x;', 'end'],
    ],
    [
      'not within the body of an SQL-standard function',
      'create or replace function f() returns int begin atomic select case when a then 1 end; select 2; end; x;',
      [
        'create or replace function f() returns int begin atomic select case when a then 1 end; select 2; end;',
        'x;',
        'end',
      ],
    ],
    [
      'although something that is no function says begin',
      'create table begin (a int); x;',
      ['create table begin (a int);', 'x;', 'end'],
    ],
    ['never, when the script ends before', "select 1; select 'a;", ['select 1;', 'end within a statement']],
  ])('%s', async (_, script, items) => {
    expect(await read(script)).toEqual(items);
    for (const size of [1, 2, 3, 5, 7, 11]) expect(await read(script, size)).toEqual(items);
  });
});

describe('data of a COPY', () => {
  it.each([
    ['end at a line of backslash and dot', 'a\tb\n\\.\n', '"a\\tb\\n" whole'],
    ['may be none', '\\.\n', '"" whole'],
    ['hold lines that only begin so', 'x\n\\.y\n\\\\.\nz\\.\n\\.\n', '"x\\n\\\\.y\\n\\\\\\\\.\\nz\\\\.\\n" whole'],
    ['end so after a carriage return too', 'a\r\n\\.\r\n', '"a\\r\\n" whole'],
    ['hold semicolons, quotes and dashes', "a;'b$$--\n/*\n\\.\n", `"a;'b$$--\\n/*\\n" whole`],
  ])('%s', async (_, data, seen) => {
    const script = `COPY t FROM stdin;\n${data}select 1;`;
    for (const size of [1_000, 1, 2, 3, 4, 5, 7]) {
      expect(await read(script, size)).toEqual(['COPY t FROM stdin;', `data ${seen}`, 'select 1;', 'end']);
    }
  });

  it('are told to be cut when the script ends in them', async () => {
    for (const script of [
      'COPY t FROM stdin;\na\nb',
      'COPY t FROM stdin;\na\n',
      'COPY t FROM stdin;\n',
      'COPY t FROM stdin;\na\n\\',
    ])
      expect((await read(script))[1]).toMatch(/ cut$/);
  });

  it('are handed on whole, whatever the parts they come in', async () => {
    const data = Array.from({ length: 2_000 }, (_, index) => `${index}\t\\\\.\\N${'.'.repeat(index % 50)}\n`).join('');
    for (const size of [1_024, 4_099, 65_536]) {
      const [, line = ''] = await read(`COPY t FROM stdin;\n${data}\\.\n`, size);
      expect(line).toBe(`data ${JSON.stringify(data)} whole`);
    }
  });
});

describe('a line with a backslash', () => {
  it('is told from a statement, and from one that begins within it', async () => {
    expect(await read('\\restrict a b\nselect 1 \\! ls\n;')).toEqual([
      'meta \\restrict a b',
      'stray select 1 \\! ls',
      ';',
      'end',
    ]);
  });
});

describe('a comment between statements', () => {
  it('is given, whatever the parts it comes in', async () => {
    for (const size of [1, 2, 3, 100])
      expect(await read('-- one\n--\nselect 1; -- two', size)).toEqual(['-- one', '--', 'select 1;', '-- two', 'end']);
  });
});
