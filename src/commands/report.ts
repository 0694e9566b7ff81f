import { buildReport } from '../report/build-report.ts';
import { reportWriters } from '../report/writers.ts';
import { findDrillFolder } from './drill-folder.ts';
import { type CommandIo, printProblem } from './io.ts';
import { openReports } from './reports-place.ts';
import { summaryOf } from './summary.ts';
import { version } from './version.ts';

/** The forms a report can be printed in, and the file each has in a drill's folder. */
const FORMATS = { json: 'report.json', md: 'report.md', html: 'report.html', junit: 'junit.xml' } as const;

/** `drillbook report`: the report of a drill, made from its journal, in any form. */
export async function reportCommand(
  id: string | undefined,
  options: { reports: string; format: string },
  io: CommandIo,
): Promise<number> {
  const reports = await openReports(options.reports, io, id);
  if (typeof reports === 'number') return reports;
  const drill = await findDrillFolder(reports.folder, id);
  if ('code' in drill) {
    printProblem(io, drill);
    return 2;
  }
  const report = buildReport(drill.text.events, { tool: version() });
  if (options.format === 'text') {
    io.stdout(summaryOf(report, drill.folder, io));
    return 0;
  }
  const file = Object.entries(FORMATS).find(([format]) => format === options.format)?.[1];
  if (file === undefined) {
    printProblem(io, {
      code: 'usage/unknown-format',
      message: `there is no report format '${options.format}'`,
      hint: `Use one of text, ${Object.keys(FORMATS).join(', ')}.`,
    });
    return 2;
  }
  io.stdout(reportWriters[file](report));
  return 0;
}
