import { test } from 'vitest';

/** Whether everything is to run that takes long and is held, in a shorter form, by other tests too. */
export const isWhole = process.env['DRILLBOOK_TESTS'] === 'whole';

/** A test of `npm run test:whole` alone. */
export const wholeTest = test.runIf(isWhole);

/** All cases for `npm run test:whole`, the first of them for the test command. */
export function casesFor<T>(cases: readonly [T, ...T[]]): readonly T[] {
  return isWhole ? cases : cases.slice(0, 1);
}
