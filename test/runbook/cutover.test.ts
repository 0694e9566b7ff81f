import { describe, expect, it } from 'vitest';
import { codesOf, runbookOf, written, writtenOnAws } from './written.ts';

const cutover = (records: string, more: string[] = []) => [
  'cutover:',
  '  zone: Z0123456789ABCDEFGHIJ',
  `  records: ${records}`,
  ...more.map((line) => `  ${line}`),
];

describe('a cutover', () => {
  it('names records as DNS compares them', () => {
    const top = cutover('[{ name: DB.Shop.Internal., to: orders }]', ['within: 5m']);
    expect(runbookOf(writtenOnAws({ top })).cutover).toEqual({
      zone: 'Z0123456789ABCDEFGHIJ',
      records: [{ name: 'db.shop.internal', to: 'orders' }],
      within: 300_000,
    });
  });

  it.each([
    ['a resource that is not restored', '[{ name: db.shop.internal, to: billing }]', 'unknown-resource'],
    ['a record twice', '[{ name: a.b, to: orders }, { name: A.b., to: orders }]', 'duplicate-name'],
    ['a wildcard', '[{ name: "*.shop.internal", to: orders }]', 'bad-name'],
    ['no record', '[]', 'empty'],
  ])('is refused with %s', (_, records, code) => {
    expect(codesOf(writtenOnAws({ top: cutover(records) }))).toEqual([code]);
  });

  it('is refused where there is no Route 53', () => {
    expect(codesOf(written({ top: cutover('[{ name: db.shop.internal, to: orders }]') }))).toEqual(['wrong-provider']);
  });
});
