/** What random draws say about the recovery points that were not drawn. */
export interface Confidence {
  readonly passed: number;
  readonly draws: number;
  /** At least this share of all recovery points restores, with 95 % confidence; from 0 to 1. */
  readonly lowerBound: number;
}

/** How often a statement like this may be wrong. */
const ERROR = 0.05;

/**
 * The exact one-sided lower bound (Clopper and Pearson, 1934) of a share of which `passed` of `draws` were seen: the
 * greatest share with which so many would still pass no oftener than one time in twenty.
 *
 * @returns `undefined` without any draw: then nothing can be said
 */
export function confidenceOf({ passed, draws }: Pick<Confidence, 'passed' | 'draws'>): Confidence | undefined {
  if (draws === 0) return undefined;
  return { passed, draws, lowerBound: passed === draws ? ERROR ** (1 / draws) : lowerBound(passed, draws) };
}

/** By bisection: that so many or more pass becomes the likelier, the greater the share is. */
function lowerBound(passed: number, draws: number): number {
  if (passed === 0) return 0;
  let [low, high] = [0, passed / draws];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (atLeast(passed, draws, middle) < ERROR) low = middle;
    else high = middle;
  }
  return low;
}

/** How likely it is that `passed` or more of `draws` pass; in logarithms, since binomials outgrow every number. */
function atLeast(passed: number, draws: number, share: number): number {
  let [logChoose, sum] = [0, 0];
  for (let k = 0; k <= draws; k += 1) {
    if (k > 0) logChoose += Math.log(draws - k + 1) - Math.log(k);
    if (k >= passed) sum += Math.exp(logChoose + k * Math.log(share) + (draws - k) * Math.log1p(-share));
  }
  return sum;
}

/** As a clause; percentages are rounded down. */
export function confidenceInWords(confidence: Confidence | undefined): string {
  if (confidence === undefined) {
    return 'no random draw with a seed that nobody chose: nothing can be said of recovery points that were not drawn';
  }
  const { passed, draws, lowerBound } = confidence;
  const percent = Math.floor(lowerBound * 1_000) / 10;
  return `${passed} of ${draws} random draws restored: with 95 % confidence at least ${percent} % of recovery points restore`;
}
