import { describe, expect, it, test } from 'vitest';
import type { DrillEvent, NewEvent } from '../../src/drill/events.ts';
import { objectivesOf } from '../../src/drill/objectives.ts';
import { fold } from '../../src/drill/state.ts';
import { verdictOf } from '../../src/drill/verdict.ts';
import { buildReport } from '../../src/report/build-report.ts';
import { aJournal, aPassedDrill } from '../support/journal-builder.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { STORIES } from '../support/drill-stories.ts';

const TOLD: NewEvent = {
  type: 'notification-judged',
  target: 'webhook-1',
  kind: 'webhook',
  occasion: 'passed',
  delivery: '0f343b0931126a20f133d67c2b018a3b',
  outcome: 'failed',
  problem: { code: 'notify/refused', message: 'it answered HTTP 500', hint: 'Look there.', blames: 'backup' },
};

/** A notification minutes after the end, on a clock that was set back and disagrees with the monotonic one. */
function told(events: readonly DrillEvent[]): readonly DrillEvent[] {
  const last = events.at(-1) as DrillEvent;
  const late = { seq: last.seq + 1, epoch: last.epoch, at: '2026-11-20T02:00:00.000Z', mono: last.mono + 900_000 };
  return [...events, { ...TOLD, ...late, prev: '' }];
}

describe('that somebody was told, or could not be,', () => {
  const finished = Object.entries(STORIES).filter(
    ([name, tell]) => name !== 'told' && tell().some(({ type }) => type === 'drill-finished'),
  );

  test.each(finished)('changes nothing of a drill that was %s', (_, tell) => {
    const events = tell();
    const { notifications, journalLines, ...report } = buildReport(told(events), { tool: '0.1.0' });
    const { journalLines: before, ...same } = buildReport(events, { tool: '0.1.0' });
    expect(report).toEqual(same);
    expect(journalLines).toBe(before + 1);
    expect(notifications).toEqual([
      { target: 'webhook-1', kind: 'webhook', occasion: 'passed', outcome: 'failed', because: 'it answered HTTP 500' },
    ]);
    expect(fold(told(events))).toEqual(fold(events));
    expect(verdictOf(told(events))).toEqual(verdictOf(events));
    expect(objectivesOf(told(events))).toEqual(objectivesOf(events));
  });

  it('makes no doubt about a disaster that is assumed at the start of the drill', () => {
    const journal = aJournal()
      .started()
      .planned(withoutSuccessor)
      .sandboxed()
      .restored()
      .checked()
      .tornDown()
      .finished();
    const { rpo } = objectivesOf(journal.events);
    expect(rpo.because ?? '').not.toContain('clock');
    expect(objectivesOf(told(journal.events))).toEqual(objectivesOf(journal.events));
  });

  it('makes no interruption of the time until somebody comes back to the finished drill', () => {
    const journal = aPassedDrill().add(TOLD).resumed(86_400_000);
    expect(buildReport(journal.events, { tool: '0.1.0' }).interruptions).toEqual([]);
  });
});

/** Nothing but the start of the drill can then stand for the disaster. */
function withoutSuccessor(plan: Plan): Plan {
  return { ...plan, resources: plan.resources.map(({ supersededAt: _past, ...resource }) => resource) };
}
