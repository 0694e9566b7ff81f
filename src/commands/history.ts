import type { Growth } from '../history/growth.ts';
import { type Figure, REGRESSION_RULE, type Regression, type RunbookTrend, trendsOf } from '../history/trends.ts';
import { formatBytes, formatCount, formatSeconds } from '../report/format.ts';
import type { Instant } from '../support/time.ts';
import { openHistory, tellUnreadable } from './drill-history.ts';
import { type CommandIo, printProblem } from './io.ts';
import { readRunbook } from './read-runbook.ts';
import { openReports } from './reports-place.ts';

/**
 * `drillbook history`: how the drills of a runbook, or of all, went one after the other: RTO, RPO and speed of restores,
 * what of the last ones is off, and when growth would break the RTO.
 *
 * @param target a runbook's name or file
 * @returns 0; 2 when there is no such runbook or place of reports; 3 when a journal could not be read
 */
export async function historyCommand(
  target: string | undefined,
  { reports, json = false }: { reports: string; json?: boolean },
  io: CommandIo,
): Promise<number> {
  const name = target === undefined || !/[/\\.]/.test(target) ? target : (await readRunbook(target, io))?.name;
  if (target !== undefined && name === undefined) return 2;
  const place = await openReports(reports, io);
  if (typeof place === 'number') return place;
  const index = await openHistory(place.folder);
  const allRead = tellUnreadable(index, io);
  const trends = trendsOf(index.drills).filter(({ runbook }) => name === undefined || runbook === name);
  if (name !== undefined && trends.length === 0) {
    printProblem(io, {
      code: 'history/no-such-runbook',
      message: `no drill of '${name}' lies below '${reports}'`,
      hint: "Look at 'drillbook history' for the runbooks that were drilled, or name the folder with --reports.",
    });
    return 2;
  }
  if (json) io.stdout(`${JSON.stringify({ regressionRule: REGRESSION_RULE, runbooks: trends }, undefined, 2)}\n`);
  else if (trends.length === 0) io.stderr(`there is no drill below '${reports}'\n`);
  else io.stdout(trends.map(inWords).join('\n'));
  return allRead ? 0 : 3;
}

function inWords(trend: RunbookTrend): string {
  const { runbook, drills, verdicts, compared, runbookVersions, rto, rpo, restoreRate, regressions } = trend;
  const counts = (['passed', 'failed', 'inconclusive'] as const)
    .filter((verdict) => verdicts[verdict] > 0)
    .map((verdict) => `${verdicts[verdict]} ${verdict}`);
  const { drillId, at, verdict } = trend.lastDrill;
  const lines = [
    `${runbook}: ${formatCount(drills, 'drill')} (${counts.join(', ')}), the last one ${at}, ${verdict} (${drillId})`,
    ...figureInWords('RTO', rto, formatSeconds),
    ...figureInWords('RPO', rpo, formatSeconds),
    ...figureInWords('restores', restoreRate, formatRate),
    ...leftOutInWords(trend),
    ...(runbookVersions > 1 ? [`the ${compared} drills compared were held to ${runbookVersions} runbooks`] : []),
    ...regressions.map(regressionInWords),
    `growth: ${growthInWords(trend.growth, at)}`,
  ];
  return `${lines.join('\n  ')}\n`;
}

function figureInWords(name: string, figure: Figure | undefined, format: (value: number) => string): readonly string[] {
  if (figure === undefined) return [];
  const { of, last, median, p95, perMonth, target } = figure;
  const trend = perMonth === null ? '' : `, ${perMonth < 0 ? '−' : '+'}${format(Math.abs(perMonth))} a month`;
  const held = target === undefined ? '' : `; target ${formatSeconds(target)}`;
  return [
    `${name}: last ${format(last.value)}, median ${format(median)}, 95th percentile ${format(p95)}${trend} (${formatCount(of, 'drill')}${held})`,
  ];
}

function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** By reason: each drill is named in the JSON. */
function leftOutInWords({ leftOut }: RunbookTrend): readonly string[] {
  const reasons = [...new Set(leftOut.map(({ because }) => because))];
  return reasons.map((because) => {
    const count = leftOut.filter((one) => one.because === because).length;
    return `not compared: ${formatCount(count, 'drill')}: ${because}`;
  });
}

const FIGURES = { rto: 'RTO', rpo: 'RPO', restoreRate: 'speed of restores' } as const;

function regressionInWords({ figure, drillId, value, median, of }: Regression): string {
  const format = figure === 'restoreRate' ? formatRate : formatSeconds;
  return `finding: the ${FIGURES[figure]} of '${drillId}', ${format(value)}, is off the ${format(median)} of the ${of} drills before (rule: ${REGRESSION_RULE})`;
}

function growthInWords(growth: Growth, lastDrill: Instant): string {
  if (growth.kind === 'unknown') return `no date at which it would break the RTO: ${growth.because}`;
  if (growth.kind === 'holds') return 'recovery points do not grow';
  const { at, bytesPerMonth, bytesPerSecond, targetSeconds, of } = growth;
  const pace = `${formatBytes(bytesPerMonth)} more a month, restored at ${formatRate(bytesPerSecond)}`;
  return `with ${pace}, the RTO of ${formatSeconds(targetSeconds)} ${at <= lastDrill ? 'broke' : 'breaks'} on ${at.slice(0, 10)} (a line through ${of} drills)`;
}
