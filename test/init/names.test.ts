import { describe, expect, it } from 'vitest';
import { safeName, untaken } from '../../src/init/safe-name.ts';
import { inComment, yamlScalar } from '../../src/init/yaml-scalar.ts';
import { readDocument } from '../../src/runbook/document.ts';

describe('a name', () => {
  it.each([
    ['Orders', 'orders'],
    ['Größe & Maß', 'grosse-mass'],
    ['a__b  c', 'a-b-c'],
    ['-x-', 'x'],
    ['注文', 'source'],
    ['', 'source'],
    [`${'a'.repeat(39)}-b`, 'a'.repeat(39)],
  ])('of %j is %j', (text, name) => {
    expect(safeName(text, 'source')).toBe(name);
  });

  it('that is taken gets the first number that is free, and stays short enough', () => {
    expect(untaken('shop', new Set())).toBe('shop');
    expect(untaken('shop', new Set(['shop', 'shop-2']))).toBe('shop-3');
    expect(untaken('a'.repeat(40), new Set(['a'.repeat(40)]))).toBe(`${'a'.repeat(38)}-2`);
  });
});

describe('a text as YAML', () => {
  it.each([
    'shop',
    '../backups/shop',
    '../.drillbook/sample',
    '/srv/a.b',
    "it's",
    'a: b',
    'a #b',
    '2026-11-20',
    '1e3',
    '0x1f',
    'yes',
    'No',
    'null',
    '~',
    '',
    ' a ',
    '- a',
    '"Orders"',
    '{a}',
    'Größe',
    '!x',
    '&x',
    '*x',
    '@x',
    '.5',
    '.inf',
    'a\u2028b',
    'a\u0085b',
    '\ufeffa',
    '../..',
    '..',
    '\\n',
    'a,b',
    "'",
  ])('is read as it was: %j', (text) => {
    const { value, findings } = readDocument(`a: ${yamlScalar(text)}\nb: { c: ${yamlScalar(text)} }\n`);
    expect(findings).toEqual([]);
    expect(value).toEqual({ a: text, b: { c: text } });
  });

  it('in a comment ends no line', () => {
    expect(inComment('a\nb\u2028c\u001b[1m')).toBe('a?b?c?[1m');
  });
});
