import type { Problem } from '../diagnostics/problem.ts';
import { printDiagnostics } from '../diagnostics/print.ts';
import { ALARMS_PER_RUNBOOK, alarmsTemplate } from '../publish/alarms-template.ts';
import { cloudWatchTargetOf } from '../publish/cloudwatch.ts';
import { WIDGETS_PER_RUNBOOK } from '../publish/dashboard.ts';
import type { WatchedRunbook } from '../publish/watched-runbook.ts';
import { parseDuration } from '../runbook/duration.ts';
import { loadFiles } from '../runbook/load-files.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { type CommandIo, printProblem } from './io.ts';
import { sandboxFolder } from './read-runbook.ts';
import { runbookFiles } from './runbook-files.ts';

/** Of one template, and of one dashboard. */
const LIMITS = { resources: 500, widgets: 500, metrics: 2_500 };
/** Metrics on the dashboard: of a runbook, and of each of its resources. */
const METRICS_SHOWN = { runbook: 8, resource: 2 };

/**
 * `drillbook alarms`: prints a CloudFormation template with the alarms and the dashboard of runbooks that publish to
 * CloudWatch; of all in `runbooks/` when none is named. A drill's file stands for its runbooks with its objectives.
 *
 * @returns 0 printed, 2 not: a file is wrong, nothing publishes, or it cannot be one template
 */
export async function alarmsCommand(
  files: readonly string[],
  options: { readonly maxAge: string },
  io: CommandIo,
): Promise<number> {
  const maxAge = parseDuration(options.maxAge);
  if (maxAge === undefined) {
    return refuse(io, {
      code: 'usage/bad-duration',
      message: `'${options.maxAge}' is no duration`,
      hint: "Write --max-age like '100d'.",
    });
  }
  const runbooks = await runbooksOf(files.length > 0 ? files : await runbookFiles(io), io);
  if (runbooks === undefined) return 2;
  const watched = runbooks.flatMap((runbook) => watchedOf(runbook, io));
  const refusal = refusalOf(watched);
  if (refusal) return refuse(io, refusal);
  io.stdout(`${JSON.stringify(alarmsTemplate(watched, maxAge), undefined, 2)}\n`);
  const region = regionsOf(watched)[0];
  if (region !== undefined) io.stderr(`for a stack in '${region}', where the metrics are published\n`);
  return 0;
}

async function runbooksOf(files: readonly string[], io: CommandIo): Promise<readonly Runbook[] | undefined> {
  const loaded = await loadFiles(files, { sandboxFolder: sandboxFolder(io), cwd: io.cwd });
  const diagnostics = loaded.flatMap(({ loaded }) => (loaded.kind === 'invalid' ? loaded.diagnostics : []));
  if (diagnostics.length === 0) {
    return loaded.flatMap(({ loaded }) => (loaded.kind === 'valid' ? loaded.runbooks : []));
  }
  io.stderr(printDiagnostics(diagnostics));
  return undefined;
}

function watchedOf(runbook: Runbook, io: CommandIo): readonly WatchedRunbook[] {
  const { name, objectives, restore } = runbook;
  const target = cloudWatchTargetOf(runbook);
  if (target) return [{ name, objectives, resources: restore.map((spec) => spec.name), target }];
  io.stderr(`no alarms for '${name}': it has no 'publish.cloudwatch'\n`);
  return [];
}

type Refusal = Pick<Problem, 'code' | 'message' | 'hint'>;

function refusalOf(watched: readonly WatchedRunbook[]): Refusal | undefined {
  const names = watched.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (names.length === 0) {
    return {
      code: 'alarms/nothing-published',
      message: 'no runbook publishes to CloudWatch, so no alarm would ever see a figure',
      hint: "Add 'publish: { cloudwatch: {} }' to a runbook.",
    };
  }
  if (twice !== undefined) {
    return {
      code: 'alarms/named-twice',
      message: `the runbook '${twice}' is named twice, and its objectives may differ`,
      hint: 'Name either the runbook or one drill of it.',
    };
  }
  const regions = regionsOf(watched);
  if (regions.length > 1) {
    return {
      code: 'alarms/many-regions',
      message: `the runbooks publish to ${regions.map((one) => `'${one}'`).join(' and ')}, and alarms see their own region only`,
      hint: 'Name the runbooks of one region at a time.',
    };
  }
  return tooMany(watched);
}

function tooMany(watched: readonly WatchedRunbook[]): Refusal | undefined {
  const resources = watched.length * ALARMS_PER_RUNBOOK + 1;
  const widgets = watched.length * WIDGETS_PER_RUNBOOK + 1;
  const metrics = watched.reduce(
    (sum, one) => sum + METRICS_SHOWN.runbook + METRICS_SHOWN.resource * one.resources.length,
    0,
  );
  if (resources <= LIMITS.resources && widgets <= LIMITS.widgets && metrics <= LIMITS.metrics) return undefined;
  return {
    code: 'alarms/too-many',
    message: `${watched.length} runbooks are more than one template and one dashboard can hold`,
    hint: 'Name fewer runbooks at a time, and make a stack of each template.',
  };
}

function regionsOf(watched: readonly WatchedRunbook[]): readonly string[] {
  return [...new Set(watched.flatMap(({ target }) => target.region ?? []))];
}

function refuse(io: CommandIo, problem: Refusal): number {
  printProblem(io, problem);
  return 2;
}
