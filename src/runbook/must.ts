/** A value that validation has promised; its absence is a bug. */
export function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`'${what}' was found right, but cannot be read`);
  return value;
}
