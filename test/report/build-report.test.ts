import { describe, expect, test } from 'vitest';
import { buildReport } from '../../src/report/build-report.ts';
import { anAwsRunbook, anRdsRestore } from '../support/aws/aws-stage.ts';
import { STORIES } from '../support/drill-stories.ts';
import {
  A_PROBLEM,
  STARTED_AT,
  aJournal,
  aPassedDrill,
  aResource,
  aShop,
  provenIsolation,
} from '../support/journal-builder.ts';

const tool = { tool: '0.1.0' };
const begun = { type: 'step-started', step: 'sandbox', attempt: 1, token: 't' } as const;

function storyOf(name: string) {
  return buildReport(STORIES[name]?.() ?? [], tool);
}

describe('teardown in a report', () => {
  test.each([
    ['clean', [], 'passed'],
    ['leaked', ['orders', 'sandbox'], 'leaked'],
    ['kept', ['sandbox', 'orders'], 'kept'],
    ['clean', [], 'refused'],
    ['leaked', ['sandbox'], 'killed'],
  ])('is %s, with %j left, for a drill that was %s', (outcome, left, story) => {
    const { teardown } = storyOf(story);
    expect(teardown.outcome).toBe(outcome);
    expect(teardown.left.map(({ name }) => name)).toEqual(left);
  });

  test('is not clean while a creating call has no answer, though nothing is known to be there', () => {
    const { teardown } = buildReport(aJournal().started().planned().add(begun).events, tool);
    expect(teardown).toMatchObject({ outcome: 'leaked', created: 0, left: [] });
  });

  test('is clean when what had been kept was torn down later', () => {
    const kept = aJournal().started().planned().sandboxed().add({ type: 'drill-kept', until: STARTED_AT }).finished();
    expect(buildReport(kept.events, tool).teardown.outcome).toBe('kept');
    expect(buildReport(kept.resumed(60_000).tornDown().finished().events, tool).teardown.outcome).toBe('clean');
  });

  test('counts what was found besides what was made', () => {
    const journal = aJournal()
      .started()
      .planned()
      .sandboxed()
      .add({ type: 'resource-found', resource: aResource('stray') });
    expect(buildReport(journal.tornDown().finished().events, tool).teardown).toMatchObject({ created: 2, removed: 1 });
  });
});

describe('problems in a report', () => {
  test('name the step they arose in and are said once', () => {
    const problem = { type: 'removal-failed', resource: aResource('orders'), problem: A_PROBLEM } as const;
    const journal = aJournal().started().planned().sandboxed().restoreFailed(A_PROBLEM).add(problem, problem);
    const { problems } = buildReport(journal.events, tool);
    expect(problems.map(({ where, code }) => [where, code])).toEqual([
      ['restore:orders', 'restore/no-server'],
      ["removal of 'orders'", 'restore/no-server'],
    ]);
  });

  test('do not hold a removal that succeeded at last', () => {
    const failed = { type: 'removal-failed', resource: aResource('orders'), problem: A_PROBLEM } as const;
    const journal = aJournal().started().planned().sandboxed().restored().checked().add(failed);
    expect(buildReport(journal.tornDown().finished().events, tool).problems).toEqual([]);
  });

  test('hold what a restore warned of, as warnings', () => {
    const journal = aJournal()
      .started()
      .planned()
      .sandboxed()
      .restored('orders', { warnings: [A_PROBLEM] });
    expect(buildReport(journal.events, tool).problems).toEqual([
      { ...A_PROBLEM, where: 'restore:orders', warning: true },
    ]);
  });

  test('carry none of the fields that they are not known to have', () => {
    const cause = { ...A_PROBLEM, detail: 'Key (email)=(someone@example.com)' };
    const { problems } = buildReport(aJournal().started().planned().sandboxed().restoreFailed(cause).events, tool);
    expect(JSON.stringify(problems)).not.toContain('someone@example.com');
  });
});

describe('checks in a report', () => {
  test.each([
    ['inconclusive-not-restored', "it needs 'restore:orders', which did not succeed"],
    ['inconclusive-not-isolated', "it needs 'isolation', which did not succeed"],
    ['refused', 'the drill was refused'],
    ['aborted', 'the drill was aborted before'],
    ['killed', 'the drill did not get there'],
  ])('that were never judged are skipped, with the reason, for a drill that was %s', (story, because) => {
    for (const check of storyOf(story).checks)
      expect(check).toMatchObject({ outcome: 'skipped', because, seconds: null });
    expect(storyOf(story).checks).toHaveLength(5);
  });
});

describe('isolation in a report', () => {
  test('has the lowest level that was seen, and every proof with when it was tried', () => {
    const { isolation } = buildReport(aPassedDrill().events, tool);
    expect(isolation).toMatchObject({ level: 'L2', required: 'L2', proven: true });
    expect(new Set(isolation.proofs.map(({ when }) => when))).toEqual(
      new Set(['before anything was restored', "from the restored 'orders'"]),
    );
    const lower = aJournal()
      .started()
      .planned()
      .sandboxed(provenIsolation({ level: 'L1' }));
    expect(buildReport(lower.events, tool).isolation).toMatchObject({ level: 'L1', proven: false });
  });
});

describe('isolation of a drill on AWS', () => {
  const place = {
    provider: 'aws',
    account: '123456789012',
    region: 'eu-west-1',
    sharesAccountWithSources: true,
  } as const;
  const runbook = anAwsRunbook(place, [anRdsRestore('orders')]);
  const atTheEnd = {
    type: 'isolation-judged',
    step: 'isolation:end',
    evidence: provenIsolation({ level: 'VPC' }),
  } as const;
  const evidence = provenIsolation({ level: 'VPC' });

  test('tells what was proven at the end from what was proven at the beginning', () => {
    const { isolation } = buildReport(
      aJournal(runbook).started().planned().sandboxed(evidence).add(atTheEnd).events,
      tool,
    );
    expect(isolation.proofs.map(({ when }) => when)).toEqual([
      'before anything was restored',
      'before anything was restored',
      'after the last check',
      'after the last check',
    ]);
  });

  test('is nothing special, and a report that has it is valid', () => {
    const report = buildReport(aJournal(runbook).started().planned().sandboxed(evidence).events, tool);
    expect(report.settings).toEqual([]);
    expect(report.isolation).toMatchObject({ level: 'VPC', required: 'VPC' });
  });
});

describe('a report', () => {
  test('names what makes its figures special', () => {
    const sandbox = { ...aShop().sandbox, minimumIsolation: 'L0' } as const;
    const journal = aJournal(aShop({ sandbox }))
      .started({ seedChosen: true, disasterAt: STARTED_AT })
      .planned()
      .sandboxed()
      .restored();
    expect(buildReport(journal.events, tool).settings).toEqual([
      'fsync=off',
      'isolation L0 accepted by the runbook, below the default L2',
      'seed chosen by a person: the draw says nothing about the other recovery points',
      "disaster named by '--disaster-at'",
    ]);
  });

  test('is the same for the same journal, and knows whether the drill has finished', () => {
    const { events } = aPassedDrill();
    expect(buildReport(events, tool)).toEqual(buildReport(events, tool));
    expect(buildReport(events, tool)).toMatchObject({ finished: true, verdict: 'passed', aborted: null });
    expect(buildReport(events.slice(0, -1), tool)).toMatchObject({ finished: false, verdict: 'inconclusive' });
    expect(buildReport([], tool)).toMatchObject({ finished: false, verdict: 'inconclusive', drillId: 'unknown' });
  });
});
