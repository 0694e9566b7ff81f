import { awsName, proofOf, readMark } from '../names.ts';
import { describeProbe, probeTags } from '../probe-function/describe-probe.ts';
import { describeInstances, ownMark } from '../rds/describe-instance.ts';
import { SANDBOX_KIND, describeStack, wholeMark } from '../sandbox/describe-stack.ts';
import { type Finding, type LookAhead, plannedRds, refusal } from './finding.ts';

/** Something on AWS under a name that the drill will want, and the drill whose whole mark it carries, if any. */
interface NameTaken {
  readonly kind: 'stack' | 'Lambda function' | 'RDS instance';
  readonly name: string;
  readonly drillId: string | undefined;
}

/** What has a name of this drill and is not its own. */
export async function findTakenNames(ahead: LookAhead): Promise<readonly Finding[]> {
  const lists = await Promise.all([stackOf(ahead), functionOf(ahead), instancesOf(ahead)]);
  return lists.flat().flatMap((taken) => (taken.drillId === ahead.plan.drillId ? [] : [nameTaken(taken)]));
}

async function stackOf({ plan, context, signal }: LookAhead): Promise<readonly NameTaken[]> {
  const name = awsName(plan.drillId, SANDBOX_KIND);
  const stack = await describeStack(name, context, signal);
  return stack === undefined ? [] : [{ kind: 'stack', name, drillId: wholeMark(stack, context)?.drillId }];
}

async function functionOf({ plan, context, signal }: LookAhead): Promise<readonly NameTaken[]> {
  const name = awsName(plan.drillId, 'probe');
  const found = await describeProbe(name, context, signal);
  if (found === undefined) return [];
  const mark = readMark(probeTags(found.Tags));
  const { place } = context;
  const isWhole = mark?.proof === proofOf({ drillId: plan.drillId, kind: 'probe', name, place });
  return [{ kind: 'Lambda function', name, drillId: isWhole ? mark?.drillId : undefined }];
}

async function instancesOf({ plan, context, signal }: LookAhead): Promise<readonly NameTaken[]> {
  const names = plannedRds(plan).map(({ spec }) => awsName(plan.drillId, spec.name));
  const instances = await describeInstances(names, context, signal);
  return instances.map(({ DBInstanceIdentifier: name = '', TagList }) => ({
    kind: 'RDS instance',
    name,
    drillId: ownMark(TagList, name, context.place)?.drillId,
  }));
}

function nameTaken({ kind, name }: NameTaken): Finding {
  return refusal(
    'preflight/name-taken',
    `the drill needs the name '${name}' for its ${kind}, and one that is not its own has it`,
    'Look at it by hand; remove or rename it if it is not needed, then run the drill again.',
  );
}
