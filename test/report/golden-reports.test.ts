import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import type { DrillEvent } from '../../src/drill/events.ts';
import { buildReport } from '../../src/report/build-report.ts';
import { reportSchema } from '../../src/report/report-schema.ts';
import { reportTerminal } from '../../src/report/terminal.ts';
import { reportWriters } from '../../src/report/writers.ts';
import { STORIES } from '../support/drill-stories.ts';

/**
 * `UPDATE_GOLDEN=1 npx vitest run test/report` writes the reports anew; look at the difference. A journal that is there
 * stays as it is, since reports are made of old ones too; delete it to have it written anew from its story.
 */
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';
const GOLDEN = join(import.meta.dirname, '../golden/report');

const forms = {
  ...reportWriters,
  'terminal.txt': (report: Parameters<typeof reportTerminal>[0]) =>
    reportTerminal(report, { color: false, width: 100 }),
};

const ajv = new Ajv({ allErrors: true, strict: true });
formats.default(ajv);
const isReport = ajv.compile(reportSchema);

describe.each(Object.keys(STORIES))('the stored journal of a drill that was %s', (name) => {
  const folder = join(GOLDEN, name);
  if (isUpdate) {
    mkdirSync(folder, { recursive: true });
    const journal = join(folder, 'journal.jsonl');
    const lines = (STORIES[name]?.() ?? []).map((event) => `${JSON.stringify(event)}\n`);
    if (!existsSync(journal)) writeFileSync(journal, lines.join(''));
  }
  const events = readJournal(folder);

  test.each(Object.entries(forms))('gives an unchanged %s', (file, write) => {
    const text = write(buildReport(events, { tool: '0.1.0' }));
    if (isUpdate) writeFileSync(join(folder, file), text);
    expect(text).toBe(readFileSync(join(folder, file), 'utf8'));
  });

  test('has a report after every one of its lines, each valid against the published schema', () => {
    for (let length = 0; length <= events.length; length += 1) {
      const report: unknown = JSON.parse(
        reportWriters['report.json'](buildReport(events.slice(0, length), { tool: '0.1.0' })),
      );
      expect(isReport(report), `after ${length} lines: ${ajv.errorsText(isReport.errors)}`).toBe(true);
    }
  });
});

test('the schema refuses a report with a field that it does not know', () => {
  const report = buildReport(STORIES['passed']?.() ?? [], { tool: '0.1.0' });
  expect(isReport({ ...report, secret: 'x' })).toBe(false);
  expect(isReport({ ...report, verdict: 'fine' })).toBe(false);
});

function readJournal(folder: string): readonly DrillEvent[] {
  const lines = readFileSync(join(folder, 'journal.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as DrillEvent);
}
