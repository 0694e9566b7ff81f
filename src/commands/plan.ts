import { randomBytes } from 'node:crypto';
import { planDrill } from '../engine/perform-select.ts';
import type { Plan, PlannedGroup } from '../plan/plan.ts';
import { timesDrawn } from '../history/point-history.ts';
import { NAME_PREFIX } from '../providers/aws/names.ts';
import { systemClock } from '../support/clock.ts';
import { sha256Hex } from '../support/sha256-hex.ts';
import { formatCount, formatSeconds } from '../report/format.ts';
import { openHistory } from './drill-history.ts';
import { type ExpectedDuration, expectedDuration } from './expected-duration.ts';
import { type CommandIo, printProblem } from './io.ts';
import { readRunbook } from './read-runbook.ts';
import { openReports } from './reports-place.ts';
import { nameOf } from './runbook-files.ts';
import { version } from './version.ts';
import { wireReadingProvider } from './wire.ts';

/** `drillbook plan`: what a drill with this seed would draw and do. Reads only. */
export async function planCommand(
  file: string,
  options: { seed?: string; json?: boolean; reports: string },
  io: CommandIo,
): Promise<number> {
  const runbook = await readRunbook(file, io);
  if (runbook === undefined) return 2;
  const place = await openReports(options.reports, io);
  if (typeof place === 'number') return place;
  const { drills } = await openHistory(place.folder);
  const started = {
    type: 'drill-started',
    schema: 1,
    drillId: `${runbook.name}-plan`,
    runbook,
    seed: options.seed ?? randomBytes(8).toString('hex'),
    seedChosen: options.seed !== undefined,
    tool: version(),
    at: systemClock.now(),
  } as const;
  const ports = {
    provider: await wireReadingProvider(io, runbook.sandbox),
    sha256Hex,
    timesDrawn: async (source: string) => Promise.resolve(timesDrawn(drills, source)),
  };
  const planning = await planDrill(started, ports, new AbortController().signal);
  if (planning.kind === 'refused') {
    for (const problem of planning.problems) printProblem(io, problem);
    return 3;
  }
  for (const warning of planning.warnings) printProblem(io, warning);
  const expected = expectedDuration(drills, runbook.name);
  const { plan } = planning;
  io.stdout(
    options.json
      ? `${JSON.stringify({ ...plan, ...(expected && { expected }) }, undefined, 2)}\n`
      : describe(plan, started.seed, expected),
  );
  return 0;
}

function durationInWords(expected: ExpectedDuration | undefined): string {
  if (expected === undefined) return 'unknown, since no drill of this runbook has finished here';
  const [median, longest] = [formatSeconds(expected.median / 1_000), formatSeconds(expected.longest / 1_000)];
  return `${median} (median of ${formatCount(expected.of, 'drill')}, the longest took ${longest})`;
}

/** A drill has an id of its own, which is not known before it begins; the rest of each name is. */
function createdOnAws({ resources, steps }: Plan): readonly string[] {
  const named = (what: string) => `'${NAME_PREFIX}…-${what}'`;
  return [
    `  CloudFormation stack ${named('sandbox')}`,
    `  Lambda function ${named('probe')}`,
    ...resources.map(({ spec, point: { rds } }) => {
      const instanceClass = (spec.kind === 'rds' ? spec.instanceClass : undefined) ?? rds?.sourceClass;
      return `  RDS instance ${named(spec.name)}, ${instanceClass ?? 'of no known class'}`;
    }),
    ...steps.flatMap((step) =>
      step.kind === 'zone' ? [`  private copy of the hosted zone '${step.cutover.zone}'`] : [],
    ),
    "  where … is 12 hex digits made from the drill's id",
  ];
}

function groupInWords({ name, of, expectedSkew, maxSkew }: PlannedGroup): string {
  const [expected, allowed] = [formatSeconds(expectedSkew / 1_000), formatSeconds(maxSkew / 1_000)];
  return `group '${name}' (${of.join(', ')}): expected ${expected} apart, at most ${allowed} allowed`;
}

function describe(plan: Plan, seed: string, expected: ExpectedDuration | undefined): string {
  const drawn = plan.resources.map(({ spec, point, draw }) => {
    const of = `${draw.index + 1} of ${draw.candidates.length} candidates`;
    const excluded = draw.excluded.map(({ id, because }) => `\n    excluded: '${id}': ${because}`).join('');
    const followed = draw.follows ? `, ${draw.strategy}` : '';
    return `  ${spec.name}: '${point.id}' (${of}${followed}, captured ${point.capturedAt}, ${point.format})${excluded}`;
  });
  const steps = plan.steps.map(({ id, needs }) => `  ${id}${needs.length > 0 ? `  needs ${needs.join(', ')}` : ''}`);
  return [
    `seed ${seed} draws:`,
    ...drawn,
    ...(plan.groups ?? []).map(groupInWords),
    `steps, up to ${plan.concurrency} at once:`,
    ...steps,
    `created: 1 sandbox in '${nameOf(plan.sandbox)}', ${plan.resources.length} restored, all removed by ${plan.sandbox.expiresAt} at the latest`,
    ...(plan.sandbox.provider === 'aws' ? createdOnAws(plan) : []),
    `expected duration: ${durationInWords(expected)}`,
    `expected cost: ${plan.sandbox.provider === 'aws' ? 'not estimated' : 'none, everything runs on this machine'}`,
    '',
  ].join('\n');
}
