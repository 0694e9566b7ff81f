import { join, relative } from 'node:path';
import type { Report } from '../report/report.ts';
import { reportTerminal } from '../report/terminal.ts';
import type { CommandIo } from './io.ts';

/** How a drill ended, in a screenful of text, and where its report is. */
export function summaryOf(report: Report, folder: string, io: CommandIo): string {
  const color = io.isTerminal && io.env['NO_COLOR'] === undefined;
  // A terminal that does not know its width says 0.
  const width = Math.min(process.stdout.columns || 100, 120);
  const page = join(relative(io.cwd, folder) || '.', 'report.html');
  return `${reportTerminal(report, { color, width })}report: ${page}\n`;
}
