import { describe, expect, it } from 'vitest';
import { parseReplayLog, classifyStartFailure } from '../../../../src/providers/local/postgres/server-log.ts';
import {
  newestTimeline,
  parseHistory,
  unreachableTimeline,
  wayTo,
} from '../../../../src/providers/local/postgres/timelines.ts';
import { continuesPast } from '../../../../src/providers/local/postgres/wal-end.ts';
import { planWal } from '../../../../src/providers/local/postgres/wal-plan.ts';
import {
  formatLsn,
  parseLsn,
  parseSegmentName,
  segmentName,
} from '../../../../src/providers/local/postgres/wal-position.ts';
import { parseZonedTime } from '../../../../src/providers/local/postgres/zoned-time.ts';

const MIB = 1024 * 1024;

describe('positions in the log', () => {
  it('are read and printed as PostgreSQL does', () => {
    expect(formatLsn(parseLsn('16/B374D848'))).toBe('16/B374D848');
    expect(parseSegmentName('000000020000000100000003', 16 * MIB)).toEqual({ timeline: 2, number: 259n });
    expect(segmentName({ timeline: 2, number: 259n }, 16 * MIB)).toBe('000000020000000100000003');
    expect(parseSegmentName('00000002.history', 16 * MIB)).toBeUndefined();
    expect(parseSegmentName('000000020000000100000003.partial', 16 * MIB)).toBeUndefined();
  });
});

describe('the way over timelines', () => {
  const history = parseHistory('1\t0/500000\tno recovery target specified\n\n2\t0/900000\tbefore 2026-01-01\n');

  it('goes from the backup through each fork to the newest timeline', () => {
    expect(wayTo(1, 3, history)).toEqual([
      { timeline: 1, end: 0x500000n },
      { timeline: 2, begin: 0x500000n, end: 0x900000n },
      { timeline: 3, begin: 0x900000n },
    ]);
    expect(wayTo(2, 2, [])).toEqual([{ timeline: 2 }]);
  });

  it('does not exist to a timeline that does not descend from the backup', () => {
    expect(wayTo(4, 5, history)).toBeUndefined();
  });

  it('ends on the last of an unbroken row of history files', () => {
    expect(newestTimeline(1, new Set(['00000002.history', '00000003.history', '00000005.history']))).toBe(3);
  });

  it('is lost where WAL lies behind a promotion of which no history tells, and not where it lies before the backup', () => {
    const archived = new Set([
      ...[3n, 4n].map((number) => segmentName({ timeline: 1, number }, MIB)),
      segmentName({ timeline: 2, number: 5n }, MIB),
      '00000003.history',
    ]);
    const question = { start: 0x300028n, segmentBytes: MIB, archived };
    expect(unreachableTimeline(1, question)).toBe(2);
    expect(unreachableTimeline(2, question)).toBeUndefined();
    expect(unreachableTimeline(1, { ...question, start: 0x600028n })).toBeUndefined();
  });

  it('takes the segment of a fork from the newer side, and asks for no more of the older one', () => {
    const names = (timeline: number, numbers: number[]): string[] =>
      numbers.map((n) => segmentName({ timeline, number: BigInt(n) }, MIB));
    const way = wayTo(1, 2, parseHistory('1\t0/500100\tx')) ?? [];
    const archived = new Set([...names(1, [3, 4, 5, 8]), ...names(2, [5, 6])]);
    const planned = planWal({ way, start: 0x300028n, toTheEnd: true, segmentBytes: MIB, archived, own: new Set() });
    expect(planned).toEqual({
      plan: { fromArchive: [...names(1, [3, 4]), ...names(2, [5, 6])], archiveEnd: 0x700000n },
    });
  });
});

describe('a record at the end of the archive', () => {
  const page = (at: bigint, remaining: number): Buffer => {
    const header = Buffer.alloc(8192);
    header.writeUInt16LE(1, 2);
    header.writeBigUInt64LE(at, 8);
    header.writeUInt32LE(remaining, 16);
    return header;
  };
  const question = { at: 0x1000n + 8000n, end: 0x4000n, segmentBytes: MIB, lastRecord: 0x1f00n };
  /** A log of 0x4000 bytes whose last record begins at `question.at`. */
  const logWith = (length: number, pages: Buffer[]): ((from: bigint, length: number) => Promise<Buffer>) => {
    const log = Buffer.concat([Buffer.alloc(0x2000), ...pages]);
    const at = Number(question.at);
    log.writeUInt32LE(length, at);
    log.writeBigUInt64LE(question.lastRecord, at + 8);
    return async (from, count) => Promise.resolve(log.subarray(Number(from), Number(from) + count));
  };
  // From `at` (0x2f40) to the end of its page (0x4000) lie 4288 bytes.
  const inPage = 0x4000 - 0x2f40;

  it('goes on past it when it is longer than what is left', async () => {
    expect(await continuesPast(question, logWith(inPage + 1, [Buffer.alloc(0x2000)]))).toBe(true);
  });

  it('does not when it ends before, is no record at all, or does not point back to the last one', async () => {
    expect(await continuesPast(question, logWith(inPage, [Buffer.alloc(0x2000)]))).toBe(false);
    expect(await continuesPast(question, logWith(0, [Buffer.alloc(0x2000)]))).toBe(false);
    expect(await continuesPast({ ...question, lastRecord: 1n }, logWith(inPage + 1, [Buffer.alloc(0x2000)]))).toBe(
      false,
    );
  });

  it('must be continued by every page in between', async () => {
    const longer = { ...question, end: 0x8000n };
    const length = inPage + 20_000;
    const pages = [Buffer.alloc(0x2000), page(0x4000n, 20_000), page(0x6000n, 20_000 - 8168)];
    expect(await continuesPast(longer, logWith(length, pages))).toBe(true);
    pages[2] = page(0x6000n, 5);
    expect(await continuesPast(longer, logWith(length, pages))).toBe(false);
  });
});

describe('the zone of a label', () => {
  it.each([
    ['2026-11-20 03:00:00 UTC', '2026-11-20T03:00:00.000Z'],
    ['2026-07-20 03:00:00 CEST', '2026-07-20T01:00:00.000Z'],
    ['2026-11-20 03:00:00 +0530', '2026-11-19T21:30:00.000Z'],
    ['2026-11-20 03:00:00 -03', '2026-11-20T06:00:00.000Z'],
    ['2026-11-20 03:00:00 IST', undefined],
  ])('%s is %s', (text, instant) => {
    expect(parseZonedTime(text)).toBe(instant);
  });
});

describe("a server's log", () => {
  it.each([
    [
      'FATAL:  could not restore image at 0/3000060 compressed with LZ4 not supported by build, block 0',
      'restore/engine-lacks-compression',
      'environment',
    ],
    ['FATAL:  could not locate required checkpoint record at 0/3000060', 'restore/wal-missing', 'backup'],
    ['FATAL:  WAL ends before end of online backup', 'restore/wal-missing', 'backup'],
    ["FATAL:  requested timeline 3 is not a child of this server's history", 'restore/wrong-timeline', 'backup'],
    ['FATAL:  database files are incompatible with server', 'restore/incompatible-engine', 'environment'],
    ['FATAL:  database locale is incompatible with operating system', 'restore/locale-missing', 'environment'],
    [
      'FATAL:  could not access file "timescaledb": No such file or directory',
      'restore/library-missing',
      'environment',
    ],
    [
      'FATAL:  could not map anonymous shared memory: Cannot allocate memory',
      'restore/not-enough-memory',
      'environment',
    ],
    [
      'PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device',
      'restore/not-enough-space',
      'environment',
    ],
    ['FATAL:  could not open file "pg_xact/0000": No such file or directory', 'restore/backup-damaged', 'backup'],
    ['FATAL:  something new', 'restore/server-did-not-start', 'environment'],
    ['', 'restore/server-did-not-start', 'environment'],
  ])('is understood: %s', (line, code, blames) => {
    const problem = classifyStartFailure(
      `2026-01-01 00:00:00 UTC [1] LOG:  starting\n2026-01-01 00:00:00 UTC [1] ${line}\n`,
    );
    expect(problem).toMatchObject({ code, blames });
    expect(problem.message).not.toContain('"');
    expect(problem.hint).toMatch(/\.$/);
  });

  it('tells of the replay before the promotion, and of nothing after it', () => {
    const log = [
      'LOG:  redo done at 0/5000148 system usage: CPU',
      'LOG:  last completed transaction was at log time 2026-11-20 03:00:00.123456+00',
      'LOG:  database system is ready to accept connections',
      'LOG:  redo done at 0/7000000 system usage: CPU',
      'LOG:  last completed transaction was at log time 2026-11-21 09:00:00.5+00',
    ].join('\n');
    expect(parseReplayLog(log)).toEqual({
      lastRecord: 0x5000148n,
      lastTransactionAt: '2026-11-20T03:00:00.123Z',
      stoppedAtTarget: false,
    });
  });
});
