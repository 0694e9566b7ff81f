import type { FindGoodOptions } from './find-good.ts';
import { momentOrDay } from './search-arguments.ts';

/** The options of `find-good` as the shell gave them. */
interface WrittenFindGood {
  readonly check: string;
  readonly before?: string;
  readonly after?: string;
  readonly budget: string;
  readonly reports: string;
  readonly json?: boolean;
}

/** What is searched for and where, or a sentence that says what is wrong. */
export function parseFindGoodArguments(written: WrittenFindGood): FindGoodOptions | { readonly refusal: string } {
  const { before, after, budget, ...rest } = written;
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
  if (from !== undefined && until !== undefined && from >= until) {
    return { refusal: `nothing lies after '${after}' and before '${before}'\nhint: Exchange --after and --before.` };
  }
  if (!/^[1-9]\d{0,3}$/.test(budget)) {
    return {
      refusal: `'${budget}' is no number of drills\nhint: Write --budget like '10': at most that many are run.`,
    };
  }
  return {
    ...rest,
    budget: Number(budget),
    window: { ...(from !== undefined && { after: from }), ...(until !== undefined && { before: until }) },
  };
}
