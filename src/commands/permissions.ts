import { type AwsRunbook, policyFor, publishStatement } from '../providers/aws/permissions/policy-for.ts';
import { MOST_CHARACTERS, sizeOf } from '../providers/aws/permissions/policy-document.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { type CommandIo, printProblem } from './io.ts';
import { readRunbook } from './read-runbook.ts';

/**
 * `drillbook permissions`: prints the IAM policy of the session that a runbook's drills act with in the sandbox account,
 * and nothing else on stdout; with `--json` without line breaks. What a policy cannot say goes to stderr.
 *
 * @returns 0 printed, 2 not: the file is wrong, or its drills need no AWS
 */
export async function permissionsCommand(
  file: string,
  options: { readonly json?: boolean },
  io: CommandIo,
): Promise<number> {
  const runbook = await readRunbook(file, io);
  if (runbook === undefined) return 2;
  if (!isOnAws(runbook)) {
    printProblem(io, {
      code: 'permissions/no-aws',
      message: `the sandbox of '${runbook.name}' is local: its drills act on this machine alone, and need no policy`,
      hint: "Name a runbook whose sandbox says 'provider: aws'.",
    });
    return 2;
  }
  const policy = policyFor(runbook);
  io.stdout(`${options.json ? JSON.stringify(policy) : JSON.stringify(policy, undefined, 2)}\n`);
  for (const note of notesOn(runbook, sizeOf(policy))) io.stderr(`${note}\n`);
  return 0;
}

function isOnAws(runbook: Runbook): runbook is AwsRunbook {
  return runbook.sandbox.provider === 'aws';
}

function notesOn(runbook: AwsRunbook, size: number): readonly string[] {
  const { account, role } = runbook.sandbox;
  const room = size <= MOST_CHARACTERS ? '' : '; put it into two policies, statement by statement';
  return [
    `policy for ${role === undefined ? `the credentials that drills use in account '${account}'` : `the role '${role}'`}: ` +
      `${size} of the ${MOST_CHARACTERS} characters that a managed policy may have${room}`,
    ...roleNotes(runbook),
    ...(runbook.cutover === undefined ? [] : [zonesNote(runbook.cutover.zone)]),
    'not in it: the service-linked role of RDS, which an administrator makes once in an account that never used RDS',
    "not in it: a permissions boundary; the stack's role gets its rights from this session, so set one where drills are not trusted with that",
    'tested against a simulated AWS: every request of a drill is allowed and nothing is left over; that IAM itself agrees, only a drill in your account shows',
  ];
}

/** Route 53 tells the copy of a zone from other zones by nothing that a condition knows. */
function zonesNote(zone: string): string {
  return (
    `with a cutover the session may change every hosted zone in the account but '${zone}': Route 53 knows no conditions ` +
    'on tags, and gives a zone its id when it is made; keep zones that matter in another account'
  );
}

/** What acts before the role does, and beside it. */
function roleNotes({ sandbox: { role }, publish }: AwsRunbook): readonly string[] {
  if (role === undefined) return [];
  const assume = { Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: [role] };
  const own = [assume, ...(publish ? [publishStatement(publish.cloudWatch.namespace)] : [])];
  return [
    `the credentials that drillbook runs with need besides: ${JSON.stringify(own)}`,
    `the trust policy of '${role}' must let them assume it ('sts:AssumeRole'), for longer than a drill lasts at best`,
  ];
}
