import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { printDiagnostics } from '../../src/diagnostics/print.ts';
import { FINDING_CODES } from '../../src/runbook/finding.ts';
import { loadFile } from '../../src/runbook/load-file.ts';

const GOLDEN = fileURLToPath(new URL('../golden/diagnostics/', import.meta.url));

/** Files that git, editors or a person would not like to keep. */
const MADE: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
  'not-found': async () => {},
  'not-a-file': (file) => mkdir(file),
  'too-large': (file) => writeFile(file, `runbook: shop # ${'x'.repeat(1_048_576)}`),
  'not-utf8': (file) => writeFile(file, Buffer.from('owner: Zoë\n', 'latin1')),
  'too-deep': (file) => writeFile(file, `checks: ${'['.repeat(200_000)}`),
};

/** A name that no file system takes. */
const UNREADABLE = `${'n'.repeat(300)}.yaml`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-golden-'));
  for (const [code, make] of Object.entries(MADE)) await make(join(folder, `${code}.yaml`));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function diagnosticsOf(code: string): Promise<readonly Diagnostic[]> {
  const cwd = code in MADE ? folder : GOLDEN;
  const loaded = await loadFile(code === 'unreadable' ? UNREADABLE : `${code}.yaml`, {
    sandboxFolder: '/sandboxes',
    cwd,
  });
  return loaded.kind === 'valid' ? [] : loaded.diagnostics;
}

describe('every diagnostic', () => {
  it.each(FINDING_CODES)('%s is told alone, at its place, in these words', async (code) => {
    const diagnostics = await diagnosticsOf(code);
    expect(diagnostics.map((one) => one.code.split('/')[1])).toEqual([code]);
    await expect(printDiagnostics(diagnostics)).toMatchFileSnapshot(join(GOLDEN, `${code}.txt`));
  });

  it.each(FINDING_CODES)('%s is worded as people expect it', async (code) => {
    for (const { message, hint } of await diagnosticsOf(code)) {
      expect(message, 'begins in lower case, or with a name in quotes').toMatch(/^['a-z]/);
      expect(message, 'has no full stop').not.toMatch(/[.!:]$/);
      expect(message, 'stands on one line').not.toContain('\n');
      expect(message, 'quotes names with single quotes').not.toMatch(/["`]/);
      expect(hint, 'is a sentence').toMatch(/^[A-Z][^\n]*[.]$/);
    }
  });

  it('has a golden text, and no golden text has lost its code', async () => {
    const names = (await readdir(GOLDEN)).filter((name) => name.endsWith('.txt'));
    expect(names.map((name) => name.replace('.txt', '')).sort()).toEqual([...FINDING_CODES].sort());
  });
});

describe('a secret in a file', () => {
  it('is in no golden text', async () => {
    const text = await readFile(join(GOLDEN, 'secret.txt'), 'utf8');
    expect(text).not.toContain('correct-horse');
    expect(text).toContain('password: •••••••••••••');
  });
});
