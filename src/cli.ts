#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { parseFindGoodArguments } from './commands/find-good-arguments.ts';
import type { initCommand } from './commands/init.ts';
import type { CommandIo } from './commands/io.ts';
import type { parseSearchArguments } from './commands/search-arguments.ts';
import { version } from './commands/version.ts';

const io: CommandIo = {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stderr.isTTY ?? false,
};

// Who reads no further ('drillbook … | head') ends no drill: it goes on to its teardown, unheard.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

// The SDK writes eight lines of its own to stderr where Node 20 runs it; which versions it supports is pinned and tested.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const reports = new Option('--reports <place>', 'where drills are kept: a folder, or s3://bucket/prefix').default(
  'reports',
);
const json = new Option('--json', 'print one JSON document on stdout');
const seed = new Option('--seed <seed>', 'seed of the draw; random without it, and always recorded');
const takeOver = new Option('--take-over', 'take the drill over from an engine of another host');

/** The command line; each command loads its own code when it is called, so that `--version` loads none of it. */
function program(end: (code: number) => void): Command {
  const cli = new Command('drillbook').description('Proves that backups can be restored.').version(version());
  cli.exitOverride();
  drillCommands(cli, end);
  searchCommands(cli, end);
  readingCommands(cli, end);
  catalogueCommands(cli, end);
  watchingCommands(cli, end);
  scheduleCommands(cli, end);
  machineCommands(cli, end);
  return cli;
}

function drillCommands(cli: Command, end: (code: number) => void): void {
  cli
    .command('run <runbook-or-drill>')
    .description('a drill: draw, restore, check, measure, tear down, report')
    .addOption(seed)
    .addOption(json)
    .addOption(reports)
    .option('--disaster-at <time>', 'the moment the RPO is measured against, e.g. 2026-11-20T03:00:00Z')
    .option('--keep-on-failure <duration>', 'keep the sandbox of a drill that did not pass, e.g. 2h')
    .option(
      '--prove-checks',
      'after a pass, damage copies of what was restored, and demand that each integrity check notices',
    )
    .action(async (file: string, options: RunArguments) => {
      const { runCommand } = await import('./commands/run.ts');
      const { parseRunArguments } = await import('./commands/arguments.ts');
      const parsed = parseRunArguments(options);
      if ('refusal' in parsed) throw new InvalidArgumentError(parsed.refusal);
      end(await runCommand(file, parsed, io));
    });
  cli
    .command('resume [id]')
    .description('finish one drill, or all unfinished ones')
    .addOption(reports)
    .addOption(json)
    .addOption(takeOver)
    .action(async (id: string | undefined, options: { reports: string; json?: boolean; takeOver?: boolean }) => {
      const { resumeCommand } = await import('./commands/resume.ts');
      end(await resumeCommand(id, options, io));
    });
  cli
    .command('teardown <id>')
    .description('remove what a drill has made')
    .addOption(reports)
    .addOption(takeOver)
    .action(async (id: string, options: { reports: string; takeOver?: boolean }) => {
      const { teardownCommand } = await import('./commands/teardown.ts');
      end(await teardownCommand(id, options, io));
    });
  cli
    .command('sweep')
    .description('list what expired drills have left; with --yes, remove it')
    .option('--yes', 'remove it')
    .option('--folder <folder>', 'folder of local sandboxes')
    .addOption(json)
    .action(async (options: { yes?: boolean; folder?: string; json?: boolean }) => {
      const { sweepCommand } = await import('./commands/sweep.ts');
      end(await sweepCommand(options, io));
    });
}

function searchCommands(cli: Command, end: (code: number) => void): void {
  cli
    .command('find-good <runbook>')
    .description('the last recovery point at which a check still passed, searched by halves with drills')
    .requiredOption('--check <id>', 'the check that tells good from bad')
    .option('--before <time>', 'search among those captured earlier, e.g. 2026-11-20')
    .option('--after <time>', 'search among those captured then or later')
    .option('--budget <number>', 'drills to run at most', '10')
    .addOption(reports)
    .addOption(json)
    .action(async (file: string, options: Parameters<typeof parseFindGoodArguments>[0]) => {
      const { findGoodCommand } = await import('./commands/find-good.ts');
      const { parseFindGoodArguments } = await import('./commands/find-good-arguments.ts');
      const parsed = parseFindGoodArguments(options);
      if ('refusal' in parsed) throw new InvalidArgumentError(parsed.refusal);
      end(await findGoodCommand(file, parsed, io));
    });
}

interface RunArguments {
  readonly seed?: string;
  readonly json?: boolean;
  readonly reports: string;
  readonly disasterAt?: string;
  readonly keepOnFailure?: string;
  readonly proveChecks?: boolean;
}

function readingCommands(cli: Command, end: (code: number) => void): void {
  cli
    .command('validate [files...]')
    .description('check runbooks and drills; every problem at once')
    .addOption(json)
    .action(async (files: string[], options: { json?: boolean }) => {
      const { validateCommand } = await import('./commands/validate.ts');
      end(await validateCommand(files, options, io));
    });
  cli
    .command('plan <runbook>')
    .description('what a drill would draw and do; reads only')
    .addOption(seed)
    .addOption(json)
    .addOption(reports)
    .action(async (file: string, options: { seed?: string; json?: boolean; reports: string }) => {
      const { planCommand } = await import('./commands/plan.ts');
      end(await planCommand(file, options, io));
    });
  cli
    .command('report [id]')
    .description('the report of a drill, the newest one without an id')
    .addOption(reports)
    .option('--format <format>', 'text, json, md, html or junit', 'text')
    .action(async (id: string | undefined, options: { reports: string; format: string }) => {
      const { reportCommand } = await import('./commands/report.ts');
      end(await reportCommand(id, options, io));
    });
  cli
    .command('verify [id]')
    .description('is the evidence of a drill intact')
    .addOption(reports)
    .addOption(json)
    .action(async (id: string | undefined, options: { reports: string; json?: boolean }) => {
      const { verifyCommand } = await import('./commands/verify.ts');
      end(await verifyCommand(id, options, io));
    });
}

function catalogueCommands(cli: Command, end: (code: number) => void): void {
  cli
    .command('init <folder>')
    .description('write a first runbook from what a folder of backups holds; reads only')
    .option('--live <url>', 'the living source: postgres://user@host:port/db, mysql://user@host:port/db, or a path')
    .option('--name <name>', "the runbook's name; by default the folder's")
    .option('--output <file>', 'where to write it; by default runbooks/NAME.yaml')
    .option('--force', 'write it over one that is there')
    .addOption(json)
    .action(async (folder: string, options: Parameters<typeof initCommand>[1]) => {
      const { initCommand } = await import('./commands/init.ts');
      end(await initCommand(folder, options, io));
    });
  cli
    .command('recovery-points [runbook-or-source]')
    .description('what sources hold, what of it is unusable, gaps against the RPO, and when each was last proven')
    .option('--source <text>', 'the name of a resource, or a part of its source')
    .option('--after <time>', 'captured then or later, e.g. 2026-11-01')
    .option('--before <time>', 'captured earlier')
    .option('--tag <tag>', 'carries the tag')
    .option('--consistency <kind>', 'application or crash')
    .option('--proven', 'restored and verified by some drill')
    .option('--unproven', 'never restored and verified')
    .option('--recorded', 'ask no source: show what draws have seen')
    .addOption(reports)
    .addOption(json)
    .action(async (target: string | undefined, options: Parameters<typeof parseSearchArguments>[0]) => {
      const { recoveryPointsCommand } = await import('./commands/recovery-points.ts');
      const { parseSearchArguments } = await import('./commands/search-arguments.ts');
      const parsed = parseSearchArguments(options);
      if ('refusal' in parsed) throw new InvalidArgumentError(parsed.refusal);
      end(await recoveryPointsCommand(target, parsed, io));
    });
  cli
    .command('history [runbook]')
    .description(
      'how drills went one after the other: RTO, RPO, speed of restores, what is off, what growth will break',
    )
    .addOption(reports)
    .addOption(json)
    .action(async (runbook: string | undefined, options: { reports: string; json?: boolean }) => {
      const { historyCommand } = await import('./commands/history.ts');
      end(await historyCommand(runbook, options, io));
    });
}

function watchingCommands(cli: Command, end: (code: number) => void): void {
  cli
    .command('coverage')
    .description('what is proven, how old and how sound the proof is, and what never was')
    .addOption(reports)
    .option('--live', 'ask all sources what they hold now')
    .option('--publish', 'send the ages to CloudWatch; for a daily cron')
    .addOption(json)
    .action(async (options: { reports: string; live?: boolean; publish?: boolean; json?: boolean }) => {
      const { coverageCommand } = await import('./commands/coverage.ts');
      end(await coverageCommand(options, io));
    });
  cli
    .command('permissions <runbook>')
    .description('print the least IAM policy that the drills of a runbook on AWS need')
    .option('--json', 'print it on one line')
    .option('--part <number>', 'print one of the parts that fit into managed policies')
    .action(async (file: string, options: { json?: boolean; part?: string }) => {
      const { permissionsCommand } = await import('./commands/permissions.ts');
      end(await permissionsCommand(file, options, io));
    });
  cli
    .command('alarms [files...]')
    .description('print a CloudFormation template with alarms and a dashboard for runbooks that publish')
    .option('--max-age <duration>', 'how old the last verified restore may become', '100d')
    .action(async (files: string[], options: { maxAge: string }) => {
      const { alarmsCommand } = await import('./commands/alarms.ts');
      end(await alarmsCommand(files, options, io));
    });
}

function scheduleCommands(cli: Command, end: (code: number) => void): void {
  cli
    .command('schedule')
    .description("drill what the files in 'drills/' schedule, until it is told to end")
    .addOption(reports)
    .option('--once', 'begin what is due, see it to its end, and leave; for cron and CI')
    .option('--list', 'only say when the next drills are due')
    .option('--json', 'with --list: print one JSON document on stdout')
    .option('--listen <address>', 'serve /healthz and /metrics, e.g. 127.0.0.1:9464')
    .action(async (options: { reports: string; once?: boolean; list?: boolean; json?: boolean; listen?: string }) => {
      const { scheduleCommand } = await import('./commands/schedule.ts');
      const { parseScheduleArguments } = await import('./commands/arguments.ts');
      const parsed = parseScheduleArguments(options);
      if ('refusal' in parsed) throw new InvalidArgumentError(parsed.refusal);
      end(await scheduleCommand(parsed, io));
    });
}

function machineCommands(cli: Command, end: (code: number) => void): void {
  cli
    .command('manifest <runbook>')
    .description('record from the living source what a restore must contain; reads only')
    .option('--of <resource>', 'the resource of the runbook')
    .option('--recovery-point <id>', 'the recovery point whose end is this very moment')
    .option('--output <file>', 'where to write it')
    .action(async (file: string, options: { of?: string; recoveryPoint?: string; output?: string }) => {
      const { manifestCommand } = await import('./commands/manifest.ts');
      const { readRunbook } = await import('./commands/read-runbook.ts');
      const runbook = await readRunbook(file, io);
      end(runbook === undefined ? 2 : await manifestCommand({ runbook, ...options }, io));
    });
  cli
    .command('schema [name]')
    .description('print a JSON Schema: runbook, drill or report')
    .option('--write', 'write all of them into schema/')
    .option('--check', 'check that those in schema/ are these')
    .action(async (which: string | undefined, options: { write?: boolean; check?: boolean }) => {
      const { schemaCommand } = await import('./commands/schema.ts');
      end(await schemaCommand({ ...options, ...(which !== undefined && { which }) }, io));
    });
  cli
    .command('doctor')
    .description('what this machine can do, and what is missing')
    .addOption(json)
    .action(async (options: { json?: boolean }) => {
      const { doctorCommand } = await import('./commands/doctor.ts');
      end(await doctorCommand(options, io));
    });
  cli
    .command('sample')
    .description('build the sample estate: a shop, its backups, one of them silently damaged')
    .option('--folder <folder>', 'where to build it')
    .option('--force', 'build it anew')
    .action(async (options: { folder?: string; force?: boolean }) => {
      const { sampleCommand } = await import('./commands/sample.ts');
      end(await sampleCommand(options, io));
    });
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

async function main(): Promise<number> {
  let code = 0;
  try {
    await program((end) => {
      code = end;
    }).parseAsync();
    return code;
  } catch (error) {
    if (error instanceof InvalidArgumentError) io.stderr(`${error.message}\n`);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const told =
      error instanceof Error ? (process.env['DRILLBOOK_DEBUG'] ? error.stack : error.message) : String(error);
    io.stderr(
      `this is a bug in drillbook: ${told}\nhint: Please report it; DRILLBOOK_DEBUG=1 shows where it happened.\n`,
    );
    return 70;
  }
}

process.exitCode = await main();
