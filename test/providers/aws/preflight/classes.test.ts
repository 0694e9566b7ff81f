import type { OrderableDBInstanceOption } from '@aws-sdk/client-rds';
import { expect, it } from 'vitest';
import { type ClassWish, judgeClass } from '../../../../src/providers/aws/preflight/classes.ts';

const WISH: ClassWish = {
  resource: 'orders',
  instanceClass: 'db.m6g.large',
  engine: 'postgres',
  version: '16.4',
  storageType: 'gp3',
  encrypted: false,
};

function option(change: Partial<OrderableDBInstanceOption> = {}, zones = ['a', 'b']): OrderableDBInstanceOption {
  const AvailabilityZones = zones.map((zone) => ({ Name: `eu-west-1${zone}` }));
  return { Vpc: true, StorageType: 'gp3', SupportsStorageEncryption: true, AvailabilityZones, ...change };
}

const NOT_OFFERED = ['refusal', 'preflight/class-not-offered'];

it.each<[string, OrderableDBInstanceOption[], Partial<ClassWish>, string[], RegExp]>([
  ['in two zones', [option()], {}, [], /^$/],
  ['in two zones, each with a row of its own', [option({}, ['a']), option({}, ['b'])], {}, [], /^$/],
  ['without encryption, which it does not need', [option({ SupportsStorageEncryption: false })], {}, [], /^$/],
  ['encrypted as it is', [option()], { encrypted: true }, [], /^$/],
  ['nowhere', [], {}, NOT_OFFERED, /'db.m6g.large' for postgres 16.4 in a VPC/],
  ['outside of VPCs only', [option({ Vpc: false })], {}, NOT_OFFERED, /in a VPC/],
  ['in one zone only', [option({}, ['a']), option({}, ['a'])], {}, NOT_OFFERED, /more than 1 zone/],
  ['with other storage only', [option({ StorageType: 'io1' })], {}, NOT_OFFERED, /'gp3', which 'orders' has/],
  [
    'in the second zone with other storage only',
    [option({}, ['a']), option({ StorageType: 'io1' }, ['b'])],
    {},
    NOT_OFFERED,
    /more than 1 zone/,
  ],
  ['unencrypted only', [option({ SupportsStorageEncryption: false })], { encrypted: true }, NOT_OFFERED, /encrypted/],
])('a class that is offered %s', (_, options, change, expected, words) => {
  const [found] = judgeClass({ ...WISH, ...change }, { options, isVersionOffered: true });
  expect(found ? [found.weight, found.problem.code] : []).toEqual(expected);
  expect(found?.problem.message ?? '').toMatch(words);
});

it('a version that is no longer sold is a warning, since its snapshots are restored all the same', () => {
  const found = judgeClass(WISH, { options: [], isVersionOffered: false });
  expect(found).toMatchObject([{ weight: 'warning', problem: { code: 'preflight/version-not-offered' } }]);
});
