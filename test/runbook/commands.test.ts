import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaCommand } from '../../src/commands/schema.ts';
import { validateCommand } from '../../src/commands/validate.ts';
import { written } from './written.ts';

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'drillbook-validate-'));
  await mkdir(join(cwd, 'runbooks'));
  await mkdir(join(cwd, 'drills'));
  await mkdir(join(cwd, 'empty'));
  await writeFile(join(cwd, 'runbooks', 'shop.yaml'), written({}));
  await writeFile(join(cwd, 'runbooks', 'notes.txt'), 'not a runbook');
  await writeFile(join(cwd, 'drills', 'weekly.yml'), 'drill: weekly\nrunbook: ../runbooks/shop.yaml\n');
});

afterAll(async () => {
  await rm(cwd, { recursive: true });
});

function named(name: string, parts: Parameters<typeof written>[0]): string {
  return written(parts).replace('runbook: shop', `runbook: ${name}`);
}

function recorder(folder = cwd) {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    cwd: folder,
    stdout: (text: string) => void out.push(text),
    stderr: (text: string) => void err.push(text),
  };
  return { io, stdout: () => out.join(''), stderr: () => err.join('') };
}

describe('validate', () => {
  it('looks at every runbook and drill when none is named', async () => {
    const { io, stdout, stderr } = recorder();
    expect(await validateCommand([], {}, io)).toBe(0);
    expect(stdout()).toBe("runbooks/shop.yaml: runbook 'shop' is valid\ndrills/weekly.yml: drill 'weekly' is valid\n");
    expect(stderr()).toBe('');
  });

  it('tells the mistakes of all files, and exits with 2', async () => {
    await writeFile(join(cwd, 'a.yaml'), named('stall', { top: ['colour: red'] }));
    await writeFile(join(cwd, 'drills', 'broken.yaml'), 'dril: weekly\n');
    const { io, stdout, stderr } = recorder();
    expect(await validateCommand(['a.yaml', 'runbooks/shop.yaml', 'drills/broken.yaml', 'none.yaml'], {}, io)).toBe(2);
    await rm(join(cwd, 'drills', 'broken.yaml'));
    expect(stdout()).toBe("runbooks/shop.yaml: runbook 'shop' is valid\n");
    expect(stderr()).toContain(
      "a.yaml:2:1 runbook/unknown-key unknown key 'colour'\n  2 | colour: red\n    | ^^^^^^\n",
    );
    expect(stderr()).toContain("drills/broken.yaml:1:1 drill/unknown-key unknown key 'dril'");
    expect(stderr()).toContain('none.yaml:1:1 runbook/not-found no such file\n');
    expect(stderr()).toMatch(/\n\n5 mistakes found\n$/);
  });

  it('tells of a name that two runbooks or two drills have, in the second, whatever else is wrong with either', async () => {
    const drill = 'drill: shop\nrunbook: runbooks/shop.yaml\n';
    await writeFile(join(cwd, 'copy.yaml'), `# a copy\n${written({ top: ['colour: red'] })}`);
    await writeFile(join(cwd, 'first.yaml'), drill);
    await writeFile(join(cwd, 'second.yaml'), drill);
    const files = ['runbooks/shop.yaml', 'copy.yaml', 'first.yaml', './first.yaml', 'second.yaml'];
    const { io, stdout, stderr } = recorder();
    expect(await validateCommand(files, {}, io)).toBe(2);
    // A drill may have the name of a runbook, and a file that is named twice is one file.
    expect(stdout()).toBe(
      "runbooks/shop.yaml: runbook 'shop' is valid\nfirst.yaml: drill 'shop' is valid\n./first.yaml: drill 'shop' is valid\n",
    );
    expect(stderr()).toContain(
      "copy.yaml:2:10 runbook/name-taken another runbook is called 'shop' too, and reports and history could not tell the two apart\n" +
        "  2 | runbook: shop\n    |          ^^^^\nhint: Give this runbook another name; 'runbooks/shop.yaml' has this one.\n",
    );
    expect(stderr()).toContain('copy.yaml:3:1 runbook/unknown-key');
    expect(stderr()).toContain("second.yaml:1:8 drill/name-taken another drill is called 'shop' too");
    expect(stderr()).toMatch(/\n3 mistakes found\n$/);
  });

  it('prints one JSON document when asked, and nothing else', async () => {
    const { io, stdout, stderr } = recorder();
    await writeFile(join(cwd, 'a.yaml'), named('stall', { top: ['colour: red'] }));
    expect(await validateCommand(['a.yaml', 'runbooks/shop.yaml'], { json: true }, io)).toBe(2);
    expect(stderr()).toBe('');
    expect(JSON.parse(stdout())).toMatchObject({
      valid: false,
      files: [
        {
          file: 'a.yaml',
          kind: 'runbook',
          valid: false,
          diagnostics: [{ code: 'runbook/unknown-key', line: 2, column: 1 }],
        },
        { file: 'runbooks/shop.yaml', valid: true, diagnostics: [] },
      ],
    });
  });

  it('does not call nothing valid', async () => {
    const { io, stderr } = recorder(join(cwd, 'empty'));
    expect(await validateCommand([], {}, io)).toBe(2);
    expect(stderr()).toMatch(/^nothing to validate/);
  });
});

describe('schema', () => {
  it('prints one, by default that of runbooks', async () => {
    for (const [which, title] of [
      [undefined, 'drillbook runbook'],
      ['drill', 'drillbook drill'],
      ['report', 'drillbook report'],
    ] as const) {
      const { io, stdout } = recorder();
      expect(await schemaCommand(which === undefined ? {} : { which }, io)).toBe(0);
      expect(JSON.parse(stdout())).toMatchObject({ title });
    }
  });

  it('knows no other', async () => {
    const { io, stderr } = recorder();
    expect(await schemaCommand({ which: 'plan' }, io)).toBe(2);
    expect(stderr()).toContain("no schema is called 'plan'");
  });

  it('notices a file that is missing or differs from its source, and writes all of them anew', async () => {
    const { io, stderr } = recorder();
    expect(await schemaCommand({ check: true }, io)).toBe(1);
    expect(await schemaCommand({ write: true }, io)).toBe(0);
    expect(await readdir(join(cwd, 'schema'))).toEqual([
      'drill.schema.json',
      'report.schema.json',
      'runbook.schema.json',
    ]);
    expect(await schemaCommand({ check: true }, io)).toBe(0);
    const file = join(cwd, 'schema', 'drill.schema.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('Which', 'What'));
    expect(await schemaCommand({ check: true }, io)).toBe(1);
    expect(stderr()).toMatch(/schema\/drill\.schema\.json: not what the source says\nhint: .*\n$/);
  });

  it('is up to date in the repository', async () => {
    const { io } = recorder(fileURLToPath(new URL('../../', import.meta.url)));
    expect(await schemaCommand({ check: true }, io)).toBe(0);
  });
});
