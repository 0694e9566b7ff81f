import { type AwsRunbook, policyFor, publishStatement } from '../providers/aws/permissions/policy-for.ts';
import { MOST_CHARACTERS, type PolicyDocument, sizeOf } from '../providers/aws/permissions/policy-document.ts';
import { partsOf } from '../providers/aws/permissions/policy-parts.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { formatCount } from '../report/format.ts';
import { type CommandIo, printProblem } from './io.ts';
import { readRunbook } from './read-runbook.ts';

/**
 * `drillbook permissions`: prints the IAM policy of the session that a runbook's drills act with in the sandbox account,
 * and nothing else on stdout; with `--json` without line breaks. What a policy cannot say goes to stderr. With `--part` it
 * prints one of the documents that each fit into a managed policy, and together are the policy.
 *
 * @returns 0 printed, 2 not: the file is wrong, its drills need no AWS, or there is no such part
 */
export async function permissionsCommand(
  file: string,
  options: { readonly json?: boolean; readonly part?: string },
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
  const parts = partsOf(policy);
  const print = (document: PolicyDocument) =>
    io.stdout(`${options.json ? JSON.stringify(document) : JSON.stringify(document, undefined, 2)}\n`);
  if (options.part !== undefined) return printPart(options.part, parts, { io, print });
  print(policy);
  for (const note of notesOn(runbook, [whoseNote(runbook, policy), ...partNotes(file, parts)])) io.stderr(`${note}\n`);
  return 0;
}

function printPart(
  part: string,
  parts: readonly PolicyDocument[],
  { io, print }: { readonly io: CommandIo; readonly print: (document: PolicyDocument) => void },
): number {
  const document = /^[1-9]\d*$/.test(part) ? parts[Number(part) - 1] : undefined;
  if (document === undefined) {
    printProblem(io, {
      code: 'permissions/no-such-part',
      message: `there is no part '${part}' of the policy, which has ${formatCount(parts.length, 'part')}`,
      hint: `Name a part from 1 to ${parts.length}, or none for the whole policy.`,
    });
    return 2;
  }
  print(document);
  const all = parts.length === 1 ? 'which is all of it' : `attach all ${parts.length}`;
  io.stderr(`part ${part} of ${parts.length} of the policy: ${sizeInWords(document)}; ${all}\n`);
  return 0;
}

function isOnAws(runbook: Runbook): runbook is AwsRunbook {
  return runbook.sandbox.provider === 'aws';
}

function whoseNote({ sandbox: { account, role } }: AwsRunbook, policy: PolicyDocument): string {
  const whose = role === undefined ? `the credentials that drills use in account '${account}'` : `the role '${role}'`;
  return `policy for ${whose}: ${sizeInWords(policy)}`;
}

function sizeInWords(document: PolicyDocument): string {
  return `${sizeOf(document)} of the ${MOST_CHARACTERS} characters that a managed policy may have`;
}

/** How to have the policy as documents that fit, where it does not. */
function partNotes(file: string, parts: readonly PolicyDocument[]): readonly string[] {
  if (parts.length === 1) return [];
  return [
    `it fits into ${parts.length} managed policies, all of them to be attached; print each by itself:`,
    ...parts.map((_, index) => `  drillbook permissions ${file} --part ${index + 1} > part-${index + 1}.json`),
  ];
}

function notesOn(runbook: AwsRunbook, first: readonly string[]): readonly string[] {
  return [
    ...first,
    ...roleNotes(runbook),
    runbook.cutover === undefined ? NO_ZONES_NOTE : zonesNote(runbook.cutover.zone),
    'not in it: the service-linked role of RDS, which an administrator makes once in an account that never used RDS',
    "not in it: a permissions boundary; the stack's role gets its rights from this session, so set one where drills are not trusted with that",
    'tested against a simulated AWS: every request of a drill is allowed and nothing is left over; that IAM itself agrees, only a drill in your account shows',
  ];
}

/** Who may remove the copy of a zone may remove any zone: see `dnsStatements`. */
const NO_ZONES_NOTE =
  'not in it: the removal of copies of zones, which only drills with a cutover make; a sweep with this policy lists what ' +
  'those have left and cannot remove it: sweep with the policy of a runbook that has a cutover';

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
