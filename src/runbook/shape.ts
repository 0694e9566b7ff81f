import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Static, TSchema } from '@sinclair/typebox';

import { explainShape } from './explain-shape.ts';
import { type Finding, type Path, pathOf } from './finding.ts';

/** A schema, compiled once. */
export interface Shape<T> {
  /** What is wrong with the form of a value; empty when it has the form. */
  findings(value: unknown): readonly Finding[];
  /**
   * The value without its parts that are wrong, so that the rest can still be judged; `undefined` when it is not itself
   * without them.
   */
  sound(value: unknown): T | undefined;
}

/** Compiles a schema at its first use, since most commands need none. */
export function shapeOf<S extends TSchema>(schema: S): Shape<Static<S>> {
  let compiled: ValidateFunction<Static<S>> | undefined;
  const validate = (): ValidateFunction<Static<S>> => {
    compiled ??= new Ajv({
      allErrors: true,
      verbose: true,
      strict: true,
      strictRequired: false,
      discriminator: true,
      // Making the code smaller takes longer than what a command ever runs of it.
      code: { optimize: false },
    }).compile(schema);
    return compiled;
  };
  return {
    findings: (value) => (validate()(value) ? [] : explainShape(validate().errors ?? [])),
    sound: (value) => soundPart(validate(), value),
  };
}

function soundPart<T>(validate: ValidateFunction<T>, value: unknown): T | undefined {
  if (validate(value)) return value;
  const copy: unknown = structuredClone(value);
  while (!validate(copy)) {
    let isLess = false;
    for (const error of validate.errors ?? []) {
      // The errors of the branch that was taken stand beside it, and name less.
      if (error.keyword === 'if') continue;
      const path = wrongPart(error);
      if (path.length === 0) return undefined;
      isLess = remove(copy, path) || isLess;
    }
    if (!isLess) return undefined;
  }
  return copy;
}

function wrongPart(error: ErrorObject): Path {
  const path = pathOf(error.instancePath);
  const { additionalProperty } = error.params as { additionalProperty?: string };
  const extra = additionalProperty ?? error.propertyName ?? oneTooMany(error);
  return extra === undefined ? path : [...path, extra];
}

/** Where a mapping holds two keys of which it takes one, it is judged with the other. */
function oneTooMany({ keyword, data, params }: ErrorObject): string | undefined {
  if (keyword === 'oneOf' && (params as { passingSchemas: unknown }).passingSchemas !== null) return 'smoke';
  return keyword === 'maxProperties' ? Object.keys(data as object).at(-1) : undefined;
}

/**
 * From a list everything goes, since the places of the others must not move; so a value that is a list has no sound part.
 *
 * @returns whether there was anything to remove
 */
function remove(root: unknown, path: Path): boolean {
  let owner: unknown = root;
  for (const [depth, part] of path.entries()) {
    if (typeof owner !== 'object' || owner === null || Array.isArray(owner)) return false;
    const record = owner as Record<string, unknown>;
    if (depth === path.length - 1 || Array.isArray(record[part])) {
      return Object.hasOwn(record, part) && delete record[part];
    }
    owner = record[part];
  }
  return false;
}
