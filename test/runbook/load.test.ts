import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDrill } from '../../src/runbook/load-drill.ts';
import { loadRunbook } from '../../src/runbook/load-runbook.ts';
import { written } from './written.ts';

let cwd: string;
const sandboxFolder = '/sandboxes';

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'drillbook-load-'));
  await mkdir(join(cwd, 'runbooks'));
  await mkdir(join(cwd, 'drills'));
  await writeFile(join(cwd, 'runbooks', 'shop.yaml'), written({ top: ['objectives: { rto: 15m, rpo: 1h }'] }));
  await writeFile(join(cwd, 'runbooks', 'other.yaml'), written({}).replace('runbook: shop', 'runbook: other'));
  await writeFile(join(cwd, 'runbooks', 'wrong.yaml'), written({ top: ['colour: red', 'shape: round'] }));
  await writeFile(join(cwd, 'runbooks', 'bom.yaml'), `\uFEFF${written({}).replaceAll('\n', '\r\n')}`);
});

afterAll(async () => {
  await rm(cwd, { recursive: true });
});

async function drill(text: string): Promise<Awaited<ReturnType<typeof loadDrill>>> {
  await writeFile(join(cwd, 'drills', 'weekly.yaml'), text);
  return loadDrill(join('drills', 'weekly.yaml'), { sandboxFolder, cwd });
}

describe('a runbook file', () => {
  it('has paths relative to its own folder, wherever the reader stands', async () => {
    const loaded = await loadRunbook('runbooks/shop.yaml', { sandboxFolder, cwd });
    expect(loaded).toMatchObject({
      kind: 'valid',
      runbook: { file: join(cwd, 'runbooks', 'shop.yaml'), restore: [{ source: join(cwd, 'backups') }] },
    });
  });

  it('may come from another system: byte order mark and CRLF', async () => {
    expect(await loadRunbook('runbooks/bom.yaml', { sandboxFolder, cwd })).toMatchObject({ kind: 'valid' });
  });

  it('is called in diagnostics what the reader called it', async () => {
    const loaded = await loadRunbook('runbooks/wrong.yaml', { sandboxFolder, cwd });
    expect(loaded).toMatchObject({
      kind: 'invalid',
      diagnostics: [{ file: 'runbooks/wrong.yaml', line: 2 }, { line: 3 }],
    });
  });

  it.each([
    ['a NUL character', 'run\0book.yaml'],
    ['a file for a folder', 'runbooks/shop.yaml/x.yaml'],
    ['nothing there', 'nowhere.yaml'],
  ])('that cannot be read is a diagnostic: %s', async (_, file) => {
    const loaded = await loadRunbook(file, { sandboxFolder, cwd });
    expect(loaded).toMatchObject({
      kind: 'invalid',
      diagnostics: [{ code: 'runbook/not-found', file, line: 1, column: 1 }],
    });
  });
});

describe('a drill', () => {
  it('brings its runbooks, with its own objectives in place of theirs, one by one', async () => {
    const loaded = await drill(
      'drill: weekly\nrunbooks: [../runbooks/shop.yaml, ../runbooks/other.yaml]\nobjectives: { rto: 5m }\n',
    );
    expect(loaded).toMatchObject({
      kind: 'valid',
      drill: { name: 'weekly', runbooks: [join(cwd, 'runbooks', 'shop.yaml'), join(cwd, 'runbooks', 'other.yaml')] },
      runbooks: [
        { name: 'shop', objectives: { rto: { target: 300_000 }, rpo: { target: 3_600_000 } } },
        { name: 'other', objectives: { rto: { target: 300_000, until: 'verified' } } },
      ],
    });
  });

  it('says of each runbook that is missing or wrong where it is named', async () => {
    const loaded = await drill(
      'drill: weekly\nrunbooks:\n  - ../runbooks/wrong.yaml\n  - ../runbooks/shop.yaml\n  - ../runbooks\n',
    );
    expect(loaded).toMatchObject({
      kind: 'invalid',
      diagnostics: [
        { code: 'drill/invalid-runbook', line: 3, message: "the runbook 'runbooks/wrong.yaml' has 2 mistakes" },
        { code: 'drill/unknown-runbook', line: 5, message: "the runbook 'runbooks' cannot be read: it is no file" },
      ],
    });
  });

  it.each([
    ['an unknown key', 'drill: weekly\nrunbok: x\n', ['missing-key', 'unknown-key']],
    ['both runbook and runbooks', 'drill: weekly\nrunbook: x\nrunbooks: [y]\n', ['one-of']],
    ['no runbook', 'drill: weekly\nrunbooks: []\n', ['empty']],
    ['a schedule that is a word', 'drill: weekly\nrunbook: x\nschedule: daily\n', ['wrong-type']],
    ['a bad objective', 'drill: weekly\nrunbook: x\nobjectives: { rto: soon }\n', ['bad-duration']],
  ])('is refused with %s', async (_, text, codes) => {
    const loaded = await drill(text);
    expect(loaded.kind === 'invalid' && loaded.diagnostics.map(({ code }) => code)).toEqual(
      codes.map((code) => `drill/${code}`),
    );
  });
});
