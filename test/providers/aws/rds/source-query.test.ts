import { describe, expect, it } from 'vitest';
import { readSource } from '../../../../src/providers/aws/rds/source-query.ts';

const SANDBOX = { account: '123456789012', region: 'eu-west-1', sharesAccountWithSources: true };
const read = (source: string, more: { sourceAccount?: string } = {}, place = SANDBOX) =>
  readSource({ name: 'orders', source, ...more }, place);

describe('reading the source of a restore', () => {
  it.each([
    ['orders-db', { kind: 'identifier', identifier: 'orders-db', account: '123456789012' }],
    ['Orders-DB', { kind: 'identifier', identifier: 'orders-db', account: '123456789012' }],
    ['db-orders', { kind: 'identifier', identifier: 'db-orders', account: '123456789012' }],
    [
      'db-ABCDEFGHIJKLMNOPQRSTUVWX12',
      { kind: 'resource-id', resourceId: 'db-ABCDEFGHIJKLMNOPQRSTUVWX12', account: '123456789012' },
    ],
    [
      'arn:aws:rds:eu-west-1:123456789012:db:orders-db',
      { kind: 'identifier', identifier: 'orders-db', account: '123456789012' },
    ],
    [
      'arn:aws:rds:eu-west-1:999999999999:db:orders-db',
      { kind: 'identifier', identifier: 'orders-db', account: '999999999999' },
    ],
    ['tag:service=orders', { kind: 'tag', key: 'service', value: 'orders', account: '123456789012' }],
    ['tag:a:b=c=d', { kind: 'tag', key: 'a:b', value: 'c=d', account: '123456789012' }],
  ])("reads '%s'", (source, query) => {
    expect(read(source)).toEqual({ kind: 'read', query });
  });

  it.each([
    ['no name', 'orders--db', 'aws/unreadable-source'],
    ['a tag without a value', 'tag:service', 'aws/unreadable-source'],
    ['a cluster', 'arn:aws:rds:eu-west-1:123456789012:cluster:orders', 'aws/unreadable-source'],
    ['an instance of another region', 'arn:aws:rds:us-east-1:123456789012:db:orders', 'aws/source-elsewhere'],
  ])('refuses %s', (_, source, code) => {
    expect(read(source)).toMatchObject({ kind: 'refused', problem: { code } });
  });

  it('refuses an ARN and a source account that contradict each other', () => {
    const refused = read('arn:aws:rds:eu-west-1:999999999999:db:orders', { sourceAccount: '888888888888' });
    expect(refused).toMatchObject({ kind: 'refused', problem: { code: 'aws/source-elsewhere' } });
  });

  it.each([
    ['an identifier', 'orders', {}],
    ['its own ARN', 'arn:aws:rds:eu-west-1:123456789012:db:orders', {}],
    ['a tag', 'tag:a=b', {}],
    ['a source account that is its own', 'orders', { sourceAccount: '123456789012' }],
  ])(
    'refuses a source in the account of the sandbox, unless the runbook accepts that by name: %s',
    (_, source, more) => {
      const refused = read(source, more, { ...SANDBOX, sharesAccountWithSources: false });
      expect(refused).toMatchObject({ kind: 'refused', problem: { code: 'aws/same-account' } });
      expect(JSON.stringify(refused)).toContain('sharesAccountWithSources: true');
    },
  );

  it('needs no such word for the source of another account', () => {
    const place = { ...SANDBOX, sharesAccountWithSources: false };
    expect(read('orders', { sourceAccount: '999999999999' }, place)).toMatchObject({
      kind: 'read',
      query: { account: '999999999999' },
    });
  });
});
