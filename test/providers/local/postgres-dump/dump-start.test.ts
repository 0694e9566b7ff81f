import { describe, expect, it } from 'vitest';
import { startOfDump } from '../../../../src/providers/local/postgres-dump/dump-start.ts';

const HOUR = 3_600_000;
const source = 'a header';

/** As a machine whose zone lies so many minutes east of Greenwich. */
const evidence = (text: string | undefined, fileTime: string, minutesEast = 0) => ({
  ...(text !== undefined && { written: { text, source } }),
  fileTime,
  bytes: 1_000_000,
  minutesEastAt: () => minutesEast,
});

describe('the start of a dump', () => {
  it('is what the dump says, to the second, where it names a zone that means one offset', () => {
    const start = startOfDump(evidence('2026-11-20 03:00:00 CET', '2026-11-25T00:00:00.000Z'));
    expect(start).toMatchObject({ at: '2026-11-20T02:00:00.000Z', error: 1_000, source, isCertain: true });
  });

  it("is read in this machine's zone, and certain, when the file was there at once", () => {
    const start = startOfDump(evidence('2026-11-20 03:00:00', '2026-11-20T02:00:01.500Z', 60));
    expect(start).toMatchObject({ at: '2026-11-20T02:00:00.000Z', error: 1_000, isCertain: true });
  });

  it("is uncertain by every zone there is when the file's time does not confirm this machine's", () => {
    const start = startOfDump(evidence('2026-11-20 03:00:00', '2026-11-25T00:00:00.000Z', 60));
    expect(start).toMatchObject({ at: '2026-11-20T02:00:00.000Z', error: 13 * HOUR, isCertain: false });
    expect(start.source).toContain('no zone');
  });

  it('is never after the file: then it is read in the nearest zone that allows it', () => {
    const start = startOfDump(evidence('2026-11-20 03:00:00', '2026-11-20T02:05:00.000Z', 0));
    expect(start).toMatchObject({ at: '2026-11-20T02:00:00.000Z', isCertain: false });
    expect(start.error).toBe(13 * HOUR);
  });

  it('is uncertain where the zone has a name that means several', () => {
    expect(startOfDump(evidence('2026-11-20 03:00:00 IST', '2026-11-25T00:00:00.000Z')).isCertain).toBe(false);
  });

  it('is the time of the file where the dump says nothing, off by what a slow dump takes', () => {
    const start = startOfDump(evidence(undefined, '2026-11-20T02:05:00.000Z'));
    expect(start).toMatchObject({ at: '2026-11-20T02:05:00.000Z', error: 310_000, isCertain: false });
    expect(start.source).toContain('older');
  });
});
