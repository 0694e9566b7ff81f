import { formatDuration } from '../runbook/duration.ts';
import type { Millis } from '../support/time.ts';
import { METRICS, type MetricName } from './metrics.ts';
import type { WatchedRunbook } from './watched-runbook.ts';

/** Widgets that a runbook has on the dashboard. */
export const WIDGETS_PER_RUNBOOK = 5;
/** Height of the explanation at its top. */
const LEGEND_HEIGHT = 9;
const WIDGET_HEIGHT = 6;
/** The widgets of one runbook lie in two rows, of three and of two; a dashboard is 24 wide. */
const PLACES = [
  { x: 0, row: 0, width: 8 },
  { x: 8, row: 0, width: 8 },
  { x: 16, row: 0, width: 8 },
  { x: 0, row: 1, width: 12 },
  { x: 12, row: 1, width: 12 },
] as const;
/** Drills are rare: a point a day. */
const PERIOD = 86_400;

interface Graph {
  readonly title: string;
  readonly metrics: readonly (readonly [name: MetricName, resource?: string])[];
  readonly limit?: { readonly label: string; readonly value: number } | undefined;
}

/**
 * The body of a CloudWatch dashboard: what the metrics mean, then for each runbook its figures over time, with the
 * objectives as lines. It holds `${AWS::Region}`, for CloudFormation to fill in.
 */
export function dashboardBody(runbooks: readonly WatchedRunbook[], maxAge: Millis): object {
  return {
    start: '-P90D',
    widgets: [
      { type: 'text', x: 0, y: 0, width: 24, height: LEGEND_HEIGHT, properties: { markdown: legend() } },
      ...runbooks.flatMap((runbook, index) =>
        graphsOf(runbook, maxAge).map((graph, place) => widgetOf({ runbook, graph, index, place })),
      ),
    ],
  };
}

/** The table of metrics, in words. */
function legend(): string {
  const rows = Object.entries(METRICS).map(([name, { meaning }]) => `| ${name} | ${meaning} |`);
  return ['# Recovery drills', '', '| metric | means |', '|---|---|', ...rows].join('\n');
}

function graphsOf({ name, objectives: { rto, rpo }, resources }: WatchedRunbook, maxAge: Millis): readonly Graph[] {
  return [
    {
      title: `${name}: days since the last verified restore`,
      metrics: [['DaysSinceVerifiedRestore']],
      limit: { label: `limit: ${formatDuration(maxAge)}`, value: maxAge / (PERIOD * 1_000) },
    },
    { title: `${name}: recovery time`, metrics: [['RtoSeconds']], limit: rto && objective(rto.target) },
    { title: `${name}: data loss`, metrics: [['RpoSeconds']], limit: rpo && objective(rpo.target) },
    {
      title: `${name}: verdict, checks and what is left`,
      metrics: [['VerdictPassed'], ['Inconclusive'], ['ChecksPassed'], ['ChecksFailed'], ['ResourcesLeaked']],
    },
    {
      title: `${name}: restores, and the age of what was restored`,
      metrics: resources.flatMap((resource) => [
        ['RestoreSeconds', resource] as const,
        ['RecoveryPointAgeSeconds', resource] as const,
      ]),
    },
  ];
}

function objective(target: Millis): { label: string; value: number } {
  return { label: `objective: ${formatDuration(target)}`, value: target / 1_000 };
}

interface Placed {
  readonly runbook: WatchedRunbook;
  readonly graph: Graph;
  /** Of the runbook. */
  readonly index: number;
  /** Of the graph within the runbook. */
  readonly place: number;
}

function widgetOf({ runbook, graph, index, place }: Placed): object {
  const { x, row, width } = PLACES[place % PLACES.length] ?? PLACES[0];
  const { name, target } = runbook;
  return {
    type: 'metric',
    x,
    y: LEGEND_HEIGHT + (index * 2 + row) * WIDGET_HEIGHT,
    width,
    height: WIDGET_HEIGHT,
    properties: {
      title: graph.title,
      view: 'timeSeries',
      region: '${AWS::Region}',
      stat: 'Maximum',
      period: PERIOD,
      yAxis: { left: { min: 0 } },
      metrics: graph.metrics.map(([metric, resource]) => [
        target.namespace,
        metric,
        'Runbook',
        name,
        ...(resource === undefined ? [] : ['Resource', resource]),
      ]),
      ...(graph.limit && { annotations: { horizontal: [graph.limit] } }),
    },
  };
}
