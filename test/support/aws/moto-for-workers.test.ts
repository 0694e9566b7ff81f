import { CreateDBInstanceCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { describe, expect, it } from 'vitest';
import { setup, takeMoto } from './moto-for-workers.ts';
import { findMotoServer } from './moto-server.ts';

const path = (await findMotoServer()) ?? '';

describe.skipIf(path === '')('the emulator of a worker', () => {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' };
  const rdsAt = (endpoint: string) => new RDSClient({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 });
  const source = new CreateDBInstanceCommand({
    DBInstanceIdentifier: 'orders',
    DBInstanceClass: 'db.t4g.micro',
    Engine: 'postgres',
    AllocatedStorage: 20,
    MasterUsername: 'postgres',
    MasterUserPassword: 'not-a-secret',
  });

  it('is taken by one after the other, empty, and whoever needs one beside it has one for itself', async () => {
    const first = await takeMoto(path);
    await rdsAt(first.url).send(source);
    const beside = await takeMoto(path);
    expect(beside.url).not.toBe(first.url);
    await beside.stop();
    await expect(fetch(beside.url)).rejects.toThrow();
    await first.stop();
    const again = await takeMoto(path);
    expect(again.url).toBe(first.url);
    expect((await rdsAt(again.url).send(new DescribeDBInstancesCommand({}))).DBInstances).toEqual([]);
    await again.stop();
  });

  it('starts when it is asked for, once for each worker, and ends with the run', async () => {
    let door = '';
    const end = await setup({ provide: (_, url) => void (door = url) });
    const askFor = async () => {
      const response = await fetch(`${door}/?${new URLSearchParams({ worker: '7', path }).toString()}`);
      return response.text();
    };
    const [url, same] = await Promise.all([askFor(), askFor()]);
    expect(same).toBe(url);
    expect((await fetch(`${url}/moto-api/`)).ok).toBe(true);
    await end();
    await expect(fetch(`${url}/moto-api/`)).rejects.toThrow();
    await expect(fetch(door)).rejects.toThrow();
  });

  it('is refused in words where it cannot be started', async () => {
    let door = '';
    const end = await setup({ provide: (_, url) => void (door = url) });
    const response = await fetch(`${door}/?${new URLSearchParams({ worker: '7', path: '/nowhere' }).toString()}`);
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('/nowhere')]);
    await end();
  });
});
