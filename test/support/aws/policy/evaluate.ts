import type { Conditions } from '../../../../src/providers/aws/permissions/policy-document.ts';

/** What IAM is asked for one action on one resource. */
export interface Authorization {
  /** `service:Action`. */
  readonly action: string;
  /** The resource's ARN; `*` for an action that knows none. */
  readonly resource: string;
  /** Condition keys that the request has; one that it lacks is absent. */
  readonly keys: Readonly<Record<string, string | readonly string[]>>;
}

/** A policy as IAM takes it, with one value where a list could be. */
export interface Policy {
  readonly Statement: readonly {
    readonly Effect: string;
    readonly Action: string | readonly string[];
    readonly Resource: string | readonly string[];
    readonly Condition?: Conditions;
  }[];
}

/** Whether a policy allows what is asked, as IAM judges it: one statement allows it in all its parts, and none denies it. */
export function isAllowed({ Statement }: Policy, asked: Authorization): boolean {
  const agreeing = Statement.filter((one) => fits(one, asked));
  return agreeing.length > 0 && agreeing.every(({ Effect }) => Effect === 'Allow');
}

function fits(
  { Action, Resource, Condition = {} }: Policy['Statement'][number],
  { action, resource, keys }: Authorization,
): boolean {
  return (
    [Action].flat().some((pattern) => isLike(action.toLowerCase(), pattern.toLowerCase())) &&
    [Resource].flat().some((pattern) => isLike(resource, pattern)) &&
    agrees(Condition, keys)
  );
}

/** IAM's patterns: `*` for any characters, `?` for one; nothing else is special. */
export function isLike(value: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}

function agrees(conditions: Conditions, keys: Authorization['keys']): boolean {
  return Object.entries(conditions).every(([operator, tests]) =>
    Object.entries(tests).every(([key, wanted]) =>
      holds(operator, { found: keysOf(keys, key), wanted: [wanted].flat() }),
    ),
  );
}

/** Names of condition keys know no case. */
function keysOf(keys: Authorization['keys'], name: string): readonly string[] | undefined {
  const found = Object.entries(keys).find(([key]) => key.toLowerCase() === name.toLowerCase());
  return found && [found[1]].flat();
}

interface Test {
  readonly found: readonly string[] | undefined;
  readonly wanted: readonly string[];
}

/** @throws Error for an operator that no policy of ours uses, rather than to guess what it means */
function holds(operator: string, { found, wanted }: Test): boolean {
  if (operator === 'Null') return wanted.some((one) => (one === 'true') === (found === undefined));
  if (operator.endsWith('IfExists')) {
    return found === undefined || holds(operator.slice(0, -'IfExists'.length), { found, wanted });
  }
  // True without any value too.
  if (operator.startsWith('ForAllValues:')) {
    const each = operator.slice('ForAllValues:'.length);
    return (found ?? []).every((one) => holds(each, { found: [one], wanted }));
  }
  if (operator === 'StringNotEquals') {
    return found === undefined || (found.length === 1 && !holds('StringEquals', { found, wanted }));
  }
  const compare = COMPARISONS[operator];
  if (compare === undefined) throw new Error(`no policy of ours uses the operator '${operator}'`);
  // A key of several values needs an operator for sets, which IAM tells by a prefix.
  return found?.length === 1 && wanted.some((one) => compare(found[0] ?? '', one));
}

const COMPARISONS: Readonly<Record<string, (found: string, wanted: string) => boolean>> = {
  StringEquals: (found, wanted) => found === wanted,
  StringLike: isLike,
  Bool: (found, wanted) => found.toLowerCase() === wanted.toLowerCase(),
};
