import { describe, expect, it } from 'vitest';
import { type CronExpression, nextWallTime, parseCron } from '../../src/schedule/cron-expression.ts';

function cronOf(text: string): CronExpression {
  const parsed = parseCron(text);
  if (parsed.kind === 'wrong') throw new Error(`${parsed.field} ${parsed.because}`);
  return parsed.cron;
}

/** What a wall shows, `count` times after the given one. */
function times(text: string, after: string, count: number): readonly string[] {
  const shown: string[] = [];
  let wall = Date.parse(`${after}Z`);
  while (shown.length < count) {
    const next = nextWallTime(cronOf(text), wall);
    if (next === undefined) break;
    shown.push(new Date(next).toISOString().slice(0, 16));
    wall = next;
  }
  return shown;
}

describe('a cron expression', () => {
  it.each([
    ['a quarter', '0 3 1 */3 *', ['2026-04-01T03:00', '2026-07-01T03:00', '2026-10-01T03:00']],
    ['numbers', '5 4 3 2 *', ['2026-02-03T04:05', '2027-02-03T04:05', '2028-02-03T04:05']],
    ['lists', '0,30 12 1,2 2 *', ['2026-02-01T12:00', '2026-02-01T12:30', '2026-02-02T12:00']],
    ['ranges', '0 22-23 * * *', ['2026-01-15T22:00', '2026-01-15T23:00', '2026-01-16T22:00']],
    ['steps of ranges', '10-30/10 1 * * *', ['2026-01-16T01:10', '2026-01-16T01:20', '2026-01-16T01:30']],
    ['steps of all', '*/25 8 * * *', ['2026-01-16T08:00', '2026-01-16T08:25', '2026-01-16T08:50']],
    [
      'names of months, in any case',
      '0 0 1 FEB,apr-May *',
      ['2026-02-01T00:00', '2026-04-01T00:00', '2026-05-01T00:00'],
    ],
    ['names of days', '0 0 * * mon-Tue', ['2026-01-19T00:00', '2026-01-20T00:00', '2026-01-26T00:00']],
    ['7 as Sunday', '0 0 * * 7', ['2026-01-18T00:00', '2026-01-25T00:00', '2026-02-01T00:00']],
    ['0 as Sunday', '0 0 * * 0', ['2026-01-18T00:00', '2026-01-25T00:00', '2026-02-01T00:00']],
    ['a range to Sunday', '0 0 * * 6-7', ['2026-01-17T00:00', '2026-01-18T00:00', '2026-01-24T00:00']],
    ['every other day of the week', '0 0 * * */2', ['2026-01-17T00:00', '2026-01-18T00:00', '2026-01-20T00:00']],
    ['the last day of long months', '0 0 31 * *', ['2026-01-31T00:00', '2026-03-31T00:00', '2026-05-31T00:00']],
    ['leap days', '0 0 29 2 *', ['2028-02-29T00:00', '2032-02-29T00:00', '2036-02-29T00:00']],
    ['a nickname', '@monthly', ['2026-02-01T00:00', '2026-03-01T00:00', '2026-04-01T00:00']],
    ['spaces around', '  0   3\t1 1 * ', ['2027-01-01T03:00', '2028-01-01T03:00', '2029-01-01T03:00']],
  ])('means %s', (_, text, expected) => {
    expect(times(text, '2026-01-15T12:00', 3)).toEqual(expected);
  });

  it('takes either day where both are restricted, as crontab(5) has it', () => {
    expect(times('0 0 13 * 5', '2026-02-01T00:00', 4)).toEqual([
      '2026-02-06T00:00',
      '2026-02-13T00:00',
      '2026-02-20T00:00',
      '2026-02-27T00:00',
    ]);
    expect(times('0 0 10 * 5', '2026-02-07T00:00', 2)).toEqual(['2026-02-10T00:00', '2026-02-13T00:00']);
  });

  it("takes both days where one begins with '*', as crontab(5) has it", () => {
    expect(times('0 0 */10 * 5', '2026-01-01T00:00', 3)).toEqual([
      '2026-05-01T00:00',
      '2026-07-31T00:00',
      '2026-08-21T00:00',
    ]);
  });

  it('is found however seldom it is, and never where no calendar has it', () => {
    // A leap day that is a Sunday, around the year 2100, which has none.
    expect(times('0 0 29 2 */7', '2088-03-01T00:00', 1)).toEqual(['2128-02-29T00:00']);
    expect(times('0 0 30 2 *', '2026-01-01T00:00', 1)).toEqual([]);
    expect(times('0 0 31 4,6,9,11 *', '2026-01-01T00:00', 1)).toEqual([]);
  });
});

describe('what is no cron expression', () => {
  it.each([
    ['', 'expression', 'has 0 fields, but must have 5'],
    ['0 3 * *', 'expression', 'has 4 fields, but must have 5'],
    ['0 0 3 * * *', 'expression', 'has 6 fields, but must have 5'],
    ['@reboot', 'expression', "is '@reboot', which crontab(5) does not know or which has no time"],
    ['@constructor', 'expression', "is '@constructor', which crontab(5) does not know or which has no time"],
    ['60 3 * * *', 'minute', "has '60', which lies beyond 0 to 59"],
    ['0 24 * * *', 'hour', "has '24', which lies beyond 0 to 23"],
    ['0 3 0 * *', 'day of the month', "has '0', which lies beyond 1 to 31"],
    ['0 3 L * *', 'day of the month', "has 'L', which lies beyond 1 to 31"],
    ['0 3 ? * *', 'day of the month', "has '?', which crontab(5) does not know"],
    ['0 3 1 13 *', 'month', "has '13', which lies beyond 1 to 12 or jan to dec"],
    ['0 3 1 mon *', 'month', "has 'mon', which lies beyond 1 to 12 or jan to dec"],
    ['0 3 * * 8', 'day of the week', "has '8', which lies beyond 0 to 7 or sun to sat"],
    ['0 3 * * 5#2', 'day of the week', "has '5#2', which crontab(5) does not know"],
    ['0 5-3 * * *', 'hour', "has '5-3', a range that ends before it begins"],
    ['0 3 * * fri-mon', 'day of the week', "has 'fri-mon', a range that ends before it begins"],
    ['*/0 3 * * *', 'minute', "has '*/0', a step of 0"],
    ['*/99 3 * * *', 'minute', "has '*/99', a step of 99"],
    ['5/10 3 * * *', 'minute', "has '5/10', a step of a single value"],
    ['0,,5 3 * * *', 'minute', "has '', which crontab(5) does not know"],
    ['-5 3 * * *', 'minute', "has '-5', which crontab(5) does not know"],
    ['1.5 3 * * *', 'minute', "has '1.5', which crontab(5) does not know"],
  ])("'%s' names the field that is wrong", (text, field, because) => {
    const parsed = parseCron(text);
    expect(parsed).toMatchObject({ kind: 'wrong', field, because });
    expect(parsed.kind === 'wrong' && parsed.hint).toMatch(/^[A-Z].*\.$/);
  });
});
