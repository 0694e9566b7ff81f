import type { ServiceCalls } from './service-calls.ts';
import type { Made, Tag } from './stack.ts';
import type { Value } from './template-values.ts';

/** The properties of a resource, every intrinsic function resolved. */
export type Properties = Readonly<Record<string, Value>>;

/** What a resource is made with. */
export interface Making {
  readonly services: ServiceCalls;
  /** The stack's tags, those of CloudFormation itself, and the resource's own. */
  readonly tags: readonly Tag[];
  /** A name for what the template gave none, as CloudFormation makes them up. */
  readonly inventedName: string;
  /** Says that the thing exists: from here on a rollback removes it, even if its making fails later. */
  readonly exists: (made: Made) => void;
}

/** What a resource is removed with. */
export interface Removal {
  readonly services: ServiceCalls;
  readonly made: Made;
  readonly properties: Properties;
}

/** How CloudFormation makes and removes the resources of one type. Both throw `ServiceRefusal`. */
export interface ResourceType {
  create(properties: Properties, making: Making): Promise<void>;
  /** Refuses while something else depends on the thing, as the services do and the emulator does not. */
  remove(removal: Removal): Promise<void>;
}

/** A property that the template must give as one text. */
export function textIn(properties: Properties, name: string): string {
  const value = properties[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A property that is a list of texts; empty where it is not given. */
export function textsIn(properties: Properties, name: string): readonly string[] {
  const value = properties[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** A property that is a list of objects; empty where it is not given. */
export function objectsIn(properties: Properties, name: string): readonly Properties[] {
  const value = properties[name];
  return Array.isArray(value) ? (value as readonly Properties[]) : [];
}

/** A list as the query protocols write it: `prefix.1`, `prefix.2`, … */
export function numbered(prefix: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [`${prefix}.${String(index + 1)}`, value]));
}

/** Tags as the query protocols write them: `prefix.1.Key`, `prefix.1.Value`, … */
export function numberedTags(prefix: string, tags: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(
    tags.flatMap(({ key, value }, index) => [
      [`${prefix}.${String(index + 1)}.Key`, key],
      [`${prefix}.${String(index + 1)}.Value`, value],
    ]),
  );
}
