/** A JSON Schema as a plain object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** An object with exactly these properties, those of `optional` only sometimes. */
export function object(
  description: string,
  required: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  const properties = { ...required, ...optional };
  return { type: 'object', description, required: Object.keys(required), additionalProperties: false, properties };
}

export function text(description: string): JsonSchema {
  return { type: 'string', description };
}

/** An instant: UTC, with milliseconds. */
export function moment(description: string): JsonSchema {
  return {
    type: 'string',
    format: 'date-time',
    pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`,
    description,
  };
}

export function seconds(description: string): JsonSchema {
  return { type: 'number', minimum: 0, description };
}

export function count(description: string): JsonSchema {
  return { type: 'integer', minimum: 0, description };
}

export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

export function oneOf(description: string, ...values: readonly string[]): JsonSchema {
  return { type: 'string', enum: values, description };
}

/** The same, or null where there is none. */
export function nullOr(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** How a recovery point was drawn, with all that anyone needs to compute it again. */
export const DRAW_SCHEMA: JsonSchema = object(
  'All that anyone needs to draw again.',
  {
    resource: text('Part of the digest.'),
    strategy: text('e.g. random.'),
    seed: text('What the draw was made with.'),
    candidates: list(
      object('An eligible point, by captured time and id.', { id: text('Its id.'), capturedAt: moment('When.') }),
    ),
    excluded: list(object('A point that was not eligible.', { id: text('Its id.'), because: text('Why not.') })),
    candidatesDigest: text("SHA-256, hex, of the JSON array of the resource's name and the ids in order."),
    index: count('Which candidate was drawn, counted from 0.'),
  },
  {
    follows: object(
      'The draw of another resource of its consistency group, which this one was chosen to lie close to.',
      { anchor: text('That resource.'), anchorAt: moment('The moment that its restore reaches.') },
      { reaches: moment('What a restore of any candidate reaches, where that is not its captured time.') },
    ),
  },
);

/** How far apart the data of resources lies that belong to one moment. */
export const GROUP_SCHEMA: JsonSchema = object(
  'Resources that belong to one moment, against how far apart their data may lie.',
  {
    name: text("The runbook's name for it."),
    of: list(text('A resource; the first one is drawn, the others are chosen to lie close to it.')),
    outcome: oneOf('Unmeasured is never met.', 'met', 'missed', 'unmeasured'),
    limitSeconds: seconds('As the runbook sets it.'),
    moments: list(
      object('Up to when data is known to be in a restored copy.', {
        resource: text('Whose.'),
        at: moment('When.'),
        source: text('How it is known.'),
      }),
    ),
  },
  {
    measuredSeconds: seconds('Between the earliest moment and the latest; absent where not all were restored.'),
    errorSeconds: seconds('How far off that can be.'),
    expectedSeconds: seconds('Between the recovery points that were chosen.'),
    because: text('Why it is unmeasured, or what to know about the figure.'),
  },
);

/** What an integrity check made of an undamaged copy. */
export const CONTROL_SCHEMA: JsonSchema = object(
  'A look at an undamaged copy of what was restored, on which the check must pass for its proofs to count.',
  {
    check: text('Id of the check.'),
    name: text('The sentence that the check holds.'),
    of: text('The resource that was copied.'),
    outcome: oneOf(
      'Anything but passed, and none of its damages is tried.',
      'passed',
      'failed',
      'errored',
      'skipped',
      'not-made',
    ),
  },
  {
    observed: text('What the check saw in the copy.'),
    because: text('Why the check judged so, or why there is no control.'),
  },
);

/** What an integrity check made of a damaged copy. */
export const PROOF_SCHEMA: JsonSchema = object(
  'A damage to a copy of what was restored, and whether the check that claims to notice it did.',
  {
    check: text('Id of the check.'),
    name: text('The sentence that the check holds.'),
    of: text('The resource whose copy was damaged.'),
    damage: text('What was done to the copy.'),
    outcome: oneOf(
      'Anything but caught, and the drill has not passed. No-control: the check does not pass on an undamaged copy.',
      'caught',
      'missed',
      'errored',
      'no-control',
      'not-made',
    ),
  },
  {
    observed: text('What the check saw in the copy.'),
    because: text('Why the check judged so, or why the damage was not made.'),
  },
);
