import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseRunbook } from '../src/runbook/parse-runbook.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

function blocks(language: string): readonly string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, text]) => text ?? '');
}

test('every runbook in the README is valid', () => {
  const runbooks = blocks('yaml').filter((text) => text.includes('\nrunbook: '));
  expect(runbooks.length).toBeGreaterThan(0);
  for (const text of runbooks) {
    const parsed = parseRunbook({ text, file: '/team/runbooks/orders.yaml', sandboxFolder: '/sandboxes' });
    expect(parsed).toMatchObject({ kind: 'valid' });
  }
});

test('every command that the README calls or lists is one, and every command is listed', () => {
  const help = execFileSync(process.execPath, [CLI, '--help'], { encoding: 'utf8' });
  const commands = [...help.matchAll(/^ {2}([a-z][a-z-]+)/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'help');
  const called = [...README.matchAll(/drillbook ([a-z][a-z-]+) ?/g)].map(([, name]) => name ?? '');
  const rows = README.split('\n').filter((line) => line.startsWith('| `'));
  const listed = rows.flatMap((row) => [...row.matchAll(/`([a-z][a-z-]+)[ `]/g)].map(([, name]) => name ?? ''));
  const verbs = called.filter((name) => !['proves', 'brings'].includes(name));
  expect(commands).toEqual(expect.arrayContaining(verbs));
  expect(listed).toEqual(expect.arrayContaining(commands));
});
