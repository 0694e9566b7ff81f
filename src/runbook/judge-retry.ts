import { DEFAULTS } from './defaults.ts';
import { parseDuration } from './duration.ts';
import { type Finding, atKey, atValue } from './finding.ts';
import type { SoundRunbook } from './sound-runbook.ts';

/** What is said of looking again: it can change something, and there is time for it. */
export function judgeRetry({ checks, settings, provider }: SoundRunbook): readonly Finding[] {
  const limit = settings.limits?.check ?? DEFAULTS[provider ?? 'local'].check;
  return checks.flatMap(({ index, check }): readonly Finding[] => {
    const { retry, integrity } = check;
    if (retry === undefined) return [];
    if (integrity !== undefined) return [retryOfIntegrity(index)];
    const [every, within] = [millis(retry.every ?? '1s'), millis(retry.within)];
    return [
      ...(within > millis(limit) ? [retryTooLong(index, retry.within, limit)] : []),
      ...(every > within ? [neverRetried(index, retry)] : []),
    ];
  });
}

function retryOfIntegrity(index: number): Finding {
  return {
    code: 'retry-of-integrity',
    at: atKey('checks', index, 'retry'),
    message: `'checks[${index}]' is an integrity check with 'retry', but what is wrong with restored data stays wrong`,
    hint: "Leave 'retry' out, and wait with a smoke check for whatever must first come up.",
  };
}

function retryTooLong(index: number, within: string, limit: string): Finding {
  return {
    code: 'retry-too-long',
    at: atValue('checks', index, 'retry', 'within'),
    message: `'checks[${index}]' may be tried for ${within}, but a check has ${limit} ('limits.check')`,
    hint: `Write ${limit} or less, or raise 'limits.check'.`,
  };
}

function neverRetried(index: number, { every = '1s', within }: { every?: string; within: string }): Finding {
  return {
    code: 'reversed-range',
    at: atValue('checks', index, 'retry', 'every'),
    message: `'checks[${index}]' is to be tried again after ${every}, when the ${within} that it has are over`,
    hint: "Make 'every' shorter than 'within'.",
  };
}

function millis(text: string): number {
  return parseDuration(text) ?? 0;
}
