import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { deliveriesOf, unjudged } from '../../../src/publish/notify/delivery.ts';
import { messageOf } from '../../../src/publish/notify/message.ts';
import { drillNotices } from '../../../src/publish/notify/notice.ts';
import { slackDocument } from '../../../src/publish/notify/slack.ts';
import { asciiSubject } from '../../../src/publish/notify/sns.ts';
import { sqlCheck } from '../../../src/checks/sql.ts';
import type { SqlCheck } from '../../../src/runbook/check-spec.ts';
import { buildReport } from '../../../src/report/build-report.ts';
import { aJournal, aShop } from '../../support/journal-builder.ts';
import { STORIES } from '../../support/drill-stories.ts';
import { FOLDER, aTarget, reportOf } from './noticed.ts';

const occasionsOf = (story: string) => drillNotices(reportOf(story), FOLDER).map(({ occasion }) => occasion);

describe('the occasions of a drill', () => {
  test.each([
    ['passed', ['passed']],
    ['failed-damaged-table', ['failed']],
    ['inconclusive-not-restored', ['inconclusive']],
    ['leaked', [reportOf('leaked').verdict, 'leaked']],
  ])('that was %s are %j', (story, occasions) => {
    expect(occasionsOf(story)).toEqual(occasions);
  });
});

describe('the message of a drill that failed', () => {
  const [notice] = drillNotices(reportOf('failed-damaged-table'), FOLDER);
  const message = messageOf(notice as NonNullable<typeof notice>);

  it('says what happened, why, with which figures, whose it is and where the report lies', () => {
    expect(message.subject).toBe("FAILED: drill of 'bookshop'");
    expect(message.because).toContain("'public.orders' holds 59,924 of 60,000 rows");
    expect(message.text).toMatch(/^drill: shop-\S+$/m);
    expect(message.text).toMatch(/^owner: platform-team$/m);
    expect(message.text).toMatch(/^RTO: unmeasured: .*target 15 m$/m);
    expect(message.text).toMatch(/^RPO: \w+: \S/m);
    expect(message.text).toMatch(/^teardown: clean: .*nothing is left$/m);
    expect(message.text).toMatch(new RegExp(`^report: ${FOLDER}$`, 'm'));
  });

  it('says the same to programs', () => {
    expect(message.json).toMatchObject({
      schema: 1,
      occasion: 'failed',
      runbook: 'bookshop',
      owner: 'platform-team',
      verdict: 'failed',
      because: message.because,
      rto: { outcome: 'unmeasured', targetSeconds: 900 },
      teardown: { outcome: 'clean', left: [], leftInAll: 0 },
      reportFolder: FOLDER,
    });
  });
});

describe('other messages', () => {
  it('name what is left, twenty at most, and how many in all', () => {
    const report = reportOf('leaked');
    const [one] = report.teardown.left;
    if (one === undefined) throw new Error('nothing is left in the story');
    const left = Array.from({ length: 25 }, (_, n) => ({ ...one, id: `thing-${n}` }));
    const [, notice] = drillNotices({ ...report, teardown: { ...report.teardown, left } }, FOLDER);
    const { subject, text, json } = messageOf(notice as NonNullable<typeof notice>);
    expect(subject).toBe("LEAKED: drill of 'bookshop' has left 25 resources");
    expect(text.match(/^left: thing-/gm)).toHaveLength(20);
    expect(text).toContain('left: and 5 more');
    expect(json['teardown']).toMatchObject({ leftInAll: 25 });
    expect(text).toMatch(/^to end it: drillbook teardown /m);
  });

  test.each([
    [
      { occasion: 'late', drill: 'quarterly', due: '2026-10-01T02:00:00.000Z', startedAt: '2026-10-01T09:30:00.000Z' },
      "LATE: drill 'quarterly', due 2026-10-01 02:00:00 UTC, began late",
    ],
    [
      { occasion: 'missed', drill: 'quarterly', due: '2026-10-01T02:00:00.000Z' },
      "MISSED: drill 'quarterly', due 2026-10-01 02:00:00 UTC, was missed",
    ],
    [{ occasion: 'stale', runbook: 'orders', owner: 'team' }, "STALE: restores of 'orders' are not proven any more"],
  ] as const)('of the schedule say what and why: %j', (facts, subject) => {
    const message = messageOf({ ...facts, because: 'no window was open' });
    expect(message).toMatchObject({ subject, because: 'no window was open', json: { schema: 1, ...facts } });
    expect(message.text).toContain('no window was open');
  });

  it('hold no value of a row, not even one that the check may reveal in the report', () => {
    const check: SqlCheck = {
      ...({ id: 'mail', name: 'the first mail', purpose: 'integrity', severity: 'fail', of: 'orders' } as const),
      ...({ database: 'postgres', kind: 'sql', query: 'select mail from users', reveal: true } as const),
      expect: { kind: 'matches', pattern: '@example' },
    };
    const judgement = sqlCheck.judge(check, { kind: 'sql', rows: 1, value: 'ROW-VALUE', population: 3 }, {} as never);
    expect(judgement.observed).toContain('ROW-VALUE');
    const shop = aShop({ checks: [...aShop().checks, check] });
    const drill = aJournal(shop).started().planned().sandboxed().restored().checked({ mail: judgement });
    const report = buildReport(drill.tornDown().finished().events, { tool: '0.1.0' });
    expect(report.verdict).toBe('failed');
    expect(JSON.stringify(drillNotices(report, FOLDER).map(messageOf))).not.toContain('ROW-VALUE');
  });

  it('are lines, whatever stands in a journal, and Slack, SNS and mail can take them', () => {
    const leaked = reportOf('leaked');
    const property = fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
      const report = { ...leaked, runbook: text, owner: text, because: text, drillId: text };
      for (const notice of drillNotices(report, FOLDER)) {
        const message = messageOf(notice);
        expect([message.subject, message.because, ...message.facts.flat()].join('')).not.toMatch(/\p{Cc}/u);
        expect(asciiSubject(message.subject)).toMatch(/^drillbook: [\x20-\x7e]{0,89}$/);
        const slack = JSON.parse(JSON.stringify(slackDocument(message))) as SlackDocument;
        for (const { text } of slack.blocks) {
          expect(text.text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
          expect(text.text.length).toBeLessThanOrEqual(text.type === 'plain_text' ? 150 : 3_000);
          expect(text.text).not.toBe('');
        }
        expect(slack.text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
      }
    });
    fc.assert(property, { numRuns: 100 });
  });
});

interface SlackDocument {
  readonly text: string;
  readonly blocks: readonly { readonly text: { readonly type: string; readonly text: string } }[];
}

describe('what is sent to whom', () => {
  const url = 'https://hooks.example';

  it('is what each asked for, under an id of its own that is always the same', () => {
    const targets = [
      aTarget({ kind: 'webhook', url }, { id: 'webhook-1', on: ['failed'] }),
      aTarget({ kind: 'webhook', url }, { id: 'webhook-2', on: ['leaked', 'inconclusive'] }),
      aTarget({ kind: 'webhook', url }, { id: 'webhook-3', on: ['late'] }),
    ];
    const toSend = () =>
      ['failed-damaged-table', 'leaked'].flatMap((story) =>
        deliveriesOf(drillNotices(reportOf(story), FOLDER), targets),
      );
    expect(toSend().map(({ target, message }) => [target.id, message.occasion])).toEqual([
      ['webhook-1', 'failed'],
      ['webhook-2', 'leaked'],
    ]);
    const ids = toSend().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(toSend().map(({ id }) => id));
  });

  test.each(Object.keys(STORIES))(
    'holds a heartbeat of a drill that was %s only when it passed and is clean',
    (story) => {
      const report = reportOf(story);
      for (const outcome of ['clean', 'leaked', 'kept'] as const) {
        const notices = drillNotices({ ...report, teardown: { ...report.teardown, outcome } }, FOLDER);
        // Even a target that asks for more gets no more.
        const beats = deliveriesOf(notices, [
          aTarget({ kind: 'heartbeat', url }, { on: ['passed', 'failed', 'leaked'] }),
        ]);
        expect(beats.length).toBe(report.verdict === 'passed' && outcome === 'clean' ? 1 : 0);
      }
    },
  );

  it('is nothing of which a journal says how it ended, well or badly', () => {
    const all = deliveriesOf(drillNotices(reportOf('leaked'), FOLDER), [aTarget({ kind: 'webhook', url })]);
    const [first, ...others] = all;
    expect(others.length).toBe(1);
    expect(unjudged(all, [{ delivery: first?.id ?? '' }])).toEqual(others);
  });
});
