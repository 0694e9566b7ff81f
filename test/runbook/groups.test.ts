import { describe, expect, it } from 'vitest';
import { codesOf, diagnosticsOf, runbookOf } from './written.ts';

interface Parts {
  readonly groups: string;
  /** Keys of the recovery points of both. */
  readonly orders?: string;
  readonly uploads?: string;
}

/** Two resources, and these groups of them. */
function written({ groups, orders = '', uploads = '' }: Parts): string {
  return `runbook: shop
restore:
  orders: { kind: postgres, source: ../orders, recoveryPoint: {${orders}} }
  uploads: { kind: files, source: ../uploads, recoveryPoint: {${uploads}} }
  tickets: { kind: sqlite, source: ../tickets }
groups: ${groups}
checks:
  - { integrity: orders are sound, of: orders, kind: structure }
  - { integrity: tickets are sound, of: tickets, kind: structure }
  - { integrity: files are there, of: uploads, kind: files }
`;
}

const BOTH = '{ group: orders and their uploads, of: [orders, uploads], maxSkew: 5m }';
const told = (parts: Parts): readonly string[] =>
  diagnosticsOf(written(parts)).map(({ code, lineText, column, length }) => {
    return `${code.replace('runbook/', '')} at ${lineText.slice(column - 1, column - 1 + length)}`;
  });

describe('a group', () => {
  it('says which resources are of one moment, and how far apart they may be', () => {
    expect(runbookOf(written({ groups: `[${BOTH}]` })).groups).toEqual([
      { name: 'orders and their uploads', of: ['orders', 'uploads'], maxSkew: 300_000 },
    ]);
  });

  it('is of resources that are restored, two of them at least, each once', () => {
    expect(told({ groups: `[${BOTH.replace('uploads]', 'upload]')}]` })).toEqual(['unknown-resource at upload']);
    expect(told({ groups: `[${BOTH.replace(', uploads]', ']')}]` })).toEqual(['out-of-range at [orders]']);
    expect(told({ groups: `[${BOTH.replace('uploads]', 'orders]')}]` })).toEqual(['duplicate-name at orders']);
    expect(codesOf(written({ groups: '[]' }))).toEqual(['empty']);
  });

  it('has some time between its moments', () => {
    expect(told({ groups: `[${BOTH.replace('5m', '0s')}]` })).toEqual(['bad-duration at 0s']);
    expect(told({ groups: `[${BOTH.replace(', maxSkew: 5m', '')}]` })).toEqual(['missing-key at group']);
  });

  it('shares nothing with another one', () => {
    const other = (of: string, group = 'other') => `[${BOTH}, { group: ${group}, of: [${of}], maxSkew: 1h }]`;
    expect(told({ groups: other('tickets, uploads') })).toEqual(['grouped-twice at uploads']);
    expect(told({ groups: other('orders, uploads') })).toEqual(['grouped-twice at orders', 'grouped-twice at uploads']);
    expect(told({ groups: other('tickets, uploads', 'orders and their uploads') })).toEqual([
      'duplicate-name at orders and their uploads',
      'grouped-twice at uploads',
    ]);
  });

  it.each(['pick: latest', "id: '3'", 'tag: monthly', 'before: 2026-11-20T03:00:00Z'])(
    'has its first resource drawn as that says, and follows with the others: %s',
    (choice) => {
      expect(told({ groups: `[${BOTH}]`, orders: choice })).toEqual([]);
      expect(told({ groups: `[${BOTH}]`, uploads: choice })).toEqual([`chosen-by-group at ${choice.split(':')[0]}`]);
    },
  );

  it('lets followers say from when on, and what is so anyway', () => {
    expect(told({ groups: `[${BOTH}]`, uploads: 'pick: random, within: 7d' })).toEqual([]);
  });

  it('knows its moments beforehand', () => {
    expect(told({ groups: `[${BOTH}]`, orders: 'to: latest' })).toEqual(['no-moment at latest']);
    expect(told({ groups: `[${BOTH}]`, orders: 'to: 2026-11-20T03:00:00Z' })).toEqual([]);
  });
});

describe('a list', () => {
  it('that is too long is told so, and not that it must be a pair', () => {
    const tooLong = `[${Array.from({ length: 21 }, () => '{ heartbeat: { url: https://x.example } }').join(', ')}]`;
    const [diagnostic] = diagnosticsOf(`notify: ${tooLong}\n${written({ groups: `[${BOTH}]` })}`);
    expect(diagnostic?.message).toBe("'notify' holds 21, but must hold at most 20");
  });
});
