import { reportHtml } from './html.ts';
import { reportJson } from './json.ts';
import { reportJunit } from './junit.ts';
import { reportMarkdown } from './markdown.ts';
import type { Report } from './report.ts';

/** The text of a report in one of its forms; the same report gives the same text. */
export type ReportWriter = (report: Report) => string;

/** Every form of a report, by the name of its file in the drill's folder. */
export const reportWriters = {
  'report.json': reportJson,
  'report.md': reportMarkdown,
  'report.html': reportHtml,
  'junit.xml': reportJunit,
} as const satisfies Readonly<Record<string, ReportWriter>>;
