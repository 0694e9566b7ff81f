import { describe, expect, it } from 'vitest';
import { availableSince, chooseMoment } from '../../../../src/providers/aws/rds/restore-window.ts';

const WINDOW = {
  name: 'orders',
  retentionDays: 7,
  earliest: new Date('2026-11-13T03:00:00Z'),
  latest: new Date('2026-11-20T02:55:00Z'),
};
const at = (time: string) => ({ kind: 'time', time }) as const;

describe('choosing the moment of a point-in-time restore', () => {
  it('fixes the latest one a minute before the end of the window', () => {
    expect(chooseMoment({ kind: 'latest' }, WINDOW)).toMatchObject({
      kind: 'inside',
      restoreTime: '2026-11-20T02:54:00.000Z',
    });
  });

  it.each([
    ['the beginning of the window', '2026-11-13T03:00:00.000Z', true],
    ['before it', '2026-11-13T02:59:59.999Z', false],
    ['just before its end', '2026-11-20T02:54:59.999Z', true],
    ['its end, which RDS refuses', '2026-11-20T02:55:00.000Z', false],
    ['after it', '2026-11-21T00:00:00.000Z', false],
  ])('judges %s, %s: inside is %s', (_, time, isInside) => {
    expect(chooseMoment(at(time), WINDOW).kind).toBe(isInside ? 'inside' : 'refused');
  });

  it('names both ends of the window that a moment lies outside of', () => {
    const chosen = chooseMoment(at('2026-12-01T00:00:00.000Z'), WINDOW);
    expect(chosen).toMatchObject({ problem: { code: 'aws/outside-restore-window' } });
    expect(JSON.stringify(chosen)).toMatch(/from 2026-11-13T03:00:00.000Z until before 2026-11-20T02:55:00.000Z/);
  });

  it.each([
    ['retention 0', { ...WINDOW, retentionDays: 0 }, 'aws/no-automated-backups'],
    ['no end yet', { ...WINDOW, latest: undefined }, 'aws/no-restore-window'],
    ['no beginning yet', { ...WINDOW, earliest: undefined }, 'aws/no-restore-window'],
    ['a window shorter than the margin', { ...WINDOW, earliest: WINDOW.latest }, 'aws/no-restore-window'],
  ])('refuses the latest moment of an instance with %s', (_, facts, code) => {
    expect(chooseMoment({ kind: 'latest' }, facts)).toMatchObject({ kind: 'refused', problem: { code } });
  });

  it('takes a moment for available five minutes later, when its log was uploaded, and never later than now', () => {
    expect(availableSince('2026-11-20T02:00:00.000Z', '2026-11-20T03:00:00.000Z')).toBe('2026-11-20T02:05:00.000Z');
    expect(availableSince('2026-11-20T02:58:00.000Z', '2026-11-20T03:00:00.000Z')).toBe('2026-11-20T03:00:00.000Z');
  });
});
