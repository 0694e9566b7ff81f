import { expect, test } from 'vitest';
import { awsName, markTags, proofOf, readMark } from '../../../src/providers/aws/names.ts';

const place = { account: '123456789012', region: 'eu-west-1' };
const marking = {
  drillId: 'shop-20261120t030000z-0a1b2c',
  expiresAt: '2026-11-20T09:00:00.000Z',
  token: 'shop-20261120t030000z-0a1b2c/restore:orders',
  kind: 'db-instance',
  name: 'drillbook-0123456789ab-orders',
  place,
};

test('a name is the same for the same drill and thing, and another for any other', () => {
  expect(awsName('a', 'orders')).toBe(awsName('a', 'orders'));
  expect(new Set([awsName('a', 'orders'), awsName('b', 'orders'), awsName('a', 'probe')]).size).toBe(3);
});

test('a name is one that RDS takes: begins with a letter, at most 63 characters, no hyphen at its end or twice', () => {
  for (const what of ['orders', 'x'.repeat(40), `${'x'.repeat(39)}-y`]) {
    expect(awsName('any-drill', what)).toMatch(/^(?=.{1,63}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  }
});

test('a name keeps that of its resource whole, so that no two resources of a drill share one', () => {
  const longest = 'x'.repeat(40);
  expect(awsName('any-drill', longest)).toMatch(new RegExp(`-${longest}$`));
});

test('tags that were put on are read back whole', () => {
  expect(readMark(markTags(marking))).toEqual({
    drillId: marking.drillId,
    expiresAt: marking.expiresAt,
    token: marking.token,
    proof: proofOf(marking),
  });
});

test.each(['drill-id', 'expires-at', 'token', 'proof'])('tags without %s are no mark', (missing) => {
  expect(readMark(markTags(marking).filter(({ Key }) => Key !== `drillbook:${missing}`))).toBeUndefined();
});

test.each([
  ['name', { name: 'production' }],
  ['kind', { kind: 'sandbox' }],
  ['account', { place: { ...place, account: '999999999999' } }],
  ['region', { place: { ...place, region: 'us-east-1' } }],
  ['drill', { drillId: 'another' }],
])('a proof does not hold for another %s', (_, other) => {
  expect(proofOf({ ...marking, ...other })).not.toBe(proofOf(marking));
});
