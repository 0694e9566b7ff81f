import { describe, expect, it } from 'vitest';
import {
  keyToCheck,
  refusalForKey,
  refusalOfSnapshot,
  type SnapshotFacts,
  useOfKey,
} from '../../../../src/providers/aws/rds/restorable.ts';

const SOUND: SnapshotFacts = {
  name: 'orders-1',
  engine: 'postgres',
  storageType: 'gp3',
  encrypted: false,
  status: 'available',
  percentProgress: 100,
  isShared: false,
  target: 'region',
};

describe('what can be restored', () => {
  it.each(['postgres', 'mysql', 'mariadb'])('accepts a whole snapshot of %s', (engine) => {
    expect(refusalOfSnapshot({ ...SOUND, engine })).toBeUndefined();
  });

  it.each<[string, Partial<SnapshotFacts>]>([
    ['one that tells neither progress nor target', { percentProgress: undefined, target: undefined }],
    ['an encrypted one of its own account', { encrypted: true, kmsKeyId: 'k' }],
    ['a shared one that is not encrypted', { isShared: true }],
  ])('accepts %s', (_, facts) => {
    expect(refusalOfSnapshot({ ...SOUND, ...facts })).toBeUndefined();
  });

  it.each<[string, Partial<SnapshotFacts>, string, RegExp]>([
    ['being made', { status: 'creating', percentProgress: 40 }, 'aws/snapshot-not-available', /'creating' at 40 %/],
    ['available in part', { percentProgress: 99 }, 'aws/snapshot-not-available', /99 %/],
    ['of no status', { status: undefined }, 'aws/snapshot-not-available', /of no status/],
    ['failed', { status: 'failed' }, 'aws/snapshot-failed', /failed to make/],
    ['of another engine', { engine: 'oracle-ee' }, 'aws/unsupported-engine', /'oracle-ee'/],
    ['of Aurora', { engine: 'aurora-postgresql' }, 'aws/unsupported-engine', /'aurora-postgresql'/],
    ['of unknown storage', { storageType: 'aurora-iopt1' }, 'aws/unsupported-storage', /'aurora-iopt1'/],
    ['on an Outpost', { target: 'outposts' }, 'aws/snapshot-elsewhere', /'outposts'/],
    ['shared and encrypted', { isShared: true, encrypted: true }, 'aws/shared-encrypted', /shared and encrypted/],
  ])('refuses a snapshot that is %s', (_, facts, code, words) => {
    const problem = refusalOfSnapshot({ ...SOUND, ...facts });
    expect(problem).toMatchObject({ code, blames: 'environment' });
    expect(problem?.message).toMatch(words);
  });
});

describe('the key of a backup', () => {
  it.each([
    ['Enabled', undefined],
    ['Disabled', /state 'Disabled'/],
    ['PendingDeletion', /'PendingDeletion', to be deleted at 2026-12-01T00:00:00.000Z/],
    ['PendingImport', /'PendingImport'/],
    ['Unavailable', /'Unavailable'/],
    [undefined, /'unknown'/],
  ])('in state %s', (state, words) => {
    const deletion = state === 'PendingDeletion' ? new Date('2026-12-01') : undefined;
    const problem = refusalForKey({ ...SOUND, encrypted: true, kmsKeyId: 'k' }, useOfKey(state, deletion));
    if (words === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatchObject({ code: 'aws/key-unusable', message: expect.stringMatching(words) as string });
  });

  it('speaks against nothing when it may not be looked at', () => {
    expect(refusalForKey(SOUND, { kind: 'unknown' })).toBeUndefined();
  });

  it('is looked at only where there is one of the account', () => {
    expect(keyToCheck({ ...SOUND, encrypted: true, kmsKeyId: 'k' })).toBe('k');
    expect(keyToCheck({ ...SOUND, encrypted: false, kmsKeyId: 'k' })).toBeUndefined();
    expect(keyToCheck({ ...SOUND, encrypted: true, encryptionType: 'sse-rds', kmsKeyId: 'k' })).toBeUndefined();
  });
});
