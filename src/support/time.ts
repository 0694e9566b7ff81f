/** A duration in milliseconds. */
export type Millis = number;

/** A moment in UTC, ISO 8601 with milliseconds and a trailing `Z`, e.g. `2026-11-20T03:00:00.000Z`. */
export type Instant = string;

/** The instant of a number of milliseconds since the epoch. */
export function instantOf(epochMillis: number): Instant {
  return new Date(epochMillis).toISOString();
}

/** Milliseconds since the epoch of an instant. */
export function epochMillisOf(instant: Instant): number {
  return Date.parse(instant);
}

/** `later - earlier`; negative when the arguments are the other way round. */
export function millisBetween(earlier: Instant, later: Instant): Millis {
  return epochMillisOf(later) - epochMillisOf(earlier);
}

/** The instant `millis` after `instant`. */
export function addMillis(instant: Instant, millis: Millis): Instant {
  return instantOf(epochMillisOf(instant) + millis);
}
