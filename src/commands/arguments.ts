import { parseDuration } from '../runbook/duration.ts';
import { instantOf } from '../support/time.ts';
import type { RunOptions } from './run.ts';

/** The options of `run` as the shell gave them. */
interface WrittenRunOptions {
  readonly seed?: string;
  readonly json?: boolean;
  readonly reports: string;
  readonly disasterAt?: string;
  readonly keepOnFailure?: string;
}

/** Times and durations of `run` in the form that the rest works with, or a sentence that says what is wrong. */
export function parseRunArguments(written: WrittenRunOptions): RunOptions | { readonly refusal: string } {
  const { disasterAt, keepOnFailure, ...rest } = written;
  const moment = disasterAt === undefined ? undefined : parseMoment(disasterAt);
  if (moment !== undefined && Number.isNaN(moment)) {
    return {
      refusal: `'${disasterAt}' is no moment\nhint: Write --disaster-at like '2026-11-20T03:00:00Z', with its zone.`,
    };
  }
  const keep = keepOnFailure === undefined ? undefined : parseDuration(keepOnFailure);
  if (keepOnFailure !== undefined && keep === undefined) {
    return { refusal: `'${keepOnFailure}' is no duration\nhint: Write --keep-on-failure like '30m' or '2h'.` };
  }
  return {
    ...rest,
    ...(moment !== undefined && { disasterAt: instantOf(moment) }),
    ...(keep !== undefined && { keepOnFailure: keep }),
  };
}

function parseMoment(text: string): number {
  return /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}
