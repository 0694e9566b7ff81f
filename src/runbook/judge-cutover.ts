import { type Finding, atKey, atValue, quoted } from './finding.ts';
import { plainName } from './normalise-cutover.ts';
import type { SoundRunbook } from './sound-runbook.ts';

/** What is said of a cutover: there is DNS to switch, and each record is switched once. */
export function judgeCutover({ provider, settings: { cutover } }: SoundRunbook): readonly Finding[] {
  if (cutover === undefined) return [];
  const misplaced: Finding = {
    code: 'wrong-provider',
    at: atKey('cutover'),
    message: "a cutover switches records of Route 53, which a sandbox of provider 'local' cannot reach",
    hint: "Leave 'cutover' out, or restore in a sandbox with 'provider: aws'.",
  };
  const names = cutover.records.map(({ name }) => plainName(name));
  return [
    ...(provider === 'local' ? [misplaced] : []),
    ...names.flatMap((name, index): readonly Finding[] => {
      if (names.indexOf(name) === index) return [];
      return [
        {
          code: 'duplicate-name',
          at: atValue('cutover', 'records', index, 'name'),
          message: `the record ${quoted(name)} is switched twice`,
          hint: 'Keep one of the two: a record leads to one resource.',
        },
      ];
    }),
  ];
}
