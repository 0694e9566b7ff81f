import type { ErrorObject } from 'ajv';

import { type ELSEWHERE, TEXT_FORMS, type TextForm } from './form.ts';

/** What explanations read of a JSON Schema. */
export interface WrittenSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, WrittenSchema>>;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: string | boolean;
  readonly anyOf?: readonly WrittenSchema[];
  readonly oneOf?: readonly WrittenSchema[];
  readonly required?: readonly string[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly [ELSEWHERE]?: Readonly<Record<string, string>>;
}

/** The schema that an error came from. */
export function schemaOf(error: ErrorObject): WrittenSchema {
  return error.parentSchema as WrittenSchema;
}

/** The form that a schema asks of a text, when it does. */
export function formOf(schema: WrittenSchema): TextForm | undefined {
  return Object.values<TextForm>(TEXT_FORMS).find(({ pattern }) => pattern === schema.pattern);
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: "'true' or 'false'",
};

/** What a schema accepts, to complete 'must be …'. */
export function describeSchema(schema: WrittenSchema): string {
  if (schema.anyOf) return schema.anyOf.map(describeSchema).join(' or ');
  const form = formOf(schema);
  if (form && form.code !== 'empty') return form.is;
  return (
    (schema.const === undefined ? undefined : `'${String(schema.const)}'`) ??
    TYPES[schema.type ?? ''] ??
    'another value'
  );
}

/** What a value is, to complete 'is …'. */
export function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return TYPES['array']!;
  if (typeof value === 'boolean') return `'${value}'`;
  return typeof value === 'number' ? `the number ${value}` : TYPES[typeof value]!;
}
