import { resolve } from 'node:path';

import { must } from './must.ts';
import type { SecretRef } from './restore-spec.ts';

/** Where a secret is to be read, as an absolute path where it is a file. */
export function secretRef(written: { readonly env?: string; readonly file?: string }, folder: string): SecretRef {
  return written.env === undefined ? { file: resolve(folder, must(written.file, 'secret')) } : { env: written.env };
}
