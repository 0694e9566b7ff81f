import { describe, expect, it } from 'vitest';
import { earliestRemoval, timesOf } from '../../../../src/providers/aws/rds/snapshot-times.ts';

const DATA = new Date('2026-11-01T02:59:00Z');
const FIRST_MADE = new Date('2026-11-01T03:00:00Z');
const CREATED = new Date('2026-11-10T12:00:00Z');

describe('the moments of a snapshot', () => {
  it.each([
    [
      'its last transaction, where RDS tells it',
      { SnapshotDatabaseTime: DATA, OriginalSnapshotCreateTime: FIRST_MADE, SnapshotCreateTime: CREATED },
      DATA,
      /^SnapshotDatabaseTime/,
    ],
    [
      'when it was first made, else',
      { OriginalSnapshotCreateTime: FIRST_MADE, SnapshotCreateTime: CREATED },
      FIRST_MADE,
      /^OriginalSnapshotCreateTime/,
    ],
    ['when it was made, in default of both', { SnapshotCreateTime: CREATED }, CREATED, /^SnapshotCreateTime \(/],
    [
      'when it was copied, in default of both, and doubts it',
      { SnapshotCreateTime: CREATED, SourceDBSnapshotIdentifier: 'arn:aws:rds:eu-west-1:1:snapshot:x' },
      CREATED,
      /^SnapshotCreateTime of a copy \(doubtful/,
    ],
  ])('takes %s', (_, snapshot, capturedAt, source) => {
    expect(timesOf(snapshot)).toMatchObject({
      capturedAt: capturedAt.toISOString(),
      capturedAtSource: expect.stringMatching(source) as string,
      availableAt: CREATED.toISOString(),
    });
  });

  it('never makes a snapshot available before the moment it holds', () => {
    const times = timesOf({ SnapshotDatabaseTime: CREATED, SnapshotCreateTime: DATA });
    expect(times?.availableAt).toBe(CREATED.toISOString());
  });

  it('knows nothing of one without any time', () => {
    expect(timesOf({ DBSnapshotIdentifier: 'x' })).toBeUndefined();
  });
});

describe('when RDS removes a snapshot', () => {
  it.each([
    [
      'an automated one after the retention',
      { SnapshotType: 'automated', SnapshotCreateTime: CREATED },
      7,
      '2026-11-17T12:00:00.000Z',
    ],
    ['a manual one never', { SnapshotType: 'manual', SnapshotCreateTime: CREATED }, 7, undefined],
    [
      'an automated one of unknown retention: unknown',
      { SnapshotType: 'automated', SnapshotCreateTime: CREATED },
      undefined,
      undefined,
    ],
  ])('%s', (_, snapshot, days, expected) => {
    expect(earliestRemoval(snapshot, days)).toBe(expected);
  });
});
