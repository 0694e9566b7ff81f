import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METRICS, type DataPoint, metricsOf } from '../../src/publish/metrics.ts';
import { type RunbookFigures, prometheusText } from '../../src/publish/prometheus.ts';
import { buildReport } from '../../src/report/build-report.ts';
import { STORIES } from '../support/drill-stories.ts';

const NOW = '2026-11-27T03:00:00.000Z';
const text = (runbooks: readonly RunbookFigures[]) => prometheusText(runbooks, { now: NOW, version: '1.2.3' });

const report = buildReport(STORIES['passed']?.() ?? [], { tool: '0.1.0' });
const passed = { runbook: 'bookshop', figures: metricsOf(report, undefined), verifiedAt: '2026-11-20T03:00:00.000Z' };

interface Family {
  help: string;
  type: string;
  readonly samples: Map<string, { labels: Record<string, string>; value: number }>;
}

/** Reads the text format as strictly as it is defined; throws on anything else. */
function parse(exposition: string): Map<string, Family> {
  const families = new Map<string, Family>();
  if (!exposition.endsWith('\n')) throw new Error('the last line has no line feed');
  for (const line of exposition.slice(0, -1).split('\n')) {
    const [, help, helped] = /^# HELP ([a-zA-Z_:][\w:]*) (.*)$/.exec(line) ?? [];
    const [, type, kind] = /^# TYPE ([a-zA-Z_:][\w:]*) (gauge|counter)$/.exec(line) ?? [];
    if (help !== undefined) {
      if (families.has(help)) throw new Error(`'${help}' comes twice`);
      families.set(help, { help: unescaped(helped ?? ''), type: '', samples: new Map() });
    } else if (type !== undefined) {
      const family = families.get(type);
      if (family?.type !== '' || family.samples.size > 0) throw new Error(`TYPE of '${type}' is in no place for it`);
      family.type = kind ?? '';
    } else readSample(families, line);
  }
  return families;
}

function readSample(families: Map<string, Family>, line: string): void {
  const [, name = '', , labelled, number = ''] =
    /^([a-zA-Z_:][\w:]*)(\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/.exec(line) ?? [];
  // Samples of a family stand together, below its own lines.
  if (name === '' || [...families.keys()].at(-1) !== name) throw new Error(`misplaced or malformed: ${line}`);
  const pairs = [...(labelled ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)];
  const labels = Object.fromEntries(pairs.map(([, label = '', value = '']) => [label, unescaped(value)]));
  const value = { NaN, '+Inf': Infinity, '-Inf': -Infinity }[number] ?? Number(number);
  if (!['NaN', '+Inf', '-Inf'].includes(number) && Number.isNaN(value)) throw new Error(`no number: ${line}`);
  const key = JSON.stringify(labels);
  const { samples } = families.get(name) as Family;
  if (samples.has(key)) throw new Error(`a series comes twice: ${line}`);
  samples.set(key, { labels, value });
}

function unescaped(value: string): string {
  return value.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function valuesOf(family: Family | undefined): readonly [Record<string, string>, number][] {
  return [...(family?.samples.values() ?? [])].map(({ labels, value }) => [labels, value]);
}

describe('the text for Prometheus', () => {
  it('has every figure of CloudWatch, with its meaning and value, by runbook and resource alone', () => {
    const families = parse(text([passed]));
    expect(families.size).toBe(Object.keys(METRICS).length + 2);
    for (const { name, value, of } of passed.figures.filter((one) => one.name !== 'DaysSinceVerifiedRestore')) {
      const family = families.get(`drillbook${name.replaceAll(/([A-Z])/g, '_$1').toLowerCase()}`);
      expect(family).toMatchObject({ help: METRICS[name].meaning, type: 'gauge' });
      expect(valuesOf(family)).toContainEqual([{ ...of }, value]);
    }
    expect(valuesOf(families.get('drillbook_rto_seconds'))).toEqual([
      [{ runbook: 'bookshop' }, report.rto.measuredSeconds],
    ]);
    expect(text([passed])).not.toContain(report.drillId);
  });

  it('says that drillbook is up, and which', () => {
    const families = parse(text([]));
    expect([...families.keys()]).toEqual(['drillbook_up', 'drillbook_build_info']);
    expect(valuesOf(families.get('drillbook_up'))).toEqual([[{}, 1]]);
    expect(valuesOf(families.get('drillbook_build_info'))).toEqual([[{ version: '1.2.3' }, 1]]);
  });

  it('says how old the last verified restore is now, not when its drill ended', () => {
    const days = (figures: RunbookFigures) =>
      valuesOf(parse(text([figures])).get('drillbook_days_since_verified_restore'));
    expect(days(passed)).toEqual([[{ runbook: 'bookshop' }, 7]]);
    expect(days({ runbook: 'bookshop', figures: passed.figures })).toEqual([]);
    expect(days({ runbook: 'other', figures: [], verifiedAt: NOW })).toEqual([[{ runbook: 'other' }, 0]]);
  });

  it('has no sample of what could not be measured', () => {
    const failed = buildReport(STORIES['failed-damaged-table']?.() ?? [], { tool: '0.1.0' });
    const families = parse(text([{ runbook: 'bookshop', figures: metricsOf(failed, undefined) }]));
    expect(families.has('drillbook_rto_seconds')).toBe(false);
    expect(valuesOf(families.get('drillbook_verdict_passed'))).toEqual([[{ runbook: 'bookshop' }, 0]]);
  });

  it('can be read whatever names and values stand in it', () => {
    const name = fc.constantFrom(...(Object.keys(METRICS) as (keyof typeof METRICS)[]));
    const label = fc.string({ unit: 'binary' });
    const point = fc.record({ name, value: fc.double(), of: fc.record({ runbook: label, resource: label }) });
    const property = fc.property(fc.array(point, { maxLength: 8 }), (points) => {
      const figures = points.map((one): DataPoint => ({ ...one, at: NOW }));
      const families = parse(text([{ runbook: 'any', figures }]));
      for (const { name, of } of figures.filter((one) => one.name !== 'DaysSinceVerifiedRestore')) {
        const family = families.get(`drillbook${name.replaceAll(/([A-Z])/g, '_$1').toLowerCase()}`);
        expect(valuesOf(family).map(([labels]) => labels)).toContainEqual({ ...of });
      }
    });
    fc.assert(property, { numRuns: 100 });
  });
});
