import type { Instant, Millis } from '../support/time.ts';
import type { Pick } from './restore-spec.ts';
import type { NotificationTarget, Objectives } from './runbook.ts';

/** Which runbooks are drilled, when, and with which objectives. */
export interface Drill {
  readonly name: string;
  /** Absolute path of the file it was read from. */
  readonly file: string;
  /** Absolute paths, in the order in which they are drilled. */
  readonly runbooks: readonly string[];
  /** Where given, they stand in for those of the runbooks, one by one. */
  readonly objectives: Objectives;
  /** Where given, stands in for the selection of every resource of its runbooks. */
  readonly recoveryPoint?: { readonly pick?: Pick; readonly within?: Millis };
  /** Runbooks under way at once. */
  readonly concurrency: number;
  /** Absent: it is drilled on demand only. */
  readonly schedule?: Schedule;
  /** Who hears of its drills, besides those whom its runbooks name. */
  readonly notify: readonly NotificationTarget[];
}

/** When a drill is due, in its own timezone. */
export interface Schedule {
  readonly recurrence: Recurrence;
  /** IANA name; wall times, windows and blackouts are in it. */
  readonly timezone: string;
  /** A due time is put off by less than this, each by an amount that its drill's name and itself decide. */
  readonly jitter: Millis;
  /** A drill begins within one of them only; none: at any time. */
  readonly windows: readonly AllowedWindow[];
  /** No drill begins within them. */
  readonly blackouts: readonly Blackout[];
}

/** `at` is minutes since midnight, of wall time. A day past a month's end is its last one. */
export type Recurrence =
  | {
      readonly kind: 'quarter';
      readonly month: 1 | 2 | 3;
      readonly day: number | Weekday | 'last';
      readonly at: number;
    }
  | { readonly kind: 'month'; readonly day: number | 'last'; readonly at: number }
  | { readonly kind: 'week'; readonly weekday: Weekday; readonly at: number }
  | { readonly kind: 'day'; readonly at: number }
  /** Five fields, as crontab(5) has them. */
  | { readonly kind: 'cron'; readonly expression: string };

/** As a day of a quarter: the first one in its month. */
export type Weekday = 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday';

/** Hours in which drills may begin, minutes since midnight; `until` before `from` reaches into the next day. */
export interface AllowedWindow {
  /** The days on which it opens. */
  readonly days: readonly Weekday[];
  readonly from: number;
  readonly until: number;
}

/** From one moment to another, the latter not included. */
export interface Blackout {
  readonly from: Instant;
  readonly until: Instant;
  readonly because?: string;
}
