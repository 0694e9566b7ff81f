import type { Instant } from '../support/time.ts';
import { type DataPoint, METRICS, type MetricName, ageOfVerified } from './metrics.ts';

/** What there is to say of one runbook. */
export interface RunbookFigures {
  readonly runbook: string;
  /** Those of its last finished drill, as `metricsOf` gives them; none where it was never drilled. */
  readonly figures: readonly DataPoint[];
  /** When it was last verified; absent where it never was. */
  readonly verifiedAt?: Instant;
}

export interface PrometheusOptions {
  /** Ages are those at this moment. */
  readonly now: Instant;
  /** Of drillbook. */
  readonly version: string;
}

/** What a scrape has to be answered with. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The figures of CloudWatch as Prometheus reads them, text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): the last drill of each runbook, and the age, now, of
 * its last verified restore. A figure that could not be measured has no sample. No label grows without end.
 */
export function prometheusText(runbooks: readonly RunbookFigures[], { now, version }: PrometheusOptions): string {
  const points = runbooks.flatMap(({ runbook, figures, verifiedAt }) => [
    ...figures.filter(({ name }) => name !== 'DaysSinceVerifiedRestore'),
    ...ageOfVerified(runbook, verifiedAt, now),
  ]);
  const families: readonly Family[] = [
    { name: 'drillbook_up', help: '1 while drillbook answers', samples: [{ labels: {}, value: 1 }] },
    {
      name: 'drillbook_build_info',
      help: 'Version of drillbook, always 1',
      samples: [{ labels: { version }, value: 1 }],
    },
    ...(Object.keys(METRICS) as MetricName[]).map((name) => familyOf(name, points)),
  ];
  return families.map(textOf).join('');
}

/** Of two figures of one series, which Prometheus would refuse with all the others, the later one stands. */
function familyOf(metric: MetricName, points: readonly DataPoint[]): Family {
  const own = points.filter(({ name }) => name === metric);
  const samples = new Map(
    own.map(({ of: { runbook, resource }, value }): [string, Sample] => [
      JSON.stringify([runbook, resource]),
      { labels: { runbook, ...(resource !== undefined && { resource }) }, value },
    ]),
  );
  return { name: prometheusName(metric), help: METRICS[metric].meaning, samples: [...samples.values()] };
}

/** e.g. `drillbook_rto_seconds` for `RtoSeconds`. */
function prometheusName(metric: MetricName): string {
  return `drillbook${metric.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

/** Every figure may go down, also the counts: they are of the last drill. */
function textOf({ name, help, samples }: Family): string {
  if (samples.length === 0) return '';
  const lines = samples.map(({ labels, value }) => `${name}${labelsOf(labels)} ${valueOf(value)}`);
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} gauge`, ...lines, ''].join('\n');
}

function labelsOf(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value).replaceAll('"', String.raw`\"`)}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
}

function valueOf(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
