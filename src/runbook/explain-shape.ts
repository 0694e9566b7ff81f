import type { ErrorObject } from 'ajv';

import { explainUnion } from './explain-union.ts';
import { ELSEWHERE } from './form.ts';
import { type Finding, type Path, atKey, atValue, listed, pathOf, quoted, written } from './finding.ts';
import { nearest } from './nearest.ts';
import { type WrittenSchema, describeSchema, formOf, kindOf, schemaOf } from './written-schema.ts';

/** What the validator found, in words that speak of the file and not of the schema. */
export function explainShape(errors: readonly ErrorObject[]): readonly Finding[] {
  return mergeUnions(errors).flatMap(explain);
}

/** The validator writes the errors of a union's branches first, then the union's own: one of them is the truth. */
function mergeUnions(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const merged: ErrorObject[] = [];
  for (const error of errors) {
    if (error.keyword !== 'anyOf' && error.keyword !== 'oneOf') {
      merged.push(error);
      continue;
    }
    const branches: ErrorObject[] = [];
    while (isBranchOf(error, merged.at(-1))) branches.unshift(merged.pop()!);
    merged.push(...(error.keyword === 'anyOf' ? explainUnion(error, branches) : [error]));
  }
  return merged;
}

function isBranchOf(union: ErrorObject, error: ErrorObject | undefined): boolean {
  return (
    error !== undefined &&
    error.schemaPath.startsWith(`${union.schemaPath}/`) &&
    (error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`))
  );
}

function explain(error: ErrorObject): readonly Finding[] {
  const path = pathOf(error.instancePath);
  switch (error.keyword) {
    case 'additionalProperties':
      return [unknownKey(error, path)];
    case 'required':
    case 'dependencies':
    case 'oneOf':
      return [missingOrTooMany(error, path)];
    case 'discriminator':
      return [wrongKind(error, path)];
    case 'type':
      return [wrongType(error, path)];
    case 'pattern':
      return [wrongText(error, path)];
    case 'enum':
    case 'const':
      return typeof error.data === typeof wordsOf(schemaOf(error))[0] ? [unknownValue(error, path)] : [];
    case 'anyOf':
      return [unknownValue(error, path)];
    case 'propertyNames':
    case 'if':
      // The errors of the name itself, or of the branch that was taken, say it already.
      return [];
    default:
      return [wrongSize(error, path)];
  }
}

function unknownKey(error: ErrorObject, path: Path): Finding {
  const key = (error.params as { additionalProperty: string }).additionalProperty;
  const schema = schemaOf(error);
  const known = Object.keys(schema.properties ?? {});
  const elsewhere = new Map(Object.entries(schema[ELSEWHERE] ?? {})).get(key);
  return {
    code: 'unknown-key',
    at: atKey(...path, key),
    message: `unknown key ${quoted(key)}${path.length === 0 ? '' : ` in '${written(path)}'`}`,
    hint: elsewhere ?? unknownHint(key, known),
  };
}

function unknownHint(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return meant === undefined
    ? `The keys known here are ${listed(known)}.`
    : `Write ${quoted(meant)} instead of ${quoted(key)}.`;
}

function missingOrTooMany(error: ErrorObject, path: Path): Finding {
  const { missingProperty, passingSchemas } = error.params as { missingProperty?: string; passingSchemas?: unknown };
  const keys = missingProperty === undefined ? alternatives(error) : [missingProperty];
  if (passingSchemas) return tooMany(path, keys);
  const description = schemaOf(error).properties?.[keys[0]!]?.description;
  return {
    code: 'missing-key',
    at: atKey(...path),
    message: `${named(path)} lacks ${listed(keys, 'or')}`,
    hint:
      keys.length === 1 && description !== undefined
        ? `Add ${listed(keys)}: ${lowered(description)}`
        : `Add ${listed(keys, 'or')}.`,
  };
}

function tooMany(path: Path, keys: readonly string[]): Finding {
  return {
    code: 'one-of',
    at: atKey(...path),
    message: `${named(path)} has ${listed(keys)}, of which it takes one`,
    hint: 'Keep one of them.',
  };
}

function alternatives(error: ErrorObject): readonly string[] {
  return (schemaOf(error).oneOf ?? []).flatMap(({ required }) => required ?? []);
}

function wrongKind(error: ErrorObject, path: Path): Finding {
  const { error: reason, tag, tagValue } = error.params as { error: string; tag: string; tagValue: unknown };
  const known = (schemaOf(error).oneOf ?? []).map((branch) => String(branch.properties?.[tag]?.const));
  if (reason === 'mapping') return unknownWord({ path: [...path, tag], word: String(tagValue), known });
  if (tagValue === undefined) {
    return {
      code: 'missing-key',
      at: atKey(...path),
      message: `${named(path)} lacks ${quoted(tag)}`,
      hint: `Add '${tag}': one of ${listed(known)}.`,
    };
  }
  return {
    code: 'wrong-type',
    at: atValue(...path, tag),
    message: `${named([...path, tag])} is ${kindOf(tagValue)}, but must be a text`,
    hint: `Write one of ${listed(known)}.`,
  };
}

function wrongType(error: ErrorObject, path: Path): Finding {
  const schema = schemaOf(error);
  if (error.data === null) return nothing(path, schema);
  const form = formOf(schema);
  if (form?.asNumber && typeof error.data === 'number') {
    const { code, is, hint } = form.asNumber;
    return { code, at: atValue(...path), message: `${named(path)} is ${is}`, hint };
  }
  return {
    code: form && form.code !== 'empty' ? form.code : 'wrong-type',
    at: atValue(...path),
    message: `${named(path)} is ${kindOf(error.data)}, but must be ${describeSchema(schema)}`,
    hint: form && form.code !== 'empty' ? form.hint : `Write ${describeSchema(schema)}.`,
  };
}

function nothing(path: Path, schema: WrittenSchema): Finding {
  const { description } = schema;
  return {
    code: 'empty',
    at: atKey(...path),
    message: `${named(path)} is empty`,
    hint:
      description === undefined
        ? 'Write a value, or leave the key out.'
        : `Write what belongs there: ${lowered(description)}`,
  };
}

function wrongText(error: ErrorObject, path: Path): Finding {
  const form = formOf(schemaOf(error));
  if (!form) throw new Error(`the pattern of '${error.schemaPath}' is not in the list of text forms`);
  const { code, hint } = form;
  if (error.propertyName !== undefined) {
    const message = `the name ${quoted(error.propertyName)} in ${named(path)} must be ${form.is}`;
    return { code, at: atKey(...path, error.propertyName), message, hint };
  }
  const text = String(error.data);
  const message =
    text.trim() === '' ? `${named(path)} is empty` : `${named(path)} is ${quoted(text)}, but must be ${form.is}`;
  return { code, at: atValue(...path), message, hint };
}

function unknownValue(error: ErrorObject, path: Path): Finding {
  const schema = schemaOf(error);
  const form = schema.anyOf?.map(formOf).find((one) => one !== undefined);
  return unknownWord({
    path,
    word: String(error.data),
    known: wordsOf(schema).map(String),
    ...(form && { or: form.is }),
  });
}

function unknownWord(input: { path: Path; word: string; known: readonly string[]; or?: string }): Finding {
  const { path, word, known, or } = input;
  const meant = nearest(word, known);
  const choice = or === undefined ? listed(known, 'or') : `${known.map(quoted).join(', ')} or ${or}`;
  return {
    code: 'unknown-value',
    at: atValue(...path),
    message: `unknown value ${quoted(word)} of ${named(path)}`,
    hint: meant === undefined ? `Write ${choice}.` : `Write ${quoted(meant)} instead of ${quoted(word)}.`,
  };
}

function wordsOf(schema: WrittenSchema): readonly unknown[] {
  if (schema.anyOf) return schema.anyOf.flatMap(wordsOf);
  return schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
}

function wrongSize(error: ErrorObject, path: Path): Finding {
  const { limit, j, i } = error.params as { limit?: number; i?: number; j?: number };
  const schema = schemaOf(error);
  switch (error.keyword) {
    case 'minItems':
    case 'minProperties':
    case 'maxItems':
      return error.keyword !== 'maxItems' && limit === 1 ? nothing(path, schema) : wrongNumber(error, path);
    case 'maxProperties':
      return tooMany(path, Object.keys(error.data as object));
    case 'maxLength':
      return tooLong(error, path);
    case 'minimum':
    case 'maximum':
      return {
        code: 'out-of-range',
        at: atValue(...path),
        message: `${named(path)} is ${String(error.data)}, but must be ${error.keyword === 'minimum' ? 'at least' : 'at most'} ${limit}`,
        hint: 'Write a number within the bounds.',
      };
    case 'uniqueItems':
      return {
        code: 'duplicate-name',
        at: atValue(...path, Math.max(i!, j!)),
        message: `${named(path)} holds ${quoted(String((error.data as unknown[])[i!]))} twice`,
        hint: 'Keep one of them.',
      };
    default:
      throw new Error(`no words for the keyword '${error.keyword}' at '${error.schemaPath}'`);
  }
}

function wrongNumber(error: ErrorObject, path: Path): Finding {
  const { minItems, maxItems } = schemaOf(error);
  if (minItems === maxItems) {
    return {
      code: 'wrong-type',
      at: atValue(...path),
      message: `${named(path)} must hold two numbers`,
      hint: 'Write the lowest and the highest, for example [100, 200].',
    };
  }
  const { limit } = error.params as { limit: number };
  const isShort = error.keyword === 'minItems';
  return {
    code: 'out-of-range',
    at: atValue(...path),
    message: `${named(path)} holds ${(error.data as unknown[]).length}, but must hold at ${isShort ? 'least' : 'most'} ${limit}`,
    hint: isShort ? 'Add what is missing.' : 'Leave some of them out.',
  };
}

function tooLong(error: ErrorObject, path: Path): Finding {
  const { limit } = error.params as { limit: number };
  const text = error.propertyName ?? String(error.data);
  const key = error.propertyName;
  return {
    code: 'too-long',
    at: key === undefined ? atValue(...path) : atKey(...path, key),
    message: `${key === undefined ? named(path) : quoted(key)} has ${Array.from(text).length} characters, more than ${limit}`,
    hint: 'Shorten it.',
  };
}

function named(path: Path): string {
  return path.length === 0 ? 'the file' : `'${written(path)}'`;
}

/** A description as the end of a sentence, unless it begins with a name in capitals. */
function lowered(description: string): string {
  return /^[A-Z][a-z]/.test(description) ? description[0]!.toLowerCase() + description.slice(1) : description;
}
