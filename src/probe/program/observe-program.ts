import type { Problem } from '../../diagnostics/problem.ts';
import type { LocalEndpoint } from '../../providers/resource.ts';
import type { Millis } from '../../support/time.ts';
import type { Observation, ProgramRequest } from '../observation.ts';
import { restoredData } from './restored-data.ts';
import type { RunInSandbox, SandboxedOutput } from './run-in-sandbox.ts';
import { SUPERVISOR_SCRIPT, type SupervisedProgram, type SupervisorReport } from './supervisor.ts';

/** Longest that a started program is waited for where nothing else is said; it is begun anew for every look. */
const PATIENCE: Millis = 60_000;
const MOST_BODY = 1_048_576;
/** Of what a program complains about, its end is kept. */
const MOST_COMPLAINT = 2_048;

/** Runs a program in a sandbox of its own beside what was restored, and sees how it ends or what it answers. */
export async function observeProgram(
  runInSandbox: RunInSandbox,
  { endpoint, request }: { readonly endpoint: LocalEndpoint; readonly request: ProgramRequest },
  signal: AbortSignal,
): Promise<Observation> {
  const program = request.kind === 'command' ? request.run : request.start;
  const data = await restoredData(endpoint, request.database);
  if ('code' in data) return { kind: 'unobservable', problem: data };
  const ask = request.kind === 'http' && {
    port: request.port,
    path: request.path,
    patience: request.patience ?? PATIENCE,
    mostBytes: MOST_BODY,
  };
  // What tells where the restored data is cannot be talked over: a program must not look elsewhere.
  const supervised: SupervisedProgram = {
    argv: program.argv,
    env: { ...program.env, ...data.env },
    ...(ask && { ask }),
    ...(data.socket && { socket: data.socket }),
    ...(data.workingFolder !== undefined && { cwd: data.workingFolder }),
  };
  const run = {
    restored: data.restored,
    command: [process.execPath, '-e', SUPERVISOR_SCRIPT],
    readOnly: [...data.readOnly, ...program.reads],
    input: JSON.stringify(supervised),
    network: ask ? ('loopback' as const) : ('none' as const),
  };
  const output = await runInSandbox(run, signal);
  if (signal.aborted) return { kind: 'unobservable', problem: gaveUp(program.argv) };
  if ('code' in output) return { kind: 'unobservable', problem: output };
  const secrets = [...Object.values(program.env), ...(data.password === undefined ? [] : [data.password])];
  return ask
    ? answerIn(output, program.argv, ask.patience)
    : endIn(output, { argv: program.argv, secrets, password: data.password });
}

interface Told {
  readonly argv: readonly string[];
  /** All that was given to the program and must not be shown. */
  readonly secrets: readonly string[];
  readonly password: string | undefined;
}

function endIn(output: SandboxedOutput, { argv, secrets, password }: Told): Observation {
  const report = reportIn(output);
  if (report === undefined) return { kind: 'unobservable', problem: notRun(argv, output) };
  if (report.kind !== 'exited' && report.kind !== 'killed')
    return { kind: 'unobservable', problem: notRun(argv, report) };
  const complaint = redacted(output.stderr, secrets).slice(-MOST_COMPLAINT);
  // Of the output, its matching must not suffer from what an environment happens to hold.
  return {
    kind: 'command',
    end: report,
    stdout: redacted(output.stdout, password === undefined ? [] : [password]),
    ...(output.discarded > 0 && { discarded: output.discarded }),
    complaint,
  };
}

function answerIn(output: SandboxedOutput, argv: readonly string[], patience: Millis): Observation {
  const report = reportIn(output);
  if (report === undefined) return { kind: 'unobservable', problem: notRun(argv, output) };
  if (report.kind === 'not-started') return { kind: 'unobservable', problem: notRun(argv, report) };
  if (report.kind === 'answered') return { kind: 'http', answer: report };
  const because =
    report.kind === 'silent'
      ? `the program did not answer within ${Math.round(patience / 1_000)} s`
      : `the program ended before it answered: ${report.kind === 'exited' ? `exit code ${report.code}` : report.signal}`;
  return { kind: 'http', answer: { kind: 'silent', because } };
}

function reportIn({ report }: SandboxedOutput): SupervisorReport | undefined {
  try {
    // Of our own making, but for a program that is bent on misleading whoever runs it.
    return JSON.parse(report) as SupervisorReport;
  } catch {
    return undefined;
  }
}

/** Longer secrets first, so that one which holds another leaves no part of itself. */
function redacted(text: string, secrets: readonly string[]): string {
  const longestFirst = [...new Set(secrets)].filter((one) => one !== '').sort((a, b) => b.length - a.length);
  return longestFirst.reduce((left, secret) => left.replaceAll(secret, '***'), text);
}

/** What the tools that build a sandbox complain of; all else may be a program's, and quote what it reads. */
const OF_A_TOOL = /^(?:mount|umount|unshare|setpriv|pivot_root|mkdir|sh): .{1,200}$/m;

function notRun(argv: readonly string[], ended: SandboxedOutput | SupervisorReport): Problem {
  const why =
    'stderr' in ended
      ? `its sandbox ended: ${OF_A_TOOL.exec(ended.stderr)?.[0] ?? 'nothing says why'}`
      : ended.kind === 'not-started'
        ? ended.code
        : 'what came back was not asked for';
  return {
    code: 'check/program-not-run',
    message: `unable to run '${argv[0] ?? ''}' in the sandbox: ${why}`,
    hint: "Name a program of the system, or put the folder of the program into the check's 'reads'.",
    blames: 'environment',
  };
}

function gaveUp(argv: readonly string[]): Problem {
  return {
    code: 'check/gave-up',
    message: `gave up waiting for '${argv[0] ?? ''}', and ended it: the time for it was over, or the drill was interrupted`,
    hint: 'Give checks more time in the limits of the runbook, or let the program do less.',
    blames: 'environment',
  };
}
