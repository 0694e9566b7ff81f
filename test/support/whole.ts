import { test } from 'vitest';

/** Whether everything is to run that takes long and is held, in a shorter form, by other tests too. */
export const isWhole = process.env['DRILLBOOK_TESTS'] === 'whole';

/** A test of `npm run test:whole` alone. */
export const wholeTest = test.runIf(isWhole);

/** All cases for `npm run test:whole`, the first `few` for the test command: one of each class, so put those first. */
export function casesFor<const T>(cases: readonly T[], few = 1): readonly T[] {
  return isWhole ? cases : cases.slice(0, few);
}

/** How many random cases a property is tried on: all for `npm run test:whole`, an eighth of them for the test command. */
export function runsFor(all: number): number {
  return isWhole ? all : Math.ceil(all / 8);
}
