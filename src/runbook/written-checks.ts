import { type Static, Type } from '@sinclair/typebox';

import { dataChecks } from './written-data-checks.ts';
import { filesChecks } from './written-files-checks.ts';
import { programChecks } from './written-program-checks.ts';

const kinds = [...dataChecks, ...filesChecks, ...programChecks] as const;

/** A check as people write it. */
export type WrittenCheck = Static<(typeof kinds)[number]>;

export const writtenCheck = Type.Unsafe<WrittenCheck>({
  type: 'object',
  discriminator: { propertyName: 'kind' },
  oneOf: kinds,
  description: 'Something that must be true of a restored resource: a smoke check or an integrity check.',
});
