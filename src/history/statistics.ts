/** The value below which a share of the values lies, between neighbours by distance; `undefined` of nothing. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low === undefined || high === undefined ? undefined : low + (high - low) * (at - Math.floor(at));
}

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5) ?? Number.NaN;
}

/** Median distance from the median, times 1.4826: for values that are spread normally, their standard deviation. */
export function scaledMad(values: readonly number[]): number {
  const middle = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}

export type Point = readonly [x: number, y: number];

/** The line of least squares. `fit` is R², from 0 to 1; of values that are all the same it is 1. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
  readonly fit: number;
}

/** `undefined` unless the points differ in x. */
export function lineThrough(points: readonly Point[]): Line | undefined {
  const [x0, y0] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const sum = (of: (x: number, y: number) => number) => points.reduce((total, [x, y]) => total + of(x - x0, y - y0), 0);
  const [xx, xy, yy] = [sum((x) => x * x), sum((x, y) => x * y), sum((_, y) => y * y)];
  if (!(xx > 0)) return undefined;
  const slope = xy / xx;
  return { slope, intercept: y0 - slope * x0, fit: yy === 0 ? 1 : (xy * xy) / (xx * yy) };
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
