import { readFile } from 'node:fs/promises';
import type { Problem } from '../diagnostics/problem.ts';
import type { SecretRef } from '../runbook/restore-spec.ts';

/** The secret a runbook refers to, or why it cannot be had. A file's closing line end is not part of the secret. */
export async function readSecret(
  ref: SecretRef,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | Problem> {
  if ('env' in ref) {
    const secret = env[ref.env];
    if (secret !== undefined && secret !== '') return secret;
    return unreadable(`the environment variable '${ref.env}' is not set`, 'Set it where drillbook runs.');
  }
  try {
    return (await readFile(ref.file, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return unreadable(
      `unable to read the secret in '${ref.file}': ${code}`,
      'Put the secret there, readable for drillbook.',
    );
  }
}

function unreadable(message: string, hint: string): Problem {
  return { code: 'check/secret-unreadable', message, hint, blames: 'environment' };
}
