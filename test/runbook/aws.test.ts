import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codesOf, diagnosticsOf, runbookOf, written, writtenOnAws } from './written.ts';

const OTHER_ACCOUNT = "sourceAccount: '111111111111'";
const hintsOf = (text: string): readonly string[] => diagnosticsOf(text).map(({ hint }) => hint);
const codesAt = (text: string): readonly string[] =>
  diagnosticsOf(text).map(
    ({ code, lineText, column, length }) =>
      `${code.replace('runbook/', '')} at ${lineText.slice(column - 1, column - 1 + length)}`,
  );

describe('a runbook on AWS without wishes', () => {
  it('gets the defaults of AWS', () => {
    const { sandbox, limits, restore } = runbookOf(writtenOnAws({}));
    expect(sandbox).toEqual({
      provider: 'aws',
      account: '222222222222',
      region: 'eu-west-1',
      sharesAccountWithSources: false,
      expiresAfter: 21_600_000,
      minimumIsolation: 'VPC',
    });
    expect(limits).toEqual({
      concurrency: 4,
      drill: 10_800_000,
      restore: 7_200_000,
      check: 840_000,
      teardown: 3_600_000,
    });
    expect(restore).toEqual([
      {
        name: 'orders',
        kind: 'rds',
        source: 'orders-production',
        needs: [],
        recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'backup-end' } },
        database: 'shop',
      },
    ]);
  });

  it('names its database, since no engine is known before AWS is asked', () => {
    expect(codesOf(writtenOnAws({}).replace('    database: shop\n', ''))).toEqual(['missing-key']);
  });

  it('finds manifests beside itself, having no folder of backups', () => {
    const checks = ['{ integrity: contents, of: orders, kind: manifest }'];
    expect(runbookOf(writtenOnAws({ checks })).checks[1]).toMatchObject({
      file: '/team/runbooks/manifests/{recoveryPoint}.json',
    });
    const elsewhere = ['{ integrity: contents, of: orders, kind: manifest, file: ../../../x.json }'];
    expect(codesOf(writtenOnAws({ checks: elsewhere, source: '"tag:x=/../../../.."' }))).toEqual(['bad-path']);
  });
});

describe('what a runbook on AWS may say', () => {
  it('is the example in the documentation', () => {
    const text = readFileSync(new URL('../../docs/examples/aws-rds.yaml', import.meta.url), 'utf8');
    expect(runbookOf(text)).toMatchObject({
      name: 'shop-on-rds',
      sandbox: { account: '222222222222', role: 'arn:aws:iam::222222222222:role/drillbook' },
      restore: [{ source: 'orders-production', sourceAccount: '111111111111' }],
    });
  });

  it('sets class, parameter group and the moment that is restored', () => {
    const restore = [
      'instanceClass: db.t4g.medium',
      'parameterGroup: orders-drill',
      'recoveryPoint: { pick: latest, within: 7d, to: 2026-11-20T03:00:00Z }',
    ];
    const sandbox = ['sharesAccountWithSources: true', 'expiresAfter: 8h'];
    const runbook = runbookOf(
      writtenOnAws({ restore, sandbox, top: ['limits: { check: 14m, drill: 7h, concurrency: 1 }'] }),
    );
    expect(runbook).toMatchObject({
      sandbox: { sharesAccountWithSources: true, expiresAfter: 28_800_000 },
      limits: { check: 840_000, drill: 25_200_000, concurrency: 1 },
      restore: [
        {
          instanceClass: 'db.t4g.medium',
          parameterGroup: 'orders-drill',
          recoveryPoint: { within: 604_800_000, to: { kind: 'time', time: '2026-11-20T03:00:00.000Z' } },
        },
      ],
    });
  });

  it.each([
    'orders',
    'a',
    'Orders-Production-2',
    'db-ABCDEFGHIJKL01234MNOPQRSTU',
    'arn:aws:rds:eu-west-1:111111111111:db:orders',
    'arn:aws-us-gov:rds:us-gov-west-1:111111111111:db:orders',
    'tag:service=orders',
    '"tag:team:service=a = b"',
  ])('takes the source %s as it is', (source) => {
    expect(runbookOf(writtenOnAws({ source })).restore[0]?.source).toBe(source.replaceAll('"', ''));
  });

  it.each([
    'orders_production',
    '"-orders"',
    'orders-',
    'or--ders',
    '1orders',
    'x'.repeat(64),
    '../backups',
    'arn:aws:rds:eu-west-1:1111:db:orders',
    'arn:aws:rds:eu-west-1:111111111111:snapshot:orders',
    'arn:aws:rds:eu-west-1:111111111111:cluster:orders',
    '"tag:service"',
    '"tag:=orders"',
    '"tag:service="',
    '5',
  ])('refuses the source %s', (source) => {
    expect(codesOf(writtenOnAws({ source }))).toEqual(['bad-source']);
  });

  it.each(['us-east-1', 'ap-southeast-7', 'us-gov-west-1', 'us-isob-east-1', 'eusc-de-east-1'])(
    'knows %s for a region',
    (region) => {
      expect(codesOf(writtenOnAws({}).replace('eu-west-1', region))).toEqual([]);
    },
  );

  it.each(['eu-west-1a', 'eu-west', 'Ireland', 'EU-WEST-1', 'euw1', 'null'])('refuses the region %s', (region) => {
    expect(codesOf(writtenOnAws({}).replace('eu-west-1', region))).toEqual([
      region === 'null' ? 'empty' : 'bad-region',
    ]);
  });

  it.each(['db.t4g.medium', 'db.r6gd.16xlarge', 'db.r5.12xlarge.tpc2.mem3x'])('restores as a %s', (instanceClass) => {
    expect(codesOf(writtenOnAws({ restore: [`instanceClass: ${instanceClass}`] }))).toEqual([]);
  });

  it.each(['t4g.medium', 'db.t4g', 'db.T4G.medium', 'db.t4g.', 'rds.t4g.medium'])(
    'does not restore as a %s',
    (name) => {
      expect(codesOf(writtenOnAws({ restore: [`instanceClass: ${name}`] }))).toEqual(['bad-instance-class']);
    },
  );

  it.each([
    ['arn:aws:rds:eu-west-1:111111111111:pg:orders', ['bad-name']],
    ['orders--drill', ['bad-name']],
    ['default.postgres16', []],
  ])('names the parameter group %s with %j', (group, codes) => {
    expect(codesOf(writtenOnAws({ restore: [`parameterGroup: ${group}`] }))).toEqual(codes);
  });
});

describe('accounts', () => {
  it.each(['222222222222', '022222222222', '1e11', '0x33'])(
    'are refused without quotes, as in %s, with the remedy',
    (account) => {
      expect(codesOf(writtenOnAws({ account }))).toEqual(['unquoted-account']);
      expect(hintsOf(writtenOnAws({ account }))[0]).toContain('in quotes');
      expect(codesOf(writtenOnAws({ restore: [`sourceAccount: ${account}`] }))).toEqual(['unquoted-account']);
    },
  );

  it.each(["'22222222222'", "'2222222222222'", "'2222-2222-2222'", 'production', '[]', 'true'])(
    'are 12 digits and not %s',
    (account) => {
      expect(codesOf(writtenOnAws({ account }))).toEqual(['bad-account']);
    },
  );

  it('of a source are known from its ARN, unless that is the sandbox account, which shares nothing with itself', () => {
    const source = 'arn:aws:rds:eu-west-1:111111111111:db:orders';
    expect(runbookOf(writtenOnAws({ source })).restore[0]).toMatchObject({ sourceAccount: '111111111111' });
    const own = writtenOnAws({ source: source.replace('111111111111', '222222222222') });
    expect(codesAt(own)).toEqual(['shared-account at arn:aws:rds:eu-west-1:222222222222:db:orders']);
    const accepted = own.replace('  region', '  sharesAccountWithSources: true\n  region');
    expect(runbookOf(accepted).restore[0]).not.toHaveProperty('sourceAccount');
  });

  it('of source and sandbox are the same only where the runbook accepts it by name', () => {
    const restore = ["sourceAccount: '222222222222'"];
    expect(codesAt(writtenOnAws({ restore }))).toEqual(["shared-account at '222222222222'"]);
    expect(codesOf(writtenOnAws({ restore, sandbox: ['sharesAccountWithSources: true'] }))).toEqual([]);
    expect(codesOf(writtenOnAws({ restore, sandbox: ['sharesAccountWithSources: false'] }))).toEqual([
      'shared-account',
    ]);
  });

  it('do not contradict each other', () => {
    const source = 'arn:aws:rds:eu-west-1:333333333333:db:orders';
    expect(codesAt(writtenOnAws({ source, restore: [OTHER_ACCOUNT] }))).toEqual(["bad-account at '111111111111'"]);
    const role = 'arn:aws:iam::333333333333:role/drillbook';
    expect(codesAt(writtenOnAws({ sandbox: [`role: ${role}`] }))).toEqual([`bad-account at ${role}`]);
  });

  it('that share snapshots share no point in time', () => {
    const within = (to: string, ...more: string[]) =>
      writtenOnAws({ restore: [`recoveryPoint: { to: ${to} }`, ...more] });
    expect(codesOf(within('latest', OTHER_ACCOUNT))).toEqual(['no-point-in-time']);
    expect(codesOf(within('2026-11-20T03:00:00Z', OTHER_ACCOUNT))).toEqual(['no-point-in-time']);
    expect(codesOf(within('backup-end', OTHER_ACCOUNT))).toEqual([]);
    expect(codesOf(within('latest'))).toEqual([]);
    const own = within('latest', "sourceAccount: '222222222222'");
    expect(codesOf(own.replace('  region', '  sharesAccountWithSources: true\n  region'))).toEqual([]);
  });

  it.each([
    'drillbook',
    'arn:aws:iam::222222222222:user/x',
    'arn:aws:iam::222222222222:role/',
    'arn:aws:sts::222222222222:assumed-role/x/y',
  ])('are not entered as %s', (role) => {
    expect(codesOf(writtenOnAws({ sandbox: [`role: ${role}`] }))).toEqual(['bad-arn']);
  });

  it('are entered by roles with a path, in every partition', () => {
    for (const role of ['arn:aws:iam::222222222222:role/teams/sre/drill.book', 'arn:aws-cn:iam::222222222222:role/x']) {
      expect(runbookOf(writtenOnAws({ sandbox: [`role: ${role}`] })).sandbox).toMatchObject({ role });
    }
  });
});

describe('what belongs to the other place', () => {
  it.each([
    ['account', 'in a local sandbox', written({ top: ["sandbox: { account: '222222222222' }"] }), /'provider: aws'/],
    ['region', 'in a local sandbox', written({ top: ['sandbox: { region: eu-west-1, provider: local }'] }), /aws/],
    ['role', 'in a local sandbox', written({ top: ['sandbox: { role: x }'] }), /aws/],
    ['isolation', 'on AWS', writtenOnAws({ sandbox: ['isolation: { minimum: L2 }'] }), /without any way out/],
    ['wal', 'on AWS', writtenOnAws({ restore: ['wal: ../wal'] }), /'recoveryPoint\.to'/],
    ['superuser', 'on AWS', writtenOnAws({ restore: ['superuser: admin'] }), /master user/],
    ['preload', 'on AWS', writtenOnAws({ restore: ['preload: [timescaledb]'] }), /'parameterGroup'/],
    ['live', 'on AWS', writtenOnAws({ restore: ['live: { host: x, user: y }'] }), /no manifest is recorded/],
    ['sourceAccount', 'of PostgreSQL', written({ restore: [OTHER_ACCOUNT] }), /kind 'rds'/],
    ['instanceClass', 'of PostgreSQL', written({ restore: ['instanceClass: db.t4g.medium'] }), /kind 'rds'/],
    ['parameterGroup', 'of PostgreSQL', written({ restore: ['parameterGroup: x'] }), /kind 'rds'/],
  ])("the key '%s' %s is unknown, and the hint says why", (key, _, text, hint) => {
    expect(codesAt(text)).toEqual([`unknown-key at ${key}`]);
    expect(hintsOf(text)[0]).toMatch(hint);
  });

  it.each(['constructor', 'toString', '__proto__'])("the key '%s' is unknown as any other is", (key) => {
    expect(hintsOf(writtenOnAws({ sandbox: [`${key}: 1`] }))[0]).toMatch(/^The keys known here are 'provider'/);
  });

  it('a resource is told once, at its kind', () => {
    const sandbox = "sandbox: { provider: aws, account: '222222222222', region: eu-west-1 }";
    expect(codesAt(written({ top: [sandbox] }))).toEqual(['wrong-provider at postgres']);
    const local = writtenOnAws({}).replace(/sandbox:\n( {2}.*\n){3}/, '');
    expect(codesAt(local)).toEqual(['wrong-provider at rds']);
    expect(codesAt(written({ top: ['sandbox: { provider: aws }'] }))).toEqual([
      'missing-key at sandbox',
      'missing-key at sandbox',
      'wrong-provider at postgres',
    ]);
  });

  it('a provider that nobody knows tells nothing about resources', () => {
    expect(codesAt(written({ top: ['sandbox: { provider: azure }'] }))).toEqual(['unknown-value at azure']);
    expect(hintsOf(written({ top: ['sandbox: { provider: azure }'] }))).toEqual(["Write 'local' or 'aws'."]);
    expect(codesOf(writtenOnAws({}).replace('provider: aws', 'provider: 5'))).toContain('unknown-key');
    expect(codesOf(written({ top: ['sandbox: aws'] }))).toEqual(['wrong-type']);
    expect(codesOf(written({ top: ['sandbox:'] }))).toEqual(['empty']);
  });

  it('a kind that nobody knows gets the list of those that are', () => {
    expect(hintsOf(written({}).replace('kind: postgres', 'kind: mongo'))).toEqual([
      "Write 'postgres', 'postgres-dump', 'mysql', 'sqlite', 'files' or 'rds'.",
    ]);
  });
});

describe('what a sandbox on AWS cannot do', () => {
  it.each(['user: app', 'user: app, password: { env: APP_PASSWORD }'])('log in as somebody else: %s', (login) => {
    const checks = [`{ smoke: app logs in, of: orders, kind: login, ${login} }`];
    expect(codesAt(writtenOnAws({ checks }))).toEqual(['no-credentials at user']);
    expect(codesOf(written({ checks }))).toEqual([]);
  });

  it('check for longer than a function may run', () => {
    expect(codesAt(writtenOnAws({ top: ['limits: { check: 841s }'] }))).toEqual(['check-too-long at 841s']);
    expect(codesOf(writtenOnAws({ top: ['limits: { check: 840s }'] }))).toEqual([]);
    expect(codesOf(written({ top: ['limits: { check: 15m }'] }))).toEqual([]);
  });

  it('name an instance after a resource with two hyphens in a row', () => {
    const twice = (text: string) => text.replaceAll('orders', 'my--orders').replace('source: my--orders', 'source: my');
    expect(codesAt(twice(writtenOnAws({})))).toEqual(['bad-name at my--orders']);
    expect(codesOf(twice(written({})))).toEqual([]);
  });

  it('outlive its expiry, by the limits that AWS has when none are written', () => {
    expect(codesAt(writtenOnAws({ sandbox: ['expiresAfter: 239m'] }))).toEqual(['does-not-fit at 239m']);
    expect(codesOf(writtenOnAws({ sandbox: ['expiresAfter: 4h'] }))).toEqual([]);
    expect(codesOf(writtenOnAws({ top: ['limits: { drill: 5h, teardown: 61m }'] }))).toEqual(['does-not-fit']);
    expect(codesOf(writtenOnAws({ sandbox: ['expiresAfter: 1h', 'colour: red'] }))).toEqual([
      'does-not-fit',
      'unknown-key',
    ]);
    // Whatever its sandbox says of its expiry is not known until it is one.
    const broken = writtenOnAws({ top: ['limits: { drill: 7h }'], sandbox: ['expiresAfter: 9h'] });
    expect(codesOf(broken.replace('  region: eu-west-1\n', ''))).toEqual(['missing-key']);
  });
});
