import type { Report } from './report.ts';

/** `report.json`: the report itself, indented, with a line feed at its end. */
export function reportJson(report: Report): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
