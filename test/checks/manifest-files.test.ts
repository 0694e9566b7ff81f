import { describe, expect, it } from 'vitest';
import { manifestCheck } from '../../src/checks/manifest.ts';
import type { FilesManifest } from '../../src/checks/manifest-format.ts';
import type { TreeEntry } from '../../src/probe/observation.ts';
import { aContext, common, unreachableServer } from '../support/check-builder.ts';

const spec = { ...common, kind: 'manifest' as const, database: '', file: '/manifests/{recoveryPoint}.json' };
const one: TreeEntry = { path: 'a/one', bytes: 3, sha256: '11', mode: 0o640 };
const two: TreeEntry = { path: 'two', bytes: 5, sha256: '22', mode: 0o644 };

function aFilesManifest(change: Partial<FilesManifest> = {}): FilesManifest {
  return { manifest: 1, kind: 'files', moment: { recoveryPointId: 'monday' }, entries: [one, two], ...change };
}

function judge(entries: readonly TreeEntry[], manifest = aFilesManifest()) {
  return manifestCheck.judge(spec, { kind: 'tree', entries }, aContext({ manifest }));
}

describe('a manifest of files', () => {
  it('asks for every file, in a restore of its own recovery point', () => {
    expect(manifestCheck.prepare(spec, aContext({ manifest: aFilesManifest() }))).toEqual({ kind: 'tree' });
    expect(judge([two, one])).toMatchObject({ outcome: 'passed', observed: 'no difference in 2 files' });
  });

  it.each([
    ['of another recovery point', { recoveryPointId: 'tuesday' }, "recovery point 'tuesday'"],
    ['of no recovery point that it knows', {}, 'does not say'],
  ])('is skipped when it is %s', (_what, moment, because) => {
    const context = aContext({ manifest: aFilesManifest({ moment }) });
    const skipped = { outcome: 'skipped', because: expect.stringContaining(because) as string };
    expect(manifestCheck.prepare(spec, context)).toMatchObject(skipped);
    expect(manifestCheck.judge(spec, { kind: 'tree', entries: [one, two] }, context)).toMatchObject(skipped);
  });

  it.each<[string, readonly TreeEntry[], string]>([
    ['is missing', [one], "'two' is missing"],
    ['is too much', [one, two, { ...one, path: 'x' }], "'x' is not in the manifest"],
    ['is shorter', [one, { ...two, bytes: 4, sha256: '23' }], "'two' has 4 bytes instead of 5"],
    ['is another', [one, { ...two, sha256: '23' }], "'two' has the same size, but other contents"],
    ['may be read by others', [{ ...one, mode: 0o666 }, two], "'a/one' has permissions 0666 instead of 0640"],
  ])('fails when a file %s', (_what, entries, because) => {
    expect(judge(entries)).toMatchObject({ outcome: 'failed', because });
  });

  it('names the first differences only, and counts the others', () => {
    const others = Array.from({ length: 9 }, (_, index) => ({ ...one, path: `x${index}` }));
    expect(judge([one, two, ...others])).toMatchObject({ because: expect.stringMatching(/; and 4 more$/) as string });
  });

  it('fails when it lists nothing, for then nothing was compared', () => {
    expect(judge([], aFilesManifest({ entries: [] }))).toMatchObject({ outcome: 'failed' });
  });

  it('compares what a list of checksums knows, without the list itself', () => {
    const list = aFilesManifest({
      listedIn: 'SUMS',
      entries: [one, two, { path: 'SUMS', sha256: '00' }].map(({ path, sha256 }) => ({ path, sha256 })),
    });
    expect(judge([one, two, { ...one, path: 'SUMS' }], list)).toMatchObject({ outcome: 'passed' });
    expect(judge([one, { ...two, sha256: '23', bytes: 9 }], list)).toMatchObject({
      because: "'two' has other contents",
    });
  });

  it('is errored where the files could not be looked at', () => {
    const observation = { kind: 'unobservable' as const, problem: unreachableServer };
    expect(manifestCheck.judge(spec, observation, aContext({ manifest: aFilesManifest() }))).toMatchObject({
      outcome: 'errored',
    });
  });
});
