import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RealEstate, realEstate } from '../support/real-estate.ts';

let estate: RealEstate;

beforeAll(async () => {
  estate = await realEstate();
});
afterAll(async () => {
  await estate.remove();
});

/** Writes the address of every module that a process and its children load into the file that LOADED names. */
const LISTING_HOOK = moduleOf(`
  import { appendFileSync } from 'node:fs';
  export async function load(url, context, next) {
    try { appendFileSync(process.env.LOADED, url + '\\n'); } catch { /* inside a sandbox the file is out of reach */ }
    return next(url, context);
  }`);
const LISTING = moduleOf(`import { register } from 'node:module'; register(${JSON.stringify(LISTING_HOOK)});`);

function moduleOf(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Modules of the AWS SDK that a command loads, and its exit code. */
async function sdkModulesOf(args: readonly string[]): Promise<{ code: number | null; sdk: readonly string[] }> {
  const list = join(estate.folder, 'loaded.txt');
  await writeFile(list, '');
  const listing = { NODE_OPTIONS: `--import ${LISTING}`, LOADED: list };
  const { code } = await estate.drillbook(args, { env: { ...process.env, ...WITHOUT_CREDENTIALS, ...listing } });
  const loaded = (await readFile(list, 'utf8')).split('\n');
  expect(loaded.some((url) => url.endsWith('/dist/cli.js'))).toBe(true);
  return { code, sdk: loaded.filter((url) => /@aws-sdk|@smithy/.test(url)) };
}

/** So that nothing is asked of a real account, whoever runs the tests. */
const WITHOUT_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_PROFILE: '',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
};

const ON_AWS = `runbook: on-aws
sandbox: { provider: aws, account: '123456789012', region: eu-west-1, sharesAccountWithSources: true }
restore:
  orders: { kind: rds, source: orders-production, database: shop }
checks:
  - { integrity: every index is sound, of: orders, kind: structure }
`;

test('a drill on this machine loads nothing of the AWS SDK, which a runbook on AWS does', async () => {
  const local = await sdkModulesOf(['run', await estate.runbook('local', { pick: 'base/01-opening' })]);
  expect(local).toEqual({ code: 0, sdk: [] });
  const file = join(estate.folder, 'runbooks', 'on-aws.yaml');
  await writeFile(file, ON_AWS);
  const aws = await sdkModulesOf(['recovery-points', file]);
  expect(aws.code).toBe(3);
  expect(aws.sdk.join()).toMatch(/@aws-sdk\/client-sts/);
});
