import { describe, expect, it } from 'vitest';
import { liveAddress } from '../../src/commands/init-live-address.ts';

const AROUND = { cwd: '/team', env: { PGPASSWORD: 'canary' } };
const CANARY = 'canary-in-a-url';

describe('a living source', () => {
  it.each<[string, object]>([
    [
      'postgres://reader@db.internal/shop',
      {
        kind: 'postgres',
        server: { host: 'db.internal', port: 5432, database: 'shop', user: 'reader', passwordEnv: 'PGPASSWORD' },
      },
    ],
    [
      'postgresql://a%40b@[::1]:5433/sh%C3%B6p?passwordEnv=SHOP_PASSWORD',
      {
        kind: 'postgres',
        server: { host: '::1', port: 5433, database: 'shöp', user: 'a@b', passwordEnv: 'SHOP_PASSWORD' },
      },
    ],
    [
      'postgres://reader@localhost/shop?host=/run/postgresql',
      {
        kind: 'postgres',
        server: { host: '/run/postgresql', port: 5432, database: 'shop', user: 'reader', passwordEnv: 'PGPASSWORD' },
      },
    ],
    ['mysql://reader@db/shop', { kind: 'mysql', server: { host: 'db', port: 3306, database: 'shop', user: 'reader' } }],
    ['../app/app.db', { kind: 'path', path: '/app/app.db' }],
  ])('is read from %s', (written, address) => {
    expect(liveAddress(written, AROUND)).toEqual(address);
  });

  it('names no password where none is to be had', () => {
    const address = liveAddress('postgres://reader@db/shop', { cwd: '/', env: {} });
    expect(address).toEqual({ kind: 'postgres', server: { host: 'db', port: 5432, database: 'shop', user: 'reader' } });
  });

  it.each([
    [`postgres://reader:${CANARY}@db/shop`, /holds a password/],
    [`postgres://reader@db/shop?password=${CANARY}`, /holds a password/],
    [`postgres://reader:${CANARY}/x@db/shop`, /is no URL|names no user/],
    [`postgres://reader@db/shop?sslmode=${CANARY}`, /parameters that are not known/],
    [`https://${CANARY}@db/shop`, /of a kind that is not known/],
    [`postgres://${CANARY}@db`, /names no database/],
    ['postgres://db/shop', /names no user/],
    [`postgres://reader@db/shop?passwordEnv=${CANARY} x`, /no environment variable/],
    [`postgres://reader@db/%ff${CANARY}`, /names no database/],
  ])('is refused without being shown: %s', (written, message) => {
    const refused = liveAddress(written, AROUND);
    expect(refused).toMatchObject({ code: 'init/bad-live', message: expect.stringMatching(message) as string });
    expect(JSON.stringify(refused)).not.toContain('canary');
  });
});
