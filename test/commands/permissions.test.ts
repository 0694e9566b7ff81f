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
    expect(place.stderr()).toContain('not in it: the removal of copies of zones');
  });

  it('prints it on one line with --json', async () => {
    expect(await permissionsCommand(await awsRunbook(), { json: true }, place.io)).toBe(0);
    expect(place.stdout().trimEnd()).not.toContain('\n');
  });

  const CUTOVER = 'cutover: { zone: Z0PRODUCTION, records: [{ name: db.shop.internal, to: orders }] }';

  it('says of a cutover which zones no policy can keep from it', async () => {
    expect(await permissionsCommand(await awsRunbook(CUTOVER), {}, place.io), place.stderr()).toBe(0);
    expect(place.stderr()).toContain("may change every hosted zone in the account but 'Z0PRODUCTION'");
    expect(place.stderr()).not.toContain('not in it: the removal of copies of zones');
  });

  it('tells the commands for the parts of a policy that is too long, which together are the policy', async () => {
    const file = await awsRunbook(CUTOVER);
    expect(await permissionsCommand(file, { json: true }, place.io)).toBe(0);
    const told = [...place.stderr().matchAll(/^ {2}drillbook permissions (\S+) --part (\d+) /gm)];
    expect(told.map(([, named, part]) => [named, part])).toEqual([
      [file, '1'],
      [file, '2'],
    ]);
    for (const part of ['1', '2']) expect(await permissionsCommand(file, { json: true, part }, place.io)).toBe(0);
    expect(place.stderr()).toMatch(/^part 2 of 2 of the policy: \d+ of the 6144 characters/m);
    const [whole, ...parts] = place
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { Statement: { Sid: string }[] });
    const bySid = (statements: { Sid: string }[] = []) => statements.toSorted((a, b) => (a.Sid < b.Sid ? -1 : 1));
    expect(bySid(parts.flatMap(({ Statement }) => Statement))).toEqual(bySid(whole?.Statement));
  });

  it('has one part where the policy is short enough, and refuses others', async () => {
    const file = await awsRunbook();
    expect(await permissionsCommand(file, {}, place.io)).toBe(0);
    expect(place.stderr()).not.toContain('--part');
    const whole = place.stdout();
    expect(await permissionsCommand(file, { part: '1' }, place.io)).toBe(0);
    expect(place.stdout()).toBe(whole + whole);
    for (const part of ['2', '0', '1.0', 'x']) {
      expect(await permissionsCommand(file, { part }, place.io), part).toBe(2);
    }
    expect(place.stdout()).toBe(whole + whole);
    expect(place.stderr()).toMatch(/permissions\/no-such-part[^]*hint: Name a part from 1 to 1/);
  });

  it('has none for a local sandbox, and says so', async () => {
    expect(await permissionsCommand(await place.runbook('local'), {}, place.io)).toBe(2);
    expect(place.stdout()).toBe('');
    expect(place.stderr()).toMatch(/permissions\/no-aws[^]*hint: /);
  });
});
