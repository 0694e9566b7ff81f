import type { Observation, ObservationRequest, TreeEntry } from '../probe/observation.ts';
import type { CheckContext, Judgement } from './check.ts';
import { counted, firstFew, notAsked } from './judgements.ts';
import type { FilesManifest, ListedFile } from './manifest-format.ts';

/** What to look at for a manifest of files; it is compared with a restore of its own recovery point only. */
export function prepareFiles(manifest: FilesManifest, context: CheckContext): ObservationRequest | Judgement {
  return otherMoment(manifest, context) ?? { kind: 'tree' };
}

/** Whether the restored files are those of a manifest, and no others. */
export function judgeFiles(manifest: FilesManifest, observation: Observation, context: CheckContext): Judgement {
  const skipped = otherMoment(manifest, context);
  if (skipped) return skipped;
  const expected = `${counted(manifest.entries.length, 'file')} with their checksums, and no others`;
  if (observation.kind !== 'tree') return notAsked(observation, expected);
  const differences = compareFiles(manifest, observation.entries);
  const found = differences.length === 0 ? 'no difference' : counted(differences.length, 'difference');
  const observed = `${found} in ${counted(observation.entries.length, 'file')}`;
  if (differences.length > 0) return { outcome: 'failed', observed, expected, because: firstFew(differences) };
  if (manifest.entries.length > 0) return { outcome: 'passed', observed, expected };
  return { outcome: 'failed', observed, expected, because: 'the manifest lists no file, so nothing was compared' };
}

function otherMoment({ moment }: FilesManifest, { restored }: CheckContext): Judgement | undefined {
  const { at, recoveryPointId } = moment;
  if (recoveryPointId === restored.recoveryPointId) return undefined;
  const described =
    recoveryPointId === undefined
      ? 'does not say which recovery point it describes'
      : `describes recovery point '${recoveryPointId}'${at === undefined ? '' : ` at ${at}`}`;
  return {
    outcome: 'skipped',
    observed: 'nothing',
    expected: 'the files of the manifest',
    because: `the manifest ${described}, and '${restored.recoveryPointId}' was restored`,
  };
}

/** Each difference as a sentence: what is missing or differs in the manifest's order, then what is too much. */
function compareFiles({ entries, listedIn }: FilesManifest, actual: readonly TreeEntry[]): readonly string[] {
  const left = new Map(actual.map((entry) => [entry.path, entry]));
  if (listedIn !== undefined) left.delete(listedIn);
  const differences: string[] = [];
  for (const expected of entries) {
    if (expected.path === listedIn) continue;
    const difference = differenceOf(expected, left.get(expected.path));
    if (difference !== undefined) differences.push(`'${expected.path}' ${difference}`);
    left.delete(expected.path);
  }
  return [...differences, ...[...left.keys()].map((path) => `'${path}' is not in the manifest`)];
}

function differenceOf(expected: ListedFile, actual: TreeEntry | undefined): string | undefined {
  if (actual === undefined) return 'is missing';
  const { bytes, sha256, mode } = expected;
  if (bytes !== undefined && bytes !== actual.bytes) return `has ${counted(actual.bytes, 'byte')} instead of ${bytes}`;
  if (sha256 !== actual.sha256)
    return bytes === undefined ? 'has other contents' : 'has the same size, but other contents';
  if (mode === undefined || mode === actual.mode) return undefined;
  return `has permissions ${octal(actual.mode)} instead of ${octal(mode)}`;
}

function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`;
}
