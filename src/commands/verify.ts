import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildReport } from '../report/build-report.ts';
import { reportJson } from '../report/json.ts';
import { findDrillFolder } from './drill-folder.ts';
import { type CommandIo, printProblem } from './io.ts';
import { openReports } from './reports-place.ts';

/**
 * `drillbook verify`: is the evidence of a drill what its engine wrote? Every line of the journal must carry the hash of
 * the line before, and the report must be the one that the journal gives.
 *
 * @returns 0 intact, 1 not intact, 2 no such drill
 */
export async function verifyCommand(
  id: string | undefined,
  options: { reports: string; json?: boolean },
  io: CommandIo,
): Promise<number> {
  const reports = await openReports(options.reports, io, id);
  if (typeof reports === 'number') return reports;
  const drill = await findDrillFolder(reports.folder, id);
  if ('code' in drill) {
    printProblem(io, drill);
    return 2;
  }
  // Of all drills only the journals are brought here; whose id was named is here whole.
  const whole = id === undefined ? await openReports(options.reports, io, drill.drillId) : reports;
  if (typeof whole === 'number') return whole;
  const { text, folder, drillId, state } = drill;
  const findings = [
    ...(text.bad ? [`line ${text.bad.line} of the journal cannot be trusted: ${text.bad.because}`] : []),
    ...(text.torn ? ['the last line of the journal is torn: its engine was killed while it wrote'] : []),
    ...(text.bad ? [] : await reportFindings(folder, text.events)),
    ...(state.finished ? [] : ['the drill has not finished']),
  ];
  const result = {
    drillId,
    intact: findings.length === 0,
    lines: text.events.length,
    lastHash: text.lastHash,
    findings,
  };
  io.stdout(options.json ? `${JSON.stringify(result, undefined, 2)}\n` : sentences(result));
  return result.intact ? 0 : 1;
}

async function reportFindings(folder: string, events: Parameters<typeof buildReport>[0]): Promise<readonly string[]> {
  const written = await readFile(join(folder, 'report.json'), 'utf8').catch(() => undefined);
  if (written === undefined) return ["'report.json' is not there"];
  const tool = toolOf(written);
  return reportJson(buildReport(events, { tool })) === written
    ? []
    : ["'report.json' is not the report that the journal gives"];
}

/** The version that wrote a report is named in it; another version may build it differently. */
function toolOf(written: string): string {
  try {
    return String((JSON.parse(written) as { tool?: unknown }).tool);
  } catch {
    return '';
  }
}

function sentences(result: {
  drillId: string;
  intact: boolean;
  lines: number;
  lastHash: string;
  findings: readonly string[];
}): string {
  const head = result.intact
    ? `the evidence of '${result.drillId}' is intact: ${result.lines} journal lines, last hash ${result.lastHash}`
    : `the evidence of '${result.drillId}' is NOT intact`;
  return [head, ...result.findings.map((finding) => `  ${finding}`), ''].join('\n');
}
