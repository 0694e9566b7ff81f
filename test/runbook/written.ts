import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { parseRunbook } from '../../src/runbook/parse-runbook.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';

/** A valid runbook with these checks beside a structure check, and these lines beside the resource's own. */
export function written({
  checks = [],
  restore = [],
  top = [],
}: {
  checks?: string[];
  restore?: string[];
  top?: string[];
}): string {
  return [
    'runbook: shop',
    ...top,
    'restore:',
    '  orders:',
    '    kind: postgres',
    '    source: ../backups',
    ...restore.map((line) => `    ${line}`),
    'checks:',
    '  - { integrity: every index is sound, of: orders, kind: structure }',
    ...checks.map((check) => `  - ${check}`),
    '',
  ].join('\n');
}

/** A valid runbook of an RDS instance with these lines and checks beside its own. */
export function writtenOnAws({
  account = "'222222222222'",
  source = 'orders-production',
  sandbox = [],
  restore = [],
  checks = [],
  top = [],
}: {
  account?: string;
  source?: string;
  sandbox?: string[];
  restore?: string[];
  checks?: string[];
  top?: string[];
}): string {
  return [
    'runbook: shop',
    ...top,
    'sandbox:',
    '  provider: aws',
    `  account: ${account}`,
    '  region: eu-west-1',
    ...sandbox.map((line) => `  ${line}`),
    'restore:',
    '  orders:',
    '    kind: rds',
    `    source: ${source}`,
    '    database: shop',
    ...restore.map((line) => `    ${line}`),
    'checks:',
    '  - { integrity: every index is sound, of: orders, kind: structure }',
    ...checks.map((check) => `  - ${check}`),
    '',
  ].join('\n');
}

/** Parses as `/team/runbooks/shop.yaml`. */
export function diagnosticsOf(text: string): readonly Diagnostic[] {
  const parsed = parseRunbook({ text, file: '/team/runbooks/shop.yaml', sandboxFolder: '/sandboxes' });
  return parsed.kind === 'valid' ? [] : parsed.diagnostics;
}

/** The codes of all diagnostics, without their first part. */
export function codesOf(text: string): readonly string[] {
  return diagnosticsOf(text).map(({ code }) => code.replace('runbook/', ''));
}

/** The runbook of a text that is valid. */
export function runbookOf(text: string): Runbook {
  const parsed = parseRunbook({ text, file: '/team/runbooks/shop.yaml', sandboxFolder: '/sandboxes' });
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.diagnostics, null, 2));
  return parsed.runbook;
}
