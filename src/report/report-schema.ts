import {
  DRAW_SCHEMA,
  GROUP_SCHEMA,
  CONTROL_SCHEMA,
  PROOF_SCHEMA,
  nullOr,
  object,
  oneOf,
  seconds,
  text,
  moment,
  list,
  count,
} from './schema-parts.ts';

const verdict = oneOf('Fails closed: passed only when nothing was left out.', 'passed', 'failed', 'inconclusive');

const objective = {
  outcome: oneOf('Unmeasured is never met.', 'met', 'missed', 'unmeasured'),
  targetSeconds: nullOr(seconds('As the runbook sets it; null without a target, and then nothing is owed.')),
  measuredSeconds: nullOr(seconds('Null where it could not be measured.')),
  source: text('What the measurement was read from.'),
  errorSeconds: seconds('How far off the measurement can be.'),
};
const objectiveOptional = { because: text('Why it is unmeasured, or why the figure is not beyond doubt.') };

const rto = object(
  'Recovery time: from the start of the drill to the last required check.',
  {
    ...objective,
    until: oneOf('The moment that stops the clock.', 'usable', 'verified'),
    usableSeconds: nullOr(seconds('To the last required smoke check; null unless all passed.')),
    verifiedSeconds: nullOr(seconds('To the last required integrity check; null unless all passed.')),
    excludes: list(text('A part of a recovery in earnest that no drill measures.')),
  },
  objectiveOptional,
);

const namedMoment = (description: string) =>
  nullOr(object(description, { at: moment('When.'), source: text('How it is known.') }));

const recoveryPoint = object('A recovery point that was drawn and, unless the drill ended before, restored.', {
  resource: text("The runbook's name of what was restored."),
  id: text('Stable and unique within its source.'),
  capturedAt: moment('The last moment whose data it is known to hold.'),
  capturedAtSource: text('What that was read from.'),
  format: text('e.g. base backup (tar.gz).'),
  engine: text('Engine and version.'),
  candidates: count('How many were eligible.'),
  draw: DRAW_SCHEMA,
  bytesRestored: nullOr(count('Bytes in the sandbox; null where nothing was restored, or the service does not tell.')),
  dataMoment: namedMoment('Up to when data is known to be in the restored copy.'),
  disasterAt: namedMoment('The disaster that this point is measured against.'),
  lostSeconds: nullOr({
    type: 'number',
    description: 'From the data moment to the disaster; negative where the data is newer.',
  }),
});

const occurrence = object(
  'Of a drill that a schedule began.',
  { drill: text('Name of the drill whose schedule it is.'), due: moment('When it was due.') },
  { lateSeconds: seconds('How late it began; absent where no later than is tolerated.') },
);

const sandbox = object(
  'Where it was restored; absent where the journal lost its beginning.',
  { provider: text('e.g. local, aws.') },
  {
    account: text('On AWS: the account.'),
    region: text('On AWS: the region.'),
    role: text('On AWS: ARN of the role that was assumed, when one was.'),
  },
);

const level = { type: 'string', enum: ['L0', 'L1', 'L2', 'VPC'] };

const isolation = object('What kept the sandbox apart.', {
  level: nullOr({ ...level, description: 'The lowest level that was seen; null where none was looked at.' }),
  required: { ...level, description: 'The least that the runbook accepts.' },
  proven: {
    type: 'boolean',
    description: 'Before the restore and from every restored resource, at the required level.',
  },
  proofs: list(
    object('One attempt to get out, or one look at a boundary.', {
      when: text('Before anything was restored, from which resource, or after the last check.'),
      claim: text('What must be true.'),
      method: text('How it was tried.'),
      expected: text('What was to be seen.'),
      observed: text('What was seen.'),
      holds: { type: 'boolean' },
    }),
  ),
});

const timelineEntry = object(
  'Something that took time.',
  {
    phase: oneOf(
      'In the order of a drill.',
      'select',
      'sandbox',
      'isolation',
      'restore',
      'connect',
      'smoke',
      'integrity',
      'prove',
      'cutover',
      'teardown',
    ),
    name: text("A step's id, or a part of a restore."),
    startedAt: moment('When it began.'),
    seconds: seconds('How long it took, by the monotonic clock where the machine was not restarted.'),
    outcome: oneOf('Interrupted: it was begun and never ended.', 'succeeded', 'failed', 'interrupted'),
  },
  { partOf: text('For a part of a restore: its step.') },
);

const check = object(
  'One check.',
  {
    id: text('Unique within the runbook.'),
    name: text('The sentence people wrote.'),
    kind: text('What was looked at: login, sql, row-counts, structure, manifest, freshness.'),
    purpose: oneOf('Does it answer, or is the data right.', 'smoke', 'integrity'),
    severity: oneOf('Whether its failure fails the drill.', 'fail', 'warn'),
    of: text('The resource it looked at.'),
    outcome: oneOf('Errored: it could not be done.', 'passed', 'failed', 'errored', 'skipped'),
    observed: text('Counts, hashes and names; never a value of a row.'),
    expected: text('Empty where the check was not done.'),
    seconds: nullOr(seconds('Null where the check was not done.')),
  },
  { because: text('Why it was not simply passed.') },
);

const cutover = object(
  'A switch of DNS, tried in a private copy of the zone; absent where the runbook has none.',
  {
    outcome: oneOf('Of the worst case; unmeasured also where nothing was agreed.', 'met', 'missed', 'unmeasured'),
    targetSeconds: nullOr(seconds('As the runbook sets it.')),
    switchedSeconds: nullOr(seconds('From the call until the records led to what was restored, in the sandbox.')),
    parts: nullOr(
      object('What that is made of.', {
        api: seconds('The calls that changed records.'),
        inSync: seconds('Until all name servers had the change.'),
        resolved: seconds("Until the sandbox's resolver answered with it."),
      }),
    ),
    errorSeconds: seconds('How late the ends of the last two may have been seen.'),
    worstCaseSeconds: nullOr(seconds('With the longest that caches may keep what production answered.')),
    source: text('What the figures were read from.'),
    zone: text('DNS name, or id, of the zone that was copied.'),
    records: list(
      object('A record that was switched.', {
        name: text('Its name.'),
        leadsTo: text('The endpoint that it leads to.'),
        addresses: list(text('What it resolved to in the sandbox.')),
        cachedSeconds: seconds('How long caches may keep the old answer.'),
        cachedBecause: text('How that is known.'),
      }),
    ),
    copied: count('Records that are in the copy as they are in the zone.'),
    differences: list(
      object('A record that is not.', { name: text('Its name.'), type: text('Its type.'), because: text('Why.') }),
    ),
  },
  { because: text('Why it was not measured.') },
);

const resource = object('Something that a drill made.', {
  provider: text('Who made it.'),
  type: text('What it is.'),
  id: text("The provider's name of it."),
  name: text("The runbook's name for it, or sandbox."),
  token: text('The name of the creating call.'),
});

const teardown = object(
  'Judged beside the verdict, by a fresh listing.',
  {
    outcome: oneOf('Kept: on purpose, after a drill that did not pass.', 'clean', 'kept', 'leaked'),
    created: count('Resources that were made.'),
    removed: count('Resources that were seen to be gone.'),
    left: list(resource),
  },
  { keptUntil: moment('When anyone may remove what was kept.') },
);

const problem = object(
  'What went wrong and what to do.',
  {
    code: text('Stable, for people to search and scripts to match.'),
    message: text('What happened and why.'),
    hint: text('What to do.'),
    blames: oneOf('Whom it speaks against.', 'backup', 'environment'),
    warning: { type: 'boolean', description: 'It stopped nothing.' },
  },
  { where: text('The step in which it arose.') },
);

const notification = object(
  'Somebody who was told of the drill, or could not be.',
  {
    target: text('Which one of those whom the runbook names.'),
    kind: oneOf('How.', 'slack', 'webhook', 'sns', 'smtp', 'heartbeat'),
    occasion: oneOf('Of what.', 'passed', 'failed', 'inconclusive', 'leaked', 'late', 'missed', 'stale'),
    outcome: oneOf('It changes nothing else in the report.', 'sent', 'failed'),
  },
  { because: text('What kept it from being sent.') },
);

const aborted = object('The end of a drill before its end.', {
  reason: oneOf('What ended it.', 'interrupted', 'deadline', 'expired', 'journal', 'bug', 'teardown-requested'),
  at: moment('When.'),
});

const confidence = object('What all random draws of a resource say together, this drill among them.', {
  resource: text('Name in the runbook.'),
  passed: count('Draws whose recovery point restored and was found right.'),
  draws: count('Draws at random, with seeds that nobody chose.'),
  lowerBound: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'Share of all recovery points that restores at least, with 95 % confidence (Clopper-Pearson).',
  },
});

/** JSON Schema (draft-07) of `report.json`, version 1. New fields may be added; none changes its meaning or goes. */
export const reportSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://drillbook.invalid/schema/report.schema.json',
  title: 'drillbook report',
  ...object(
    'The whole of one drill.',
    {
      schema: { const: 1, description: 'Version of this form.' },
      drillId: text('Also the name of the folder with the evidence.'),
      runbook: text('Name of the runbook.'),
      planDigest: nullOr(text('SHA-256, hex, of the plan; null where nothing was planned.')),
      seed: text('What the draw was made with.'),
      seedChosen: { type: 'boolean', description: 'A person gave the seed.' },
      verdict,
      because: text('One sentence that says why.'),
      reasons: list(text('What speaks against a better verdict; none for passed.')),
      startedAt: moment('When run was called; the RTO clock starts here.'),
      finishedAt: moment('The end, or the moment of the last fact of a drill that has not finished.'),
      finished: { type: 'boolean' },
      aborted: nullOr(aborted),
      disasterAt: namedMoment('The disaster that the RPO is measured from.'),
      rto,
      rpo: object('Data lost: from the oldest data moment to the disaster.', objective, objectiveOptional),
      recoveryPoints: list(recoveryPoint),
      isolation,
      timeline: list(timelineEntry),
      checks: list(check),
      teardown,
      problems: list(problem),
      settings: list(text('What makes the figures special, e.g. fsync=off.')),
      interruptions: list(
        object('No controller ran.', { from: moment('Last fact before.'), until: moment('First fact after.') }),
      ),
      journalLines: count('Lines of the journal that this was made from.'),
      tool: text('Version of drillbook.'),
    },
    {
      owner: text('Who owns the runbook.'),
      occurrence,
      sandbox,
      groups: list(GROUP_SCHEMA),
      controls: list(CONTROL_SCHEMA),
      proofs: list(PROOF_SCHEMA),
      cutover,
      notifications: list(notification),
      confidence: list(confidence),
    },
  ),
} as const;
