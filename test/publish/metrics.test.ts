import { describe, expect, it } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import { METRICS, ageOfVerified, metricsOf } from '../../src/publish/metrics.ts';
import { buildReport } from '../../src/report/build-report.ts';
import type { Report } from '../../src/report/report.ts';
import { STORIES } from '../support/drill-stories.ts';
import { aJournal, aShop } from '../support/journal-builder.ts';

function reportOf(events: readonly DrillEvent[]): Report {
  return buildReport(events, { tool: '0.1.0' });
}

function reportOfStory(story: string): Report {
  return reportOf(STORIES[story]?.() ?? []);
}

/** By metric and resource, e.g. `RestoreSeconds orders`. */
function figuresOf(report: Report, verifiedBefore?: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    metricsOf(report, verifiedBefore).map(({ name, value, of: { resource } }) => [
      [name, ...(resource === undefined ? [] : [resource])].join(' '),
      value,
    ]),
  );
}

describe('the figures of a drill that passed', () => {
  const report = reportOfStory('passed');

  it('are those of its report', () => {
    const { seconds } = report.timeline.find(({ name }) => name === 'restore:orders') ?? { seconds: Number.NaN };
    const { capturedAt } = report.recoveryPoints[0] ?? { capturedAt: '' };
    expect(figuresOf(report)).toEqual({
      RtoSeconds: report.rto.measuredSeconds,
      RpoSeconds: report.rpo.measuredSeconds,
      'RestoreSeconds orders': seconds,
      'RecoveryPointAgeSeconds orders': (Date.parse(report.startedAt) - Date.parse(capturedAt)) / 1_000,
      ChecksPassed: 5,
      ChecksFailed: 0,
      VerdictPassed: 1,
      Inconclusive: 0,
      ResourcesLeaked: 0,
      DaysSinceVerifiedRestore: 0,
    });
    expect(report.rto.measuredSeconds).toBeGreaterThan(0);
  });

  it('are of the moment at which it finished', () => {
    expect(new Set(metricsOf(report, undefined).map(({ at }) => at))).toEqual(new Set([report.finishedAt]));
  });

  it('are of the table, all of them, each of the runbook or of a resource as it says', () => {
    const points = metricsOf(report, undefined);
    expect(new Set(points.map(({ name }) => name))).toEqual(new Set(Object.keys(METRICS)));
    for (const { name, of } of points) {
      const resource = METRICS[name].per === 'resource' ? { resource: 'orders' } : {};
      expect(of).toEqual({ runbook: 'bookshop', ...resource });
    }
  });
});

describe('an age of zero', () => {
  it.each(['leaked', 'kept', 'failed-damaged-table', 'inconclusive-check-errored', 'refused', 'aborted', 'killed'])(
    'is not sent of a drill that was %s',
    (story) => {
      expect(figuresOf(reportOfStory(story))).not.toHaveProperty('DaysSinceVerifiedRestore');
      const verifiedBefore = '2026-11-10T03:00:00.000Z';
      expect(figuresOf(reportOfStory(story), verifiedBefore)['DaysSinceVerifiedRestore']).toBeCloseTo(10, 0);
    },
  );
});

describe('a drill that did not go well', () => {
  it('counts the checks that failed', () => {
    expect(figuresOf(reportOfStory('failed-damaged-table'))).toMatchObject({
      ChecksPassed: 4,
      ChecksFailed: 1,
      VerdictPassed: 0,
      Inconclusive: 0,
    });
  });

  it('has no recovery time and no data loss when they could not be measured', () => {
    const figures = figuresOf(reportOfStory('inconclusive-not-restored'));
    expect(figures).toMatchObject({ VerdictPassed: 0, Inconclusive: 1 });
    for (const name of ['RtoSeconds', 'RpoSeconds', 'RestoreSeconds orders'])
      expect(figures).not.toHaveProperty([name]);
  });

  it('has none either when the figure is there but too doubtful to be held against the objective', () => {
    const objectives = { rto: { target: 1_000, until: 'verified' }, rpo: { target: 3_600_000 } } as const;
    const events = aJournal(aShop({ objectives })).started().planned().sandboxed().resumed(900_000).restored();
    const report = reportOf(events.checked().tornDown().finished().events);
    expect(report.rto).toMatchObject({ outcome: 'unmeasured', measuredSeconds: expect.any(Number) as number });
    expect(figuresOf(report)).not.toHaveProperty('RtoSeconds');
  });

  it('still has them where the runbook sets no objective', () => {
    const events = aJournal(aShop({ objectives: {} }))
      .started()
      .planned()
      .sandboxed()
      .restored()
      .checked();
    const figures = figuresOf(reportOf(events.tornDown().finished().events));
    expect(figures['RtoSeconds']).toBeGreaterThan(0);
    expect(figures['RpoSeconds']).toBeGreaterThan(0);
  });

  it('counts what is left', () => {
    expect(figuresOf(reportOfStory('leaked'))['ResourcesLeaked']).toBe(2);
    expect(figuresOf(reportOfStory('kept'))['ResourcesLeaked']).toBe(0);
  });

  it('has leaked at least one thing where a creating call was never answered, though no listing shows it', () => {
    const report = reportOfStory('killed');
    expect(report.teardown).toMatchObject({ outcome: 'leaked' });
    const unanswered = { ...report, teardown: { ...report.teardown, left: [] } };
    expect(figuresOf(unanswered)['ResourcesLeaked']).toBe(1);
  });
});

describe('every figure of every drill', () => {
  it.each(Object.keys(STORIES))('is a number under ASCII names, and tells no drill apart from another: %s', (story) => {
    const report = reportOfStory(story);
    for (const { value, of, ...rest } of metricsOf(report, '2026-11-01T00:00:00.000Z')) {
      expect(Number.isFinite(value)).toBe(true);
      expect(Object.values(of).join('')).toMatch(/^[a-z0-9-]+$/);
      expect(JSON.stringify({ of, ...rest })).not.toContain(report.drillId);
    }
  });

  it('is left out where a name is none that a runbook may give', () => {
    expect(metricsOf(reportOfStory('hostile'), undefined)).toEqual([]);
  });
});

describe('the age of a verified restore', () => {
  it('is counted in days', () => {
    expect(ageOfVerified('bookshop', '2026-11-18T12:00:00.000Z', '2026-11-20T00:00:00.000Z')).toEqual([
      { name: 'DaysSinceVerifiedRestore', value: 1.5, at: '2026-11-20T00:00:00.000Z', of: { runbook: 'bookshop' } },
    ]);
  });

  it('is no figure at all where nothing was ever verified, so that the alarm sees that data is missing', () => {
    expect(ageOfVerified('bookshop', undefined, '2026-11-20T00:00:00.000Z')).toEqual([]);
  });
});
