import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { describe, expect, it } from 'vitest';
import { inBatches } from '../../../../src/providers/aws/dns/change-batches.ts';
import { type CloneInput, cloneRecords } from '../../../../src/providers/aws/dns/clone-records.ts';
import { worstCaseOf } from '../../../../src/providers/aws/dns/worst-case.ts';

const ZONE = { id: 'ZPROD', name: 'shop.internal.' };
const record = (name: string, more: Partial<ResourceRecordSet> = {}): ResourceRecordSet => ({
  Name: name,
  Type: 'A',
  TTL: 60,
  ResourceRecords: [{ Value: '10.0.0.1' }],
  ...more,
});
const alias = (name: string, to: string, zone = ZONE.id): ResourceRecordSet => ({
  Name: name,
  Type: 'A',
  AliasTarget: { HostedZoneId: zone, DNSName: to, EvaluateTargetHealth: false },
});
const SOA = record('shop.internal.', {
  Type: 'SOA',
  TTL: 900,
  ResourceRecords: [{ Value: 'ns-1.example. hostmaster.example. 1 7200 900 1209600 86400' }],
});

function clone(records: readonly ResourceRecordSet[], switches: CloneInput['switches'] = []) {
  const made = cloneRecords({ zone: ZONE, copy: 'ZCOPY', records, switches });
  if ('code' in made) throw new Error(made.code);
  return made;
}
const namesIn = ({ changes }: ReturnType<typeof clone>) =>
  changes.map(({ ResourceRecordSet: one }) => `${one?.Type ?? ''} ${one?.Name ?? ''}`);

describe('the copy of a zone', () => {
  it('has all but what the zone has of itself, and what leads to services of production', () => {
    const made = clone([
      SOA,
      record('shop.internal.', { Type: 'NS' }),
      record('a.shop.internal.'),
      record('sub.shop.internal.', { Type: 'NS' }),
      alias('lb.shop.internal.', 'x.elb.amazonaws.com.', 'ZELB'),
      alias('inside.shop.internal.', 'a.shop.internal.'),
      alias('chain.shop.internal.', 'lb.shop.internal.'),
    ]);
    expect(namesIn(made)).toEqual(['A a.shop.internal.', 'A inside.shop.internal.']);
    expect(made.changes[1]?.ResourceRecordSet?.AliasTarget?.HostedZoneId).toBe('ZCOPY');
    expect(made.differences.map(({ name }) => name)).toEqual([
      'sub.shop.internal',
      'lb.shop.internal',
      'chain.shop.internal',
    ]);
  });

  it('has one record where a name is switched, whatever stood there, and writes it last', () => {
    const weighted = { SetIdentifier: 'one', Weight: 1 };
    const made = clone(
      [
        record('DB.shop.internal.', weighted),
        record('db.shop.internal.', { ...weighted, SetIdentifier: 'two' }),
        record('db.shop.internal.', { Type: 'TXT' }),
        record('z.shop.internal.'),
      ],
      [{ name: 'db.shop.internal', address: 'x.rds.amazonaws.com' }],
    );
    expect(namesIn(made)).toEqual(['A z.shop.internal.', 'CNAME db.shop.internal']);
    expect(made.differences).toMatchObject([{ name: 'db.shop.internal', type: 'TXT' }]);
  });

  it.each([
    ['db.elsewhere.internal', 'aws/record-not-in-zone'],
    ['notshop.internal', 'aws/record-not-in-zone'],
    ['shop.internal', 'aws/record-at-apex'],
  ])('cannot switch %s', (name, code) => {
    const switches = [{ name, address: 'x.rds.amazonaws.com' }];
    expect(cloneRecords({ zone: ZONE, copy: 'ZCOPY', records: [], switches })).toMatchObject({ code });
  });
});

describe('the batches of a change', () => {
  it('hold no more than Route 53 takes, where an UPSERT counts double', () => {
    const change = (Action: 'UPSERT' | 'DELETE', Value: string) => ({
      Action,
      ResourceRecordSet: record('a.', { ResourceRecords: [{ Value }] }),
    });
    const sizes = (Action: 'UPSERT' | 'DELETE', count: number, value = 'x') =>
      inBatches(Array.from({ length: count }, () => change(Action, value))).map(({ length }) => length);
    expect(sizes('UPSERT', 501)).toEqual([500, 1]);
    expect(sizes('DELETE', 1001)).toEqual([1000, 1]);
    expect(sizes('UPSERT', 3, 'x'.repeat(8_000))).toEqual([2, 1]);
    expect(sizes('UPSERT', 0)).toEqual([]);
  });
});

describe('the worst case', () => {
  it.each<[string, readonly ResourceRecordSet[], number]>([
    [
      'the greatest time to live of its records',
      [record('db.shop.internal.', { TTL: 300 }), record('db.shop.internal.')],
      300,
    ],
    [
      'that of what an alias in the zone leads to',
      [alias('db.shop.internal.', 'a.shop.internal.'), record('a.shop.internal.', { TTL: 77 })],
      77,
    ],
    ["that of answers of AWS's own services", [alias('db.shop.internal.', 'x.elb.amazonaws.com.', 'ZELB')], 60],
    ['the time for which it is remembered that there was none', [SOA], 900],
    [
      'that of an SOA with a lesser minimum',
      [{ ...SOA, ResourceRecords: [{ Value: 'n. h. 1 7200 900 1209600 30' }] }],
      30,
    ],
    ['three hours where the zone does not say', [], 10_800],
  ])('is %s', (_, records, seconds) => {
    expect(worstCaseOf('db.shop.internal', records, ZONE.name).cachedFor).toBe(seconds * 1_000);
  });
});
