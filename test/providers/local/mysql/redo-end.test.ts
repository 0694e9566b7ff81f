import { describe, expect, it } from 'vitest';
import { redoProblem } from '../../../../src/providers/local/mysql/redo-end.ts';

const CHECKPOINTS = 'backup_type = full-backuped\nfrom_lsn = 0\nto_lsn = 44744\nlast_lsn = 71921\n';
const output = (
  end: number,
): string => `2026-11-21 18:37:41 0 [Note] InnoDB: Starting crash recovery from checkpoint LSN=44744
2026-11-21 18:37:41 0 [Note] InnoDB: End of log at LSN=${end}
2026-11-21 18:37:41 0 [Note] InnoDB: To recover: 16 pages
[00] 2026-11-21 18:37:41 completed OK!
`;

describe('the log of a physical backup', () => {
  it('that is applied to its end is whole, and so is one that ends within its last block', () => {
    expect(redoProblem(CHECKPOINTS, output(71_921))).toBeUndefined();
    expect(redoProblem(CHECKPOINTS, output(71_921 - 511))).toBeUndefined();
  });

  it('that ends before is damaged, whatever the tool says of it', () => {
    expect(redoProblem(CHECKPOINTS, output(52_170))).toMatchObject({
      code: 'restore/redo-ended-early',
      blames: 'backup',
      message: expect.stringContaining('up to LSN 52170 alone') as string,
    });
  });

  it('of which nothing is told is not judged', () => {
    expect(redoProblem(CHECKPOINTS, 'completed OK!\n')).toBeUndefined();
    expect(redoProblem('backup_type = full-backuped\n', output(1))).toBeUndefined();
  });
});
