import type { FilesCheck } from '../runbook/check-spec.ts';
import type { CheckKind } from './check.ts';
import { counted, firstFew, notAsked } from './judgements.ts';

/** So many files and bytes, all of them readable, and those that must be there among them. */
export const filesCheck: CheckKind<FilesCheck> = {
  prepare({ glob, contains }) {
    return { kind: 'files', contains, ...(glob !== undefined && { glob }) };
  },
  judge(spec, observation) {
    const expected = expectationOf(spec);
    if (observation.kind !== 'files') return notAsked(observation, expected);
    const { files, bytes, missing, faults } = observation;
    const observed = `${counted(files, 'file')}, ${counted(bytes, 'byte')}`;
    const reasons = [
      ...faults.map(({ path, fault }) => `'${path}': ${fault}`),
      ...missing.map((path) => `'${path}' is not there`),
      ...(files < spec.atLeast ? ['there are too few files'] : []),
      ...(files === 0 ? ['no file was looked at'] : []),
      ...(spec.atMost !== undefined && files > spec.atMost ? ['there are too many files'] : []),
      ...(spec.bytesAtLeast !== undefined && bytes < spec.bytesAtLeast ? ['they hold too few bytes'] : []),
    ];
    if (reasons.length > 0) return { outcome: 'failed', observed, expected, because: firstFew(reasons) };
    return { outcome: 'passed', observed, expected };
  },
};

function expectationOf({ glob, atLeast, atMost, bytesAtLeast, contains }: FilesCheck): string {
  const number = atMost === undefined ? `at least ${counted(atLeast, 'file')}` : `${atLeast} to ${atMost} files`;
  return [
    glob === undefined ? number : `${number} that match '${glob}'`,
    ...(bytesAtLeast === undefined ? [] : [`at least ${counted(bytesAtLeast, 'byte')}`]),
    ...(contains.length === 0 ? [] : [`${counted(contains.length, 'file')} by name`]),
  ].join(', ');
}
