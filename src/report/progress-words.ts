import { formatBytes, formatSeconds } from './format.ts';

/** How far work under way has come, and how long it has been watched. */
export interface Seen {
  readonly detail: string;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  /** Since the first look at this part of the work. */
  readonly seconds: number;
  /** What was done at that look. */
  readonly bytesAtFirst: number;
}

/** Before, a rate says little. */
const SECONDS_FOR_A_RATE = 0.5;
const SECONDS_FOR_AN_ESTIMATE = 3;

/** e.g. `restore:orders: copying, 120 MB of 1.2 GB, 40 MB/s, about 27 s left`; the estimate takes the rate to stay. */
export function progressInWords(step: string, { detail, bytesDone, bytesTotal, seconds, bytesAtFirst }: Seen): string {
  if (bytesDone === undefined) return `${step}: ${detail}`;
  const bytesPerSecond = seconds > SECONDS_FOR_A_RATE ? (bytesDone - bytesAtFirst) / seconds : undefined;
  const left = bytesTotal === undefined || !bytesPerSecond ? undefined : (bytesTotal - bytesDone) / bytesPerSecond;
  return [
    `${step}: ${detail}`,
    `${formatBytes(bytesDone)}${bytesTotal === undefined ? '' : ` of ${formatBytes(bytesTotal)}`}`,
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(left === undefined || left < 0 || seconds < SECONDS_FOR_AN_ESTIMATE
      ? []
      : [`about ${formatSeconds(Math.max(1, Math.round(left)))} left`]),
  ].join(', ');
}
