import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/report/report.ts';
import { type RealEstate, emptyEstate } from '../support/real-estate.ts';

let estate: RealEstate;

beforeAll(async () => {
  estate = await emptyEstate();
});
afterAll(async () => estate.remove());

/** Nobody listens on port 1. */
const NOBODY = {
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
};

function runbookText(name: string, role?: string): string {
  return `runbook: ${name}
sandbox:
  provider: aws
  account: '123456789012'
  region: eu-west-1
  sharesAccountWithSources: true${role === undefined ? '' : `\n  role: ${role}`}
restore:
  orders: { kind: rds, source: orders-production, database: shop }
checks:
  - { integrity: every index is sound, of: orders, kind: structure }
`;
}

/** Runs a drill to its end. */
async function runWhereNobodyAnswers(name: string, role?: string) {
  const file = join(estate.folder, 'runbooks', `${name}.yaml`);
  await writeFile(file, runbookText(name, role));
  const ended = await estate.drillbook(['run', file], { env: { ...process.env, AWS_PROFILE: '', ...NOBODY } });
  const [folder = ''] = (await readdir(join(estate.folder, 'reports'))).filter((id) => id.startsWith(`${name}-`));
  const text = await readFile(join(estate.folder, 'reports', folder, 'report.json'), 'utf8');
  return { ...ended, report: JSON.parse(text) as Report };
}

test('where nobody answers, a drill says so in less than 20 s, with nothing made: exit 3', async () => {
  const role = 'arn:aws:iam::123456789012:role/drills';
  const ended = await Promise.all([runWhereNobodyAnswers('own-keys'), runWhereNobodyAnswers('by-role', role)]);
  for (const { code, stdout, stderr, report } of ended) {
    expect(code, stderr).toBe(3);
    expect(stdout + stderr).toMatch(/ECONNREFUSED[^]*hint +Look at the network and the proxy/);
    expect(report).toMatchObject({
      verdict: 'inconclusive',
      finished: true,
      problems: [{ code: 'aws/unreachable' }],
      teardown: { outcome: 'clean', created: 0, left: [] },
    });
    expect(Date.parse(report.finishedAt) - Date.parse(report.startedAt)).toBeLessThan(20_000);
  }
});
