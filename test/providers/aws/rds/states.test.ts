import { describe, expect, test } from 'vitest';
import { meaningOf } from '../../../../src/providers/aws/rds/states.ts';

describe('the statuses of an RDS instance', () => {
  test.each(['available', 'storage-optimization', 'storage-initialization', 'storage-config-upgrade'])(
    "'%s' is usable, and RDS takes a modification in it",
    (status) => {
      expect(meaningOf(status)).toEqual({ kind: 'usable', isModifiable: true });
    },
  );

  test("'backing-up' is usable, and no modification is asked for in it", () => {
    expect(meaningOf('backing-up')).toEqual({ kind: 'usable', isModifiable: false });
  });

  test.each([
    'creating',
    'modifying',
    'rebooting',
    'starting',
    'configuring-enhanced-monitoring',
    'configuring-log-exports',
    'resetting-master-credentials',
    'renaming',
    'maintenance',
    'upgrading',
    'moving-to-vpc',
    'deleting',
  ])("'%s' is progress", (status) => {
    expect(meaningOf(status)).toEqual({ kind: 'progress', isKnown: true });
  });

  test.each(['incompatible-restore', 'restore-error'])(
    "'%s' ends a restore and speaks against the backup",
    (status) => {
      expect(meaningOf(status)).toMatchObject({ kind: 'failed', blames: 'backup' });
    },
  );

  test.each([
    'failed',
    'incompatible-network',
    'incompatible-option-group',
    'incompatible-parameters',
    'insufficient-capacity',
    'inaccessible-encryption-credentials',
    'inaccessible-encryption-credentials-recoverable',
    'storage-full',
    'stopped',
  ])("'%s' ends a restore and proves nothing about the backup", (status) => {
    expect(meaningOf(status)).toMatchObject({ kind: 'failed', blames: 'environment' });
  });

  test.each(['constructing', 'toString', '__proto__', ''])("'%s', which nobody knows, is progress", (status) => {
    expect(meaningOf(status)).toEqual({ kind: 'progress', isKnown: false });
  });
});
