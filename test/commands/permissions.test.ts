import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { permissionsCommand } from '../../src/commands/permissions.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

let place: Workplace;

beforeEach(async () => {
  place = await workplace();
});

afterEach(async () => {
  await place.remove();
});

const ROLE = 'arn:aws:iam::123456789012:role/drills';

async function awsRunbook(...more: readonly string[]): Promise<string> {
  const text = [
    'runbook: shop',
    `sandbox: { provider: aws, account: "123456789012", region: eu-west-1, role: "${ROLE}", sharesAccountWithSources: true }`,
    'publish: { cloudwatch: {} }',
    'restore:',
    '  orders: { kind: rds, source: orders-production, database: shop }',
    'checks:',
    '  - { integrity: every index is sound, of: orders, kind: structure }',
    ...more,
    '',
  ];
  await writeFile(join(place.cwd, 'runbooks', 'shop.yaml'), text.join('\n'));
  return join('runbooks', 'shop.yaml');
}

describe('drillbook permissions', () => {
  it('prints the policy alone on stdout, and beside it what a policy cannot say', async () => {
    expect(await permissionsCommand(await awsRunbook(), {}, place.io), place.stderr()).toBe(0);
    expect(JSON.parse(place.stdout())).toMatchObject({
      Version: '2012-10-17',
      Statement: expect.any(Array) as unknown,
    });
    expect(place.stderr()).toContain(`the trust policy of '${ROLE}'`);
    expect(place.stderr()).toMatch(/\d+ of the 6144 characters/);
    expect(place.stderr()).toContain('cloudwatch:PutMetricData');
  });

  it('prints it on one line with --json', async () => {
    expect(await permissionsCommand(await awsRunbook(), { json: true }, place.io)).toBe(0);
    expect(place.stdout().trimEnd()).not.toContain('\n');
  });

  it('says of a cutover that it needs two policies, and which zones no policy can keep from it', async () => {
    const file = await awsRunbook('cutover: { zone: Z0PRODUCTION, records: [{ name: db.shop.internal, to: orders }] }');
    expect(await permissionsCommand(file, {}, place.io), place.stderr()).toBe(0);
    expect(place.stderr()).toContain('put it into two policies, statement by statement');
    expect(place.stderr()).toContain("may change every hosted zone in the account but 'Z0PRODUCTION'");
  });

  it('has none for a local sandbox, and says so', async () => {
    expect(await permissionsCommand(await place.runbook('local'), {}, place.io)).toBe(2);
    expect(place.stdout()).toBe('');
    expect(place.stderr()).toMatch(/permissions\/no-aws[^]*hint: /);
  });
});
