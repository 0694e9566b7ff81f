import { describe, expect, it } from 'vitest';
import type { AwsCall, AwsReply } from './call.ts';
import { repeatedReads } from './repeated-reads.ts';

const call = (action: string, change: Partial<AwsCall> = {}): AwsCall => ({
  service: 'rds',
  action,
  region: 'eu-west-1',
  accessKey: 'key',
  method: 'POST',
  path: '/',
  headers: {},
  body: Buffer.from(`Action=${action}`),
  params: {},
  at: '2026-01-01T00:00:00.000Z',
  ...change,
});

/** An emulator that numbers its answers. */
function emulator(status = 200) {
  let asked = 0;
  const reads = repeatedReads();
  const next = async (): Promise<AwsReply> => {
    asked += 1;
    return Promise.resolve({ status, headers: {}, body: Buffer.from(String(asked)) });
  };
  const ask = async (one: AwsCall): Promise<string> => (await reads.layer(one, next)).body.toString();
  return { reads, ask };
}

describe('a read that was asked before', () => {
  it('has the same answer without the emulator, until something else is asked', async () => {
    const { ask } = emulator();
    const looks = [await ask(call('DescribeDBInstances')), await ask(call('DescribeDBInstances'))];
    expect(looks).toEqual(['1', '1']);
    await ask(call('DeleteDBInstance'));
    expect(await ask(call('DescribeDBInstances'))).toBe('3');
  });

  it.each([
    ['with other words', { body: Buffer.from('Action=DescribeDBInstances&Marker=1') }],
    ['in another region', { region: 'eu-north-1' }],
    ['by somebody else', { accessKey: 'other' }],
    ['of another page', { path: '/?marker=1' }],
  ])('%s is another', async (_, change) => {
    const { ask } = emulator();
    const looks = [await ask(call('DescribeDBInstances')), await ask(call('DescribeDBInstances', change))];
    expect(looks).toEqual(['1', '2']);
  });

  it('is asked again of a service that a clock may change, and where it was refused', async () => {
    const { ask } = emulator();
    const metrics = call('ListMetrics', { service: 'monitoring' });
    expect([await ask(metrics), await ask(metrics)]).toEqual(['1', '2']);
    const refusing = emulator(400);
    const looks = [await refusing.ask(call('DescribeDBInstances')), await refusing.ask(call('DescribeDBInstances'))];
    expect(looks).toEqual(['1', '2']);
  });

  it('is asked again when it ran beside a change, or when all is emptied', async () => {
    const { reads, ask } = emulator();
    let end: () => void = () => {};
    const changed = new Promise<void>((resolve) => {
      end = resolve;
    });
    const change = reads.layer(call('DeleteDBInstance'), async () => {
      await changed;
      return { status: 200, headers: {}, body: Buffer.from('') };
    });
    expect(await ask(call('DescribeDBInstances'))).toBe('1');
    end();
    await change;
    expect(await ask(call('DescribeDBInstances'))).toBe('2');
    const zones = call('DescribeAvailabilityZones', { service: 'ec2' });
    await ask(zones);
    await ask(call('DeleteDBInstance'));
    expect(await ask(zones)).toBe('3');
    reads.forget();
    expect(await ask(zones)).toBe('5');
  });
});
