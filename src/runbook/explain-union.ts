import type { ErrorObject } from 'ajv';

import { formOf, schemaOf } from './written-schema.ts';

/**
 * The errors to tell of a value that fits no branch of a union: those of the only branch of its type; else, where a
 * branch asks for a text of some form and the value could be meant as one, that branch's; else the union's own.
 */
export function explainUnion(union: ErrorObject, errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const branches = (schemaOf(union).anyOf ?? []).map((schema, index) => ({
    schema,
    errors: errors.filter(({ schemaPath }) => schemaPath.startsWith(`${union.schemaPath}/${index}/`)),
  }));
  const ofItsType = branches.filter((branch) => !branch.errors.some((error) => isTypeOf(union, error)));
  const [only] = ofItsType;
  if (ofItsType.length === 1 && only) return only.errors;
  const formed = branches.find(({ schema }) => formOf(schema));
  if (ofItsType.length > 1) {
    return formed && /^\d/.test(String(union.data)) ? formed.errors : [union];
  }
  const isScalar = union.data !== null && typeof union.data !== 'object';
  return formed && isScalar ? formed.errors : [{ ...union, keyword: 'type' }];
}

function isTypeOf(union: ErrorObject, { keyword, instancePath }: ErrorObject): boolean {
  return keyword === 'type' && instancePath === union.instancePath;
}
