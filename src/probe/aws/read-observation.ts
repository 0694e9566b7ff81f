import type { AcceptedFault } from '../../runbook/check-spec.ts';
import type { Observation, ObservationRequest } from '../observation.ts';

/** Whether a value is of some shape. */
type Guard = (value: unknown) => boolean;

const isText: Guard = (value) => typeof value === 'string';
const isCount: Guard = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isBoolean: Guard = (value) => typeof value === 'boolean';
const isMoment: Guard = (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
const isHash: Guard = (value) => typeof value === 'string' && /^-?[0-9a-f]{1,128}$/.test(value);
const isValue: Guard = (value) =>
  value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
const oneOf =
  (...texts: readonly string[]): Guard =>
  (value) =>
    texts.some((text) => text === value);
const listOf =
  (isMember: Guard): Guard =>
  (value) =>
    Array.isArray(value) && value.every(isMember);

/** An object with all of the first, maybe some of the second, and nothing else. */
function shape(required: Readonly<Record<string, Guard>>, optional: Readonly<Record<string, Guard>> = {}): Guard {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const fields = Object.entries(value);
    return (
      Object.keys(required).every((name) => Object.hasOwn(value, name)) &&
      fields.every(([name, field]) => {
        const guard = Object.hasOwn(required, name) ? required[name] : Object.hasOwn(optional, name) && optional[name];
        return guard !== undefined && guard !== false && guard(field);
      })
    );
  };
}

const isProblem = shape({ code: isText, message: isText, hint: isText, blames: oneOf('backup', 'environment') });
const OF_A_TABLE = { rows: isCount, fault: isText, unreadable: isProblem };
const CONTENT = { ...OF_A_TABLE, contentHash: isHash };
const isParts: Guard = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every((part) => isHash(part));

const ACCEPTABLE: Readonly<Record<AcceptedFault, true>> = {
  'unvalidated-constraints': true,
  'disabled-triggers': true,
  'sequences-behind': true,
  'collation-versions': true,
  'missing-extensions': true,
};
const isAcceptable: Guard = (value) => typeof value === 'string' && Object.hasOwn(ACCEPTABLE, value);

const UNOBSERVABLE = shape({ kind: isText, problem: isProblem });

/** Of what a probe on AWS can be asked. */
const OBSERVATIONS: Readonly<Partial<Record<Observation['kind'], Guard>>> = {
  login: shape({ kind: isText, accepted: isBoolean }, { refusal: isText }),
  sql: shape({ kind: isText, rows: isCount, value: isValue }, { population: isCount }),
  'row-counts': shape({ kind: isText, counts: listOf(shape({ table: isText }, OF_A_TABLE)) }),
  structure: shape(
    {
      kind: isText,
      indexesChecked: isCount,
      heapsChecked: isCount,
      faults: listOf(shape({ relation: isText, fault: isText }, { class: isAcceptable })),
    },
    { encoding: isText, unreadable: listOf(shape({ relation: isText, problem: isProblem })) },
  ),
  contents: shape({
    kind: isText,
    contents: shape(
      {
        engineMajor: isText,
        schemaFingerprint: isHash,
        tables: listOf(shape({ table: isText }, CONTENT)),
        bounded: listOf(shape({ table: isText, where: isText }, CONTENT)),
      },
      { schemaParts: isParts },
    ),
  }),
  'foreign-keys': shape(
    {
      kind: isText,
      keysChecked: isCount,
      rows: isCount,
      orphans: listOf(shape({ table: isText, key: isText, rows: isCount })),
    },
    { unreadable: listOf(shape({ relation: isText, problem: isProblem })) },
  ),
  tcp: shape({ kind: isText, accepted: isBoolean }, { refusal: isText }),
  dns: shape({ kind: isText, names: listOf(isText), addresses: listOf(isText) }),
  freshness: shape({ kind: isText }, { newestAt: isMoment, observedAt: isMoment }),
};

/**
 * What a probe elsewhere answered, when it is an answer to `request` in all its parts; else `undefined`: what is only
 * nearly an observation must not be judged.
 */
export function readObservation(text: string, request: ObservationRequest): Observation | undefined {
  const value = parsed(text);
  const isAnswer = OBSERVATIONS[request.kind]?.(value) === true && (value as Observation).kind === request.kind;
  const isRefusal = UNOBSERVABLE(value) && (value as Observation).kind === 'unobservable';
  return isAnswer || isRefusal ? (value as Observation) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
