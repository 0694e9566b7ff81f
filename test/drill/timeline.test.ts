import { describe, expect, test } from 'vitest';
import { elapsedBetween, interruptionsOf } from '../../src/drill/elapsed.ts';
import { timelineOf } from '../../src/drill/timeline.ts';
import { STORIES } from '../support/drill-stories.ts';
import { A_PROBLEM, STARTED_AT, aJournal, aPassedDrill, aResource } from '../support/journal-builder.ts';

const begun = { type: 'step-started', step: 'restore:orders', attempt: 1, token: 't' } as const;

describe('a timeline', () => {
  test('has every phase in the order of a drill, with the parts of a restore behind it', () => {
    const spans = timelineOf(aPassedDrill().events);
    expect(spans.map(({ phase, name }) => `${phase} ${name}`)).toEqual([
      'select select',
      'sandbox sandbox',
      'isolation isolation',
      'restore restore:orders',
      'restore unpack',
      'restore verify',
      'restore replay',
      'connect connect:orders',
      'smoke check:orders-accepts-logins',
      'integrity check:orders-has-no-orphans',
      'teardown teardown',
    ]);
    expect(spans.filter(({ partOf }) => partOf === 'restore:orders')).toHaveLength(3);
  });

  test('runs from the start of the drill to the plan for select, and from intent to end for a step', () => {
    const spans = timelineOf(aPassedDrill().events);
    expect(spans[0]).toMatchObject({ startedAt: STARTED_AT, took: 100, outcome: 'succeeded' });
    expect(spans.find(({ name }) => name === 'restore:orders')).toMatchObject({ took: 1_630 });
    expect(spans.find(({ phase }) => phase === 'teardown')).toMatchObject({ took: 155, outcome: 'succeeded' });
  });

  test('shows a failed check, a failed restore and a refusal as failed', () => {
    const outcomes = (events: Parameters<typeof timelineOf>[0]) =>
      timelineOf(events)
        .filter(({ outcome }) => outcome === 'failed')
        .map(({ name }) => name);
    expect(outcomes(STORIES['failed-damaged-table']?.() ?? [])).toEqual(['check:manifest']);
    expect(outcomes(aJournal().started().planned().sandboxed().restoreFailed(A_PROBLEM).events)).toEqual([
      'restore:orders',
    ]);
    expect(outcomes(STORIES['refused']?.() ?? [])).toEqual(['select']);
    expect(outcomes(STORIES['leaked']?.() ?? [])).toEqual(['teardown']);
  });

  test('ends a step that never ended where the drill was aborted, not where its teardown ended', () => {
    const journal = aJournal().started().planned().sandboxed().add(begun).after(400);
    const aborted = journal
      .add({ type: 'drill-aborted', reason: 'deadline', problem: A_PROBLEM })
      .tornDown()
      .finished();
    const span = timelineOf(aborted.events).find(({ name }) => name === 'restore:orders');
    expect(span).toMatchObject({ took: 400, outcome: 'interrupted' });
  });

  test('begins a step whose begin was not journaled where the last of those it waited for ended', () => {
    const events = aPassedDrill().events.filter((event) => event.type !== 'step-started');
    const span = timelineOf(events).find(({ name }) => name === 'check:orders-has-no-orphans');
    expect(span).toMatchObject({ took: 123, outcome: 'succeeded' });
  });

  test('never counts backwards when the wall clock is set back, since the monotonic clock tells the time', () => {
    const journal = aJournal().started().planned().sandboxed().add(begun).after(500).wallOnly(-3_600_000);
    const spans = timelineOf(journal.add({ type: 'step-succeeded', step: 'restore:orders' }).events);
    expect(spans.find(({ name }) => name === 'restore:orders')).toMatchObject({ took: 500 });
  });

  test('has a span for each teardown, the first one interrupted when a second one was begun', () => {
    const journal = aJournal().started().planned().sandboxed().add({ type: 'teardown-started' }).after(50).tornDown();
    const spans = timelineOf(journal.events).filter(({ phase }) => phase === 'teardown');
    expect(spans.map(({ outcome }) => outcome)).toEqual(['interrupted', 'succeeded']);
  });
});

describe('an interruption', () => {
  test('lies between the last fact of one engine and the start of the next', () => {
    const journal = aJournal().started().planned().resumed(60_000).sandboxed();
    expect(interruptionsOf(journal.events)).toEqual([
      { from: '2026-11-20T03:00:00.100Z', until: '2026-11-20T03:01:00.100Z' },
    ]);
  });

  test('is seen when the first engine died before its own first line', () => {
    const journal = aJournal().started();
    const [first, second] = journal.events;
    const resumed = [
      first,
      { ...second, epoch: 2, type: 'engine-started', purpose: 'resume' },
    ] as typeof journal.events;
    expect(interruptionsOf(resumed)).toHaveLength(1);
    expect(interruptionsOf(journal.events)).toEqual([]);
  });

  test('is not the time between the end of a drill that was kept and its teardown', () => {
    const kept = aJournal().started().planned().sandboxed().add({ type: 'drill-kept', until: STARTED_AT }).finished();
    expect(interruptionsOf(kept.resumed(3_600_000).tornDown().finished().events)).toEqual([]);
  });
});

describe('the time between two events', () => {
  const between = (journal: ReturnType<typeof aJournal>) => {
    const [first, last] = [journal.events[0], journal.events.at(-1)];
    if (first === undefined || last === undefined) throw new Error('an empty journal');
    return elapsedBetween(journal.events, first, last);
  };

  test('is told by both clocks, without a doubt when they agree', () => {
    expect(between(aJournal().started().planned())).toEqual({ wall: 100, mono: 100, doubts: [] });
  });

  test.each([
    ['more than 1 % of a long time', 100_000, 1_500, 1],
    ['more than 2 s of a very long time', 1_000_000, 2_500, 1],
    ['less than both', 1_000_000, 1_500, 0],
    ['no more than two readings may lie apart', 500, 90, 0],
  ])('is doubted when the clocks part by %s', (_, long, parted, doubts) => {
    const journal = aJournal().started().after(long).wallOnly(parted).planned();
    expect(between(journal).doubts).toHaveLength(doubts);
  });

  test('is doubted when the clock was set back and forth, though the sum is right', () => {
    const journal = aJournal().started().wallOnly(-5_000).planned().wallOnly(5_000).after(10).sandboxed();
    expect(between(journal).doubts.map(({ because }) => because)).toEqual(['the clock was set back in between']);
  });

  test('has no monotonic time over a restart of the machine', () => {
    const journal = aJournal().started().resumed(60_000, 'boot-b').planned();
    expect(between(journal).mono).toBeUndefined();
    expect(between(journal).doubts.map(({ kind }) => kind)).toEqual(['interruption', 'interruption']);
  });

  test('is doubted only for interruptions that lie within it', () => {
    const journal = aJournal()
      .started()
      .planned()
      .sandboxed()
      .add({ type: 'resource-found', resource: aResource('x') });
    const last = journal.events.at(-1);
    const first = journal.events[0];
    if (first === undefined || last === undefined) throw new Error('an empty journal');
    expect(elapsedBetween(journal.resumed(60_000).tornDown().events, first, last).doubts).toEqual([]);
  });
});
