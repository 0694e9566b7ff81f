import { expect, test } from 'vitest';
import { describeEvent } from '../../src/report/describe-event.ts';
import { buildReport } from '../../src/report/build-report.ts';
import type { Report } from '../../src/report/report.ts';
import { reportTerminal } from '../../src/report/terminal.ts';
import { reportWriters } from '../../src/report/writers.ts';
import { STORIES } from '../support/drill-stories.ts';

const events = STORIES['inconclusive-no-control']?.() ?? [];
const report = buildReport(events, { tool: '0.1.0' });
const forms = {
  ...reportWriters,
  'terminal.txt': (one: Report) => reportTerminal(one, { color: false, width: 10_000 }),
};

test.each(Object.entries(forms))('a check without a control is named with the reason in %s', (_form, write) => {
  const text = write(report);
  expect(text).toMatch(/contents match the manifest[^]*the schema differs in its views/);
  expect(text).toMatch(/no[- ]control/);
});

test('who watches a drill hears of every control', () => {
  const controls = events
    .filter(({ type }) => type === 'control-judged')
    .map((event) => describeEvent(event)?.slice(9));
  expect(controls).toEqual([
    'control:every-order-has-a-customer: green on an undamaged copy',
    'control:sound: green on an undamaged copy',
    'control:manifest: not green, on an undamaged copy the check failed too: the schema differs in its views',
    'control:recent: green on an undamaged copy',
  ]);
});

test('a check that only warns, and has, breaks no build for want of a control', () => {
  const errors = (one: Report) =>
    reportWriters['junit.xml'](one).match(/<error [^>]*the schema differs in its views/g)?.length ?? 0;
  const warned = report.checks.map((check) =>
    check.id === 'manifest' ? ({ ...check, severity: 'warn', outcome: 'failed' } as const) : check,
  );
  const onlyWarns = { ...report, verdict: 'passed', checks: warned } as const;
  expect([errors(report), errors(onlyWarns)]).toEqual([4, 0]);
});
