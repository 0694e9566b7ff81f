import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confidenceInWords, confidenceOf } from '../../src/catalog/confidence.ts';

describe('the lower bound of a share', () => {
  // Clopper–Pearson, one-sided 95 %, as tables print them (e.g. NIST/SEMATECH e-Handbook 7.2.4.1; Hahn and Meeker).
  it.each([
    [12, 12, 0.7791],
    [59, 59, 0.9505],
    [1, 1, 0.05],
    [9, 10, 0.6058],
    [18, 20, 0.7174],
    [4, 20, 0.0714],
    [0, 7, 0],
  ])('of %i of %i is %f', (passed, draws, bound) => {
    expect(confidenceOf({ passed, draws })?.lowerBound).toBeCloseTo(bound, 4);
  });

  it('is the share at which so many pass one time in twenty, for any number of draws', () => {
    const counts = fc
      .integer({ min: 1, max: 60 })
      .chain((draws) => fc.tuple(fc.integer({ min: 1, max: draws }), fc.constant(draws)));
    fc.assert(
      fc.property(counts, ([passed, draws]) => {
        const bound = confidenceOf({ passed, draws })?.lowerBound ?? Number.NaN;
        expect(tail(passed, draws, bound)).toBeCloseTo(0.05, 6);
        expect(bound).toBeLessThan(passed / draws);
      }),
      { numRuns: 60 },
    );
  });

  it('is none without a draw', () => {
    expect(confidenceOf({ passed: 0, draws: 0 })).toBeUndefined();
    expect(confidenceInWords(undefined)).toMatch(/nothing can be said/);
  });

  it('is told in words, rounded down', () => {
    expect(confidenceInWords(confidenceOf({ passed: 12, draws: 12 }))).toBe(
      '12 of 12 random draws restored: with 95 % confidence at least 77.9 % of recovery points restore',
    );
  });
});

/** Multiplied out from the other end: P(X ≥ passed) = 1 − Σ_{k < passed}, without logarithms. */
function tail(passed: number, draws: number, share: number): number {
  let [term, below] = [(1 - share) ** draws, 0];
  for (let k = 0; k < passed; k += 1) {
    below += term;
    term *= ((draws - k) / (k + 1)) * (share / (1 - share));
  }
  return 1 - below;
}
