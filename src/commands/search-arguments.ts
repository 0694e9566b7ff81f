import { parseMoment } from '../runbook/moment.ts';
import type { Instant } from '../support/time.ts';
import type { RecoveryPointOptions } from './recovery-points.ts';

/** The options of `recovery-points` as the shell gave them. */
interface WrittenSearch {
  readonly reports: string;
  readonly json?: boolean;
  readonly recorded?: boolean;
  readonly source?: string;
  readonly after?: string;
  readonly before?: string;
  readonly tag?: string;
  readonly consistency?: string;
  readonly proven?: boolean;
  readonly unproven?: boolean;
}

/** What is looked for among recovery points, or a sentence that says what is wrong. */
export function parseSearchArguments(written: WrittenSearch): RecoveryPointOptions | { readonly refusal: string } {
  const { after, before, tag, consistency, proven = false, unproven = false, ...rest } = written;
  const [from, until] = [momentOrDay(after), momentOrDay(before)];
  for (const [option, text, moment] of [
    ['--after', after, from],
    ['--before', before, until],
  ] as const) {
    if (text !== undefined && moment === undefined) {
      return {
        refusal: `'${text}' is no moment\nhint: Write ${option} like '2026-11-20' or '2026-11-20T03:00:00Z', with its zone.`,
      };
    }
  }
  const kind = (['application', 'crash'] as const).find((one) => one === consistency);
  if (consistency !== undefined && kind === undefined) {
    return { refusal: `there is no consistency '${consistency}'\nhint: Write 'application' or 'crash'.` };
  }
  if (proven && unproven) {
    return { refusal: "nothing is both '--proven' and '--unproven'\nhint: Leave one of them out, or both for all." };
  }
  const search = {
    ...(from !== undefined && { after: from }),
    ...(until !== undefined && { before: until }),
    ...(tag !== undefined && { tag }),
    ...(kind !== undefined && { consistency: kind }),
    ...(proven !== unproven && { proven }),
  };
  return { ...rest, search };
}

/** A day is its midnight in UTC. */
export function momentOrDay(text: string | undefined): Instant | undefined {
  if (text === undefined) return undefined;
  return parseMoment(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
}
