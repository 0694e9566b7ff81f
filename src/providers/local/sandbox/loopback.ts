import type { Problem } from '../../../diagnostics/problem.ts';
import { SANDBOX_UID } from './launch.ts';
import { type AvailableLevel, type ToolSearch, trialAt } from './levels.ts';

/** Said by what cannot bring it up, so that nothing that a program says is taken for it. */
const MARK = 'drillbook-no-loopback';

/**
 * Put before a command at L1 or L2: a network of its own within the sandbox's, whose loopback answers. Only in a user
 * namespace of our own making may it be brought up; then on as before, with no right to undo any of it.
 */
export const WITH_LOOPBACK: readonly string[] = [
  'unshare',
  '--user',
  '--map-root-user',
  '--net',
  '--',
  'sh',
  '-c',
  `{ ip link set lo up || ifconfig lo up; } 2>/dev/null || { echo ${MARK} >&2; exit 1; }
   exec unshare --user --map-user=${SANDBOX_UID} --map-group=${SANDBOX_UID} -- "$@"`,
  'drillbook-loopback',
];

/** Whether a command after `WITH_LOOPBACK` was never started, by what its sandbox said. */
export function lacksLoopback(stderr: string): boolean {
  return stderr.split('\n').includes(MARK);
}

/** Why no program that listens can be started here; `undefined` when one can. Tries it out. */
export async function loopbackProblem(
  { level }: Pick<AvailableLevel, 'level'>,
  search: ToolSearch,
): Promise<Problem | undefined> {
  if (level === 'L0') return NO_NETWORK_OF_ITS_OWN;
  const obstacle = await trialAt(level, [...WITH_LOOPBACK, 'true'], search);
  return obstacle === undefined ? undefined : NO_LOOPBACK;
}

export const NO_NETWORK_OF_ITS_OWN: Problem = {
  code: 'check/needs-isolation',
  message: 'unable to start a program that listens: at isolation L0 it would listen on the network of this machine',
  hint: 'Run the drill where isolation L1 or L2 can be had (drillbook doctor says what is missing), or use a check of kind command.',
  blames: 'environment',
};

export const NO_LOOPBACK: Problem = {
  code: 'check/no-loopback',
  message:
    "unable to start a program that listens: neither 'ip' nor 'ifconfig' could bring up the sandbox's own loopback",
  hint: "Install one of them (Debian: 'iproute2'), or use a check of kind command, which needs no network.",
  blames: 'environment',
};
