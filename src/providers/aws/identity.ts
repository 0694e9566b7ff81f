import { ProblemError } from '../../diagnostics/problem-error.ts';
import type { Problem } from '../../diagnostics/problem.ts';
import type { AwsPlace } from '../../runbook/runbook.ts';
import type { AwsContext } from './aws-context.ts';

/**
 * Asks STS whose credentials these are, and lets nothing pass but those of the place's account.
 *
 * @throws ProblemError `aws/wrong-account`, `aws/wrong-partition`
 */
export async function confirmAccount({ clients, place }: AwsContext, signal: AbortSignal): Promise<void> {
  const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
  const sts = await clients.sts();
  const identity = await sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
  const problem = judgeIdentity({ account: identity.Account, arn: identity.Arn }, place);
  if (problem) throw new ProblemError(problem);
}

/** Why credentials are not those of a place; a missing answer is a no. */
export function judgeIdentity(
  { account, arn }: { readonly account: string | undefined; readonly arn: string | undefined },
  place: Pick<AwsPlace, 'account' | 'region' | 'role'>,
): Problem | undefined {
  if (account !== place.account) {
    const whose = account === undefined ? 'no account that STS names' : `account '${account}'`;
    return {
      code: 'aws/wrong-account',
      message: `the credentials in use belong to ${whose}, not to the sandbox account '${place.account}'`,
      hint: place.role
        ? `Let 'sandbox.role' name a role of account '${place.account}', or correct 'sandbox.account'.`
        : `Use credentials of account '${place.account}' (AWS_PROFILE), or name a role of it as 'sandbox.role'.`,
      blames: 'environment',
    };
  }
  const partition = arn?.split(':')[1];
  if (partition === partitionOf(place.region)) return undefined;
  return {
    code: 'aws/wrong-partition',
    message: `the credentials in use belong to partition '${partition ?? ''}', region '${place.region}' to another`,
    hint: "Correct 'sandbox.region', or use credentials of the partition that the region lies in.",
    blames: 'environment',
  };
}

/** By the patterns in AWS's own list of partitions; every region that is in none of the others is in `aws`. */
const PARTITIONS: readonly (readonly [RegExp, string])[] = [
  [/^cn-/, 'aws-cn'],
  [/^us-gov-/, 'aws-us-gov'],
  [/^us-iso-/, 'aws-iso'],
  [/^us-isob-/, 'aws-iso-b'],
  [/^eu-isoe-/, 'aws-iso-e'],
  [/^us-isof-/, 'aws-iso-f'],
  [/^eusc-/, 'aws-eusc'],
];

/** The partition of the ARNs of a region. */
export function partitionOf(region: string): string {
  return PARTITIONS.find(([pattern]) => pattern.test(region))?.[1] ?? 'aws';
}
