import type { Millis } from '../support/time.ts';

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `15m`, `2h`, `30d` in milliseconds; `undefined` for anything else, zero included. */
export function parseDuration(text: string): Millis | undefined {
  const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/** Whole seconds in the fewest units, e.g. `1h10m`. */
export function formatDuration(millis: Millis): string {
  let rest = millis;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / UNITS[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * UNITS[unit];
  }
  return text === '' ? '0s' : text;
}
