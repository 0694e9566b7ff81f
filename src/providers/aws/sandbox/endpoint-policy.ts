import { sha256Hex } from '../../../support/sha256-hex.ts';

/**
 * SHA-256 of what a policy document says. IAM keeps no order of keys or lists, and no difference between one value and
 * a list of one, nor between `"*"` and `{"AWS":"*"}` as a principal; so neither does this.
 */
export function policyHash(document: unknown): string {
  return sha256Hex(JSON.stringify(canonical(document)));
}

/** The hash of a document as a service returns it; `none` when there is none that can be read. */
export function policyTextHash(text: string | undefined): string {
  if (text === undefined) return 'none';
  try {
    return policyHash(JSON.parse(text));
  } catch {
    return 'none';
  }
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const parts = value.map(canonical);
    if (parts.length === 1) return parts[0];
    return parts.map((part) => JSON.stringify(part)).toSorted();
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, principal(key, canonical(part))] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function principal(key: string, value: unknown): unknown {
  return key === 'Principal' && JSON.stringify(value) === '{"AWS":"*"}' ? '*' : value;
}

/** What the names of a template stand for in the place where its stack is. */
export interface TemplatePlace {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
}

/** A part of our own template with its pseudo parameters put in, as CloudFormation hands it to a service. */
export function resolveTemplate(value: unknown, place: TemplatePlace): unknown {
  if (Array.isArray(value)) return value.map((part) => resolveTemplate(part, place));
  if (typeof value !== 'object' || value === null) return value;
  const names: Readonly<Record<string, string>> = {
    'AWS::AccountId': place.account,
    'AWS::Region': place.region,
    'AWS::Partition': place.partition,
  };
  const known = (name: string): string => {
    const found = names[name];
    if (found === undefined) throw new Error(`the template names '${name}', which the isolation proof does not know`);
    return found;
  };
  if ('Ref' in value) return known(String(value.Ref));
  if ('Fn::Sub' in value)
    return String(value['Fn::Sub']).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => known(name));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, resolveTemplate(part, place)]));
}
