import { join } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import type { DrillEvent } from '../drill/events.ts';
import { buildReport } from '../report/build-report.ts';
import type { Report } from '../report/report.ts';
import { reportWriters } from '../report/writers.ts';
import { writeWholeFile } from '../support/whole-file.ts';
import { version } from './version.ts';

/** Builds the report of a journal and writes every form of it into the drill's folder; a form is whole or not there. */
export async function writeReports(
  folder: string,
  events: readonly DrillEvent[],
): Promise<{ report: Report; problem?: Problem }> {
  const report = buildReport(events, { tool: version() });
  try {
    for (const [file, write] of Object.entries(reportWriters))
      await writeWholeFile(join(folder, file), write(report), 0o644);
    return { report };
  } catch (error) {
    return { report, problem: unwritable(folder, error) };
  }
}

function unwritable(folder: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return {
    code: 'report/unwritable',
    message: `the report cannot be written to '${folder}': ${code}`,
    hint: "Free space there; 'drillbook report' writes it again from the journal.",
    blames: 'environment',
  };
}
