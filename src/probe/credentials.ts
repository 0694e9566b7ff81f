import { readFile } from 'node:fs/promises';
import type { Problem } from '../diagnostics/problem.ts';

/** drillbook's own login on a restored server of this machine. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The login that a restore left for the probe, or why it cannot be had. */
export async function readCredentials(file: string): Promise<Credentials | Problem> {
  try {
    const read: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isCredentials(read)) return { user: read.user, password: read.password };
  } catch (error) {
    // Anything but a missing, unreadable or unfinished file is a bug; its text is not shown, for it may quote the file.
    if (!(error instanceof SyntaxError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
  }
  return {
    code: 'check/no-credentials',
    message: `unable to read the sandbox's credentials in '${file}'`,
    hint: 'The folder of the sandbox must stay as it is, and be readable for drillbook, until the drill has ended.',
    blames: 'environment',
  };
}

function isCredentials(value: unknown): value is Credentials {
  if (typeof value !== 'object' || value === null || !('user' in value) || !('password' in value)) return false;
  return typeof value.user === 'string' && typeof value.password === 'string';
}
