import type { Report } from '../../report/report.ts';
import type { Occasion } from '../../runbook/runbook.ts';
import type { Instant } from '../../support/time.ts';

/** Something that people are told of, with all that a message says about it. */
export type Notice = DrillNotice | LateNotice | MissedNotice | StaleNotice;

/** How a drill ended. */
export interface DrillNotice {
  readonly occasion: Extract<Occasion, 'passed' | 'failed' | 'inconclusive' | 'leaked'>;
  readonly report: Report;
  /** Where the drill's report lies. */
  readonly folder: string;
}

/** A scheduled drill that began after its time, or still waits. */
export interface LateNotice {
  readonly occasion: 'late';
  readonly drill: string;
  readonly due: Instant;
  /** Absent: it has not begun yet. */
  readonly startedAt?: Instant;
  readonly because: string;
}

/** A scheduled drill that will never begin. */
export interface MissedNotice {
  readonly occasion: 'missed';
  readonly drill: string;
  readonly due: Instant;
  readonly because: string;
}

/** A runbook whose proof has grown too old, or holds no longer. */
export interface StaleNotice {
  readonly occasion: 'stale';
  readonly runbook: string;
  readonly owner?: string;
  /** When it was last verified; absent where it never was. */
  readonly verifiedAt?: Instant;
  readonly because: string;
}

/** Of what a finished drill gives reason to tell: its verdict and, besides, that something is left. */
export function drillNotices(report: Report, folder: string): readonly DrillNotice[] {
  const isLeaked = report.teardown.outcome === 'leaked';
  return [
    { occasion: report.verdict, report, folder },
    ...(isLeaked ? [{ occasion: 'leaked', report, folder } as const] : []),
  ];
}

/** What a notice is about, so that the same thing has the same id however often it is told. */
export function subjectOf(notice: Notice): readonly string[] {
  switch (notice.occasion) {
    case 'late':
    case 'missed':
      return [notice.drill, notice.due];
    case 'stale':
      return [notice.runbook, notice.verifiedAt ?? 'never', notice.because];
    default:
      return [notice.report.drillId];
  }
}
