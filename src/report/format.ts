import { type Instant, epochMillisOf } from '../support/time.ts';

/** A duration as people say it, e.g. `1 m 12 s`, `3 h 5 m`, `4.2 s`, `87 ms`; a negative one keeps its sign. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0) return `−${formatSeconds(-seconds)}`;
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  const [days, hours, minutes, rest] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  if (days > 0) return join([days, 'd'], [hours, 'h']);
  if (hours > 0) return join([hours, 'h'], [minutes, 'm']);
  return minutes > 0 ? join([minutes, 'm'], [rest, 's']) : `${rest} s`;
}

function join(...parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([value], index) => index === 0 || value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** A size as people say it, e.g. `3.4 MB` (powers of 1000). */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = bytes < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} ${units[power] ?? 'B'}`;
}

/** A moment for people, in UTC to the second: `2026-11-20 03:00:00 UTC`. What is no moment stays as it is. */
export function formatInstant(instant: Instant): string {
  return Number.isNaN(epochMillisOf(instant)) ? instant : `${instant.slice(0, 10)} ${instant.slice(11, 19)} UTC`;
}

/** `1 check`, `2 checks`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A phrase as a sentence: its first letter large, a full stop at its end. */
export function formatSentence(phrase: string): string {
  const text = phrase.trim();
  if (text === '') return '';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
