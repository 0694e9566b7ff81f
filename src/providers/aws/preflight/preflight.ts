import { setMaxListeners } from 'node:events';
import type { Plan } from '../../../plan/plan.ts';
import type { Preflight } from '../../provider.ts';
import type { AwsContext } from '../aws-context.ts';
import { classifyAws } from '../aws-errors.ts';
import { findClassesAhead } from './classes.ts';
import type { Finding, LookAhead } from './finding.ts';
import { findKeysAhead } from './keys.ts';
import { findTakenNames } from './names-taken.ts';
import { findParameterGroupsAhead } from './parameter-groups.ts';
import { findQuotasAhead } from './quotas.ts';
import { findSnapshotsAhead } from './snapshots.ts';
import { findVpcsAhead } from './vpcs.ts';
import { findZoneAhead } from './zones.ts';

/** One look, with what it wants to know as the end of the sentence `it cannot be known …`. */
interface Look {
  readonly about: string;
  /**
   * What a drill calls in any case, to find again and to remove what it makes, it must be allowed to call now: one that
   * is not would end in the middle, or leave something behind. What only the look ahead asks may be denied, since RDS
   * itself refuses a restore for the same reason, only later.
   */
  readonly whenDenied: Finding['weight'];
  readonly look: (ahead: LookAhead) => Promise<readonly Finding[]>;
}

const LOOKS: readonly Look[] = [
  { about: "whether the drill's names are free", whenDenied: 'refusal', look: findTakenNames },
  { about: 'whether the snapshots are still there', whenDenied: 'refusal', look: findSnapshotsAhead },
  { about: "whether the cutover's zone can be copied", whenDenied: 'refusal', look: findZoneAhead },
  { about: 'whether there is room for one more VPC', whenDenied: 'refusal', look: findVpcsAhead },
  { about: 'whether the keys can be used', whenDenied: 'warning', look: findKeysAhead },
  { about: 'whether the quotas suffice', whenDenied: 'warning', look: findQuotasAhead },
  { about: 'whether the instance classes are offered', whenDenied: 'warning', look: findClassesAhead },
  { about: 'whether the parameter groups fit', whenDenied: 'warning', look: findParameterGroupsAhead },
];

/** More than the looks have calls under way at once, each with a listener or two. */
const MOST_LISTENERS = 64;

/**
 * Asks AWS all that can be known of a plan before anything is made. Reads only; what the listing of recovery points has
 * asked a moment before (the engine, the storage type, whether a shared snapshot is encrypted) is not asked again.
 *
 * @throws what the SDK throws, denials apart
 */
export async function preflightOnAws(plan: Plan, context: AwsContext, signal: AbortSignal): Promise<Preflight> {
  // Each call under way listens to its signal, and Node takes more than ten listeners for a leak.
  const own = AbortSignal.any([signal]);
  setMaxListeners(MOST_LISTENERS, own);
  const ahead = { plan, context, signal: own };
  const findings = (await Promise.all(LOOKS.map(async (look) => lookOrTell(look, ahead)))).flat();
  const ofWeight = (weight: Finding['weight']) =>
    findings.filter((one) => one.weight === weight).map(({ problem }) => problem);
  return { refusals: ofWeight('refusal'), warnings: ofWeight('warning') };
}

async function lookOrTell({ about, whenDenied, look }: Look, ahead: LookAhead): Promise<readonly Finding[]> {
  try {
    return await look(ahead);
  } catch (error) {
    const { problem } = classifyAws(error);
    if (problem.code !== 'aws/access-denied') throw error;
    const message = `it cannot be known ${about}: ${problem.message}`;
    return [{ weight: whenDenied, problem: { ...problem, code: 'preflight/cannot-look', message } }];
  }
}
