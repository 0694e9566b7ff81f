/**
 * The number that a server's decimal text stands for, or the text itself where a double cannot hold it exactly. What the
 * server itself keeps as a double is exact by nature.
 */
export function exactNumber(text: string, isDouble: boolean): number | string {
  const value = Number(text);
  return Number.isFinite(value) && (isDouble || isExact(value, text)) ? value : text;
}

function isExact(value: number, text: string): boolean {
  if (!text.includes('.')) return Number.isSafeInteger(value);
  // 19.50 is 19.5; what has more digits than a double can tell apart is not what it reads as.
  return String(value) === text.replace(/\.?0+$/, '');
}
