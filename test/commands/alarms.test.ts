import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alarmsCommand } from '../../src/commands/alarms.ts';
import { METRICS, metricsOf } from '../../src/publish/metrics.ts';
import { buildReport } from '../../src/report/build-report.ts';
import { STORIES } from '../support/drill-stories.ts';
import { PUBLISH, type Workplace, workplace } from '../support/workplace.ts';

let place: Workplace;

beforeEach(async () => {
  place = await workplace();
});

afterEach(async () => {
  await place.remove();
});

const OBJECTIVES = 'objectives: { rto: 15m, rpo: 1h }';

interface AlarmProperties {
  readonly AlarmName: { readonly 'Fn::Sub': string };
  readonly AlarmDescription: string;
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly Threshold: number;
  readonly TreatMissingData: string;
  readonly AlarmActions: unknown;
}
interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: unknown }>>;
}
interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly markdown?: string;
    readonly title: string;
    readonly region: string;
    readonly metrics: readonly (readonly string[])[];
    readonly annotations?: { readonly horizontal: readonly { readonly value: number }[] };
  };
}

async function template(files: readonly string[] = [], maxAge = '100d'): Promise<Template> {
  expect(await alarmsCommand(files, { maxAge }, place.io), place.stderr()).toBe(0);
  return JSON.parse(place.stdout()) as Template;
}

function alarmsIn({ Resources }: Template): Readonly<Record<string, AlarmProperties>> {
  const alarms = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm');
  return Object.fromEntries(alarms.map(([id, { Properties }]) => [id, Properties as AlarmProperties]));
}

function widgetsIn({ Resources }: Template): readonly Widget[] {
  const dashboard = Resources['Dashboard']?.Properties as { DashboardBody: { 'Fn::Sub': string } } | undefined;
  return (JSON.parse(dashboard?.DashboardBody['Fn::Sub'] ?? '') as { widgets: Widget[] }).widgets;
}

/** Says so out loud where it is not: a template that nobody linted looks like one without faults. */
const hasLinter = (() => {
  try {
    execFileSync('cfn-lint', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('SKIPPED: no cfn-lint on PATH, the template of alarms is not linted\n');
    return false;
  }
})();

describe('the alarms of a runbook', () => {
  it('hold every figure against its limit', async () => {
    await place.runbook('shop', [PUBLISH, OBJECTIVES]);
    const alarms = Object.values(alarmsIn(await template([], '90d')));
    expect(
      alarms.map(({ MetricName, Threshold, TreatMissingData }) => [MetricName, Threshold, TreatMissingData]),
    ).toEqual([
      ['DaysSinceVerifiedRestore', 90, 'breaching'],
      ['RtoSeconds', 900, 'notBreaching'],
      ['RpoSeconds', 3_600, 'notBreaching'],
      ['VerdictPassed', 1, 'notBreaching'],
      ['ResourcesLeaked', 0, 'notBreaching'],
    ]);
  });

  it('look back a day at most, name the runbook alone, and tell the topic when there is one', async () => {
    await place.runbook('shop', [PUBLISH, OBJECTIVES]);
    for (const alarm of Object.values(alarmsIn(await template()))) {
      expect(alarm.Period * alarm.EvaluationPeriods).toBeLessThanOrEqual(86_400);
      expect(alarm.Dimensions).toEqual([{ Name: 'Runbook', Value: 'shop' }]);
      expect(alarm.AlarmName['Fn::Sub']).toMatch(/^\$\{AWS::StackName\}-shop-[a-z-]+$/);
      expect(alarm.AlarmDescription.length).toBeLessThan(1_024);
      expect(alarm.AlarmActions).toEqual({
        'Fn::If': ['HasAlarmTopic', [{ Ref: 'AlarmTopicArn' }], { Ref: 'AWS::NoValue' }],
      });
    }
  });

  it('hold nothing against an objective that it does not set', async () => {
    await place.runbook('shop', [PUBLISH]);
    const names = Object.values(alarmsIn(await template())).map(({ MetricName }) => MetricName);
    expect(names).toEqual(['DaysSinceVerifiedRestore', 'VerdictPassed', 'ResourcesLeaked']);
  });

  it('have ids of their own, however alike the names', async () => {
    for (const name of ['a-1', 'a1', 'a--1', 'ax1']) await place.runbook(name, [PUBLISH]);
    expect(Object.keys(alarmsIn(await template())).length).toBe(12);
  });

  it('take the objectives of a drill that is named instead of its runbook', async () => {
    await place.runbook('shop', [PUBLISH, OBJECTIVES]);
    await writeFile(
      join(place.cwd, 'weekly.yaml'),
      'drill: weekly\nrunbook: runbooks/shop.yaml\nobjectives: { rto: 5m }\n',
    );
    const { shopRtoAboveTarget } = alarmsIn(await template(['weekly.yaml']));
    expect(shopRtoAboveTarget?.Threshold).toBe(300);
  });
});

describe('alarms and dashboard', () => {
  it('look at nothing that a drill does not send, by the very dimensions it sends it with', async () => {
    await place.runbook('bookshop', [PUBLISH, OBJECTIVES]);
    const made = await template();
    const sent = metricsOf(buildReport(STORIES['passed']?.() ?? [], { tool: '0.1.0' }), undefined).map(
      ({ name, of: { runbook, resource } }) =>
        ['Drillbook', name, 'Runbook', runbook, ...(resource === undefined ? [] : ['Resource', resource])].join(' '),
    );
    const shown = widgetsIn(made).flatMap(({ properties }) => (properties.metrics ?? []).map((one) => one.join(' ')));
    const watched = Object.values(alarmsIn(made)).map(({ Namespace, MetricName, Dimensions }) =>
      [Namespace, MetricName, ...Dimensions.flatMap(({ Name, Value }) => [Name, Value])].join(' '),
    );
    expect(sent).toEqual(expect.arrayContaining(watched));
    expect([...shown].sort()).toEqual([...sent].sort());
  });

  it('say what every metric means', async () => {
    await place.runbook('shop', [PUBLISH]);
    const [legend] = widgetsIn(await template());
    for (const { meaning } of Object.values(METRICS)) expect(legend?.properties.markdown).toContain(meaning);
  });

  it('show objectives and the limit of age as lines, in the region of the stack', async () => {
    await place.runbook('shop', [PUBLISH, OBJECTIVES]);
    const [, ...graphs] = widgetsIn(await template());
    const lines = graphs.flatMap(({ properties: { annotations } }) => annotations?.horizontal ?? []);
    expect(lines.map(({ value }) => value)).toEqual([100, 900, 3_600]);
    expect(new Set(graphs.map(({ properties }) => properties.region))).toEqual(new Set(['${AWS::Region}']));
  });

  it('lie beside each other and never over each other', async () => {
    for (const name of ['shop', 'stall']) await place.runbook(name, [PUBLISH]);
    const taken = new Set<string>();
    for (const { x, y, width, height } of widgetsIn(await template())) {
      expect(x + width).toBeLessThanOrEqual(24);
      for (let column = x; column < x + width; column += 1) {
        for (let row = y; row < y + height; row += 1) {
          expect(taken).not.toContain(`${column} ${row}`);
          taken.add(`${column} ${row}`);
        }
      }
    }
  });

  it.runIf(hasLinter)('are clean by cfn-lint', async () => {
    const lint = async (made: Template) => {
      const file = join(place.cwd, 'alarms.json');
      await writeFile(file, JSON.stringify(made, undefined, 2));
      await promisify(execFile)('cfn-lint', ['--include-checks', 'I', '--regions', 'eu-west-1', '--', file]).catch(
        (error: { stdout?: string }) => {
          throw new Error(`cfn-lint: ${error.stdout ?? 'said nothing'}`);
        },
      );
    };
    await place.runbook('shop', [PUBLISH, OBJECTIVES]);
    await lint(await template());
  });
});

describe('alarms are refused', () => {
  it('when nothing is published', async () => {
    await place.runbook('shop');
    expect(await alarmsCommand([], { maxAge: '100d' }, place.io)).toBe(2);
    expect(place.stderr()).toContain('[alarms/nothing-published]');
    expect(place.stdout()).toBe('');
  });

  it('for runbooks of several regions, since alarms see their own only', async () => {
    await place.runbook('shop', [PUBLISH]);
    await place.runbook('stall', ['publish: { cloudwatch: { region: us-east-1 } }']);
    expect(await alarmsCommand([], { maxAge: '100d' }, place.io)).toBe(2);
    expect(place.stderr()).toContain("'eu-west-1' and 'us-east-1'");
  });

  it('for a runbook that is named by itself and by a drill', async () => {
    const file = await place.runbook('shop', [PUBLISH]);
    await writeFile(join(place.cwd, 'weekly.yaml'), 'drill: weekly\nrunbook: runbooks/shop.yaml\n');
    expect(await alarmsCommand([file, 'weekly.yaml'], { maxAge: '100d' }, place.io)).toBe(2);
    expect(place.stderr()).toContain('[alarms/named-twice]');
  });

  it('for more runbooks than a template holds, and not for one fewer', async () => {
    for (let index = 0; index < 99; index += 1) await place.runbook(`shop-${index}`, [PUBLISH, OBJECTIVES]);
    const made = await template();
    expect(Object.keys(made.Resources).length).toBe(496);
    expect(widgetsIn(made).length).toBe(496);
    await place.runbook('one-more', [PUBLISH, OBJECTIVES]);
    expect(await alarmsCommand([], { maxAge: '100d' }, place.io)).toBe(2);
    expect(place.stderr()).toContain('[alarms/too-many]');
  });

  it('for an age that is no duration, and for a runbook with a mistake', async () => {
    const file = await place.runbook('shop', [PUBLISH]);
    expect(await alarmsCommand([file], { maxAge: 'soon' }, place.io)).toBe(2);
    expect(await alarmsCommand([await place.runbook('wrong', ['colour: red'])], { maxAge: '1d' }, place.io)).toBe(2);
    expect(place.stderr()).toContain('unknown-key');
  });
});
