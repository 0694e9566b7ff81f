import { parseDuration } from '../runbook/duration.ts';
import { instantOf } from '../support/time.ts';
import type { RunOptions } from './run.ts';
import type { ScheduleOptions } from './schedule.ts';

/** The options of `run` as the shell gave them. */
interface WrittenRunOptions {
  readonly seed?: string;
  readonly json?: boolean;
  readonly reports: string;
  readonly disasterAt?: string;
  readonly keepOnFailure?: string;
  readonly proveChecks?: boolean;
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

/** The options of `schedule` as the shell gave them. */
interface WrittenSchedule {
  readonly reports: string;
  readonly once?: boolean;
  readonly list?: boolean;
  readonly json?: boolean;
  readonly listen?: string;
}

/** The address of `schedule` in its parts, or a sentence that says what is wrong. */
export function parseScheduleArguments(written: WrittenSchedule): ScheduleOptions | { readonly refusal: string } {
  const { listen, ...rest } = written;
  if (rest.once && rest.list) {
    return { refusal: "'--once' drills and '--list' only lists\nhint: Leave one of them out." };
  }
  if (listen === undefined) return rest;
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    return { refusal: `'${listen}' is no address\nhint: Write --listen like '127.0.0.1:9464'.` };
  }
  return { ...rest, listen: { host, port } };
}
