import { describe, expect, test } from 'vitest';
import { noteTags, readNotes, type RestoreNotes } from '../../../../src/providers/aws/rds/restore-notes.ts';

const notes: RestoreNotes = {
  recoveryPoint: 'rds:orders-2026-11-20-03-00',
  capturedAt: '2026-11-20T03:00:00.000Z',
  restoreTime: '2026-11-20T02:55:00.000Z',
  requestedAt: '2026-11-20T03:10:00.000Z',
  engineVersion: '16.4',
  sourceClass: 'db.r6g.large',
  vpcId: 'vpc-1',
  securityGroupId: 'sg-1',
  subnetGroupName: 'drillbook-data',
};

describe('the notes of a restore', () => {
  test('are read from the tags as they were written', () => {
    expect(readNotes(noteTags(notes))).toEqual(notes);
  });

  test('are read without what a snapshot of an unseen source does not have', () => {
    const { restoreTime: _, sourceClass: __, ...few } = notes;
    expect(readNotes(noteTags(few))).toEqual(few);
  });

  test.each(['id with "quotes", an ümlaut, 𝄞, = and %', `arn:aws:rds:eu-west-1:1:snapshot:${'s'.repeat(255)}`])(
    'hold the id %s within what RDS takes as a tag',
    (recoveryPoint) => {
      const tags = noteTags({ ...notes, recoveryPoint });
      for (const { Key, Value } of tags) {
        expect(Value).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u);
        expect(Key.length).toBeLessThanOrEqual(128);
      }
      expect(readNotes(tags)?.recoveryPoint).toBe(recoveryPoint);
    },
  );

  test.each(['recovery-point', 'captured-at', 'requested-at', 'vpc', 'security-group', 'subnet-group'])(
    'are none when %s is missing',
    (name) => {
      const tags = noteTags(notes).filter(({ Key }) => Key !== `drillbook:${name}`);
      expect(tags).toHaveLength(noteTags(notes).length - 1);
      expect(readNotes(tags)).toBeUndefined();
    },
  );
});
