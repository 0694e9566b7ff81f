import { ServiceRefusal } from './service-calls.ts';

/** Anything a template holds. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** One resource as a template declares it. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, Value>>;
  readonly DependsOn?: string | readonly string[];
}

/** The parts of a template that the simulated CloudFormation understands. */
export interface Template {
  readonly Description?: string;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: Value }>>;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: Value; readonly Description?: string }>>;
}

/** What names in a template stand for. */
export interface Names {
  /** `Ref` of a parameter, a pseudo parameter or a resource; undefined for a name that means nothing. */
  ref(name: string): string | undefined;
  attribute(logicalId: string, name: string): string | undefined;
  readonly zones: readonly string[];
}

/** A template the service would refuse, with its own words. */
export function invalidTemplate(message: string): ServiceRefusal {
  return new ServiceRefusal('ValidationError', `Template format error: ${message}`);
}

/** A value as the text that a service would be sent. */
export function asText(value: Value | undefined): string {
  return value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Reads a JSON template. Throws `ServiceRefusal` for what the service would refuse before it makes anything. */
export function parseTemplate(body: string): Template {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw invalidTemplate('JSON not well-formed.');
  }
  const template = parsed as Partial<Template> | null;
  if (template === null || typeof template !== 'object' || Object.keys(template.Resources ?? {}).length === 0) {
    throw invalidTemplate('At least one Resources member must be defined.');
  }
  return template as Template;
}

/** The value with every intrinsic function replaced by what it gives. Throws `ServiceRefusal` for an unknown name. */
export function resolveValue(value: Value, names: Names): Value {
  if (Array.isArray(value)) return value.map((one) => resolveValue(one as Value, names));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value as Readonly<Record<string, Value>>);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && (only[0] === 'Ref' || only[0].startsWith('Fn::'))) {
    return resolveFunction(only[0], only[1], names);
  }
  return Object.fromEntries(entries.map(([key, one]) => [key, resolveValue(one, names)]));
}

function resolveFunction(name: string, argument: Value, names: Names): Value {
  switch (name) {
    case 'Ref':
      return known(names.ref(asText(argument)), asText(argument));
    case 'Fn::GetAtt': {
      const [logicalId = '', ...rest] = typeof argument === 'string' ? argument.split('.') : list(argument).map(asText);
      return known(names.attribute(logicalId, rest.join('.')), `${logicalId}.${rest.join('.')}`);
    }
    case 'Fn::Sub':
      return substitute(argument, names);
    case 'Fn::Join': {
      const [separator, parts] = list(argument);
      return list(resolveValue(parts ?? [], names))
        .map(asText)
        .join(asText(separator));
    }
    case 'Fn::Select': {
      const [index, from] = list(argument).map((one) => resolveValue(one, names));
      const chosen = list(from ?? [])[Number(index)];
      if (chosen === undefined)
        throw invalidTemplate(`Fn::Select cannot select nonexistent value at index ${asText(index)}`);
      return chosen;
    }
    case 'Fn::GetAZs':
      return names.zones;
    case 'Fn::Cidr': {
      const [block, count, bits] = list(argument).map((one) => resolveValue(one, names));
      return cidrBlocks(asText(block), Number(count), Number(bits));
    }
    default:
      throw invalidTemplate(`the simulated CloudFormation does not know the function '${name}'`);
  }
}

function substitute(argument: Value, names: Names): string {
  const [text, given] = Array.isArray(argument) ? (argument as readonly Value[]) : [argument];
  const own = (given ?? {}) as Readonly<Record<string, Value>>;
  return asText(text).replaceAll(/\$\{(!?)([^}]+)\}/g, (whole, escape: string, name: string) => {
    if (escape !== '') return `\${${name}}`;
    const mapped = own[name];
    if (mapped !== undefined) return asText(resolveValue(mapped, names));
    const [logicalId = '', ...rest] = name.split('.');
    return known(rest.length > 0 ? names.attribute(logicalId, rest.join('.')) : names.ref(name), whole);
  });
}

function known(value: string | undefined, name: string): string {
  if (value === undefined) throw invalidTemplate(`Unresolved resource dependencies [${name}] in the template`);
  return value;
}

function list(value: Value): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : [value];
}

/** The first `count` blocks of `block` that leave `bits` bits to each. */
export function cidrBlocks(block: string, count: number, bits: number): readonly string[] {
  const [address = ''] = block.split('/');
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return Array.from({ length: count }, (_, index) => {
    const start = first + index * 2 ** bits;
    const parts = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256);
    return `${parts.join('.')}/${String(32 - bits)}`;
  });
}

/** The logical ids in an order in which each comes after what it needs. Throws `ServiceRefusal` for a cycle. */
export function makingOrder(template: Template): readonly string[] {
  const ids = Object.keys(template.Resources);
  const needs = new Map(ids.map((id) => [id, neededBy(template, id)]));
  const order: string[] = [];
  while (order.length < ids.length) {
    const ready = ids.find((id) => !order.includes(id) && (needs.get(id) ?? []).every((need) => order.includes(need)));
    if (ready === undefined) {
      const cycle = ids.filter((id) => !order.includes(id)).join(', ');
      throw new ServiceRefusal('ValidationError', `Circular dependency between resources: [${cycle}]`);
    }
    order.push(ready);
  }
  return order;
}

/** The logical ids of other resources that the resource `id` names. */
export function neededBy(template: Template, id: string): readonly string[] {
  const definition = template.Resources[id];
  const found = new Set([definition?.DependsOn ?? []].flat());
  const collecting: Names = {
    ref: (name) => collect(name),
    attribute: (logicalId) => collect(logicalId),
    zones: Array.from({ length: 6 }, () => ''),
  };
  for (const name of found) if (template.Resources[name] === undefined) known(undefined, name);
  const collect = (name: string): string | undefined => {
    if (template.Resources[name] !== undefined) found.add(name);
    return name.startsWith('AWS::') || name in (template.Parameters ?? {}) || name in template.Resources
      ? name
      : undefined;
  };
  resolveValue(definition?.Properties ?? {}, collecting);
  return [...found];
}
