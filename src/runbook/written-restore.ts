import { type Static, Type } from '@sinclair/typebox';

import { form, text } from './form.ts';
import { DATABASE, type WrittenLocal, keysOfOtherKinds, localRestores, needs } from './written-local-restore.ts';
import { recoveryPointWithLog } from './written-recovery-point.ts';

const ofRds = {
  kind: Type.Literal('rds', { description: 'An RDS instance from its snapshots or to a point in time.' }),
  source: text('rdsSource', 'Identifier, resource id (db-…) or ARN of the instance, or tag:KEY=VALUE; only read.'),
  sourceAccount: Type.Optional(
    text('account', "Account that shares its snapshots, when they are not the sandbox account's own: 12 digits."),
  ),
  instanceClass: Type.Optional(
    text('instanceClass', "Class of the restored instance, by default the source's; another makes another RTO."),
  ),
  parameterGroup: Type.Optional(
    text('parameterGroup', "Parameter group in the sandbox account, by default the engine's own.", {
      maxLength: 255,
    }),
  ),
  needs,
  recoveryPoint: Type.Optional(
    recoveryPointWithLog({
      description: 'The moment that is restored.',
      backupEnd: 'That of the snapshot.',
      latest: 'The latest that RDS can restore.',
    }),
  ),
  // No default: whether the engine is PostgreSQL or MySQL is not known before AWS is asked.
  database: text('text', DATABASE, { maxLength: 63 }),
};

const rds = form(
  ofRds,
  'An RDS instance and where its snapshots are.',
  keysOfOtherKinds(ofRds, {
    wal: "Leave it out: RDS keeps the log itself, and 'recoveryPoint.to' says which moment is restored.",
    superuser: "Leave it out: the instance's own master user looks at the data, with a password that RDS makes.",
    preload: "Leave it out: on RDS libraries are set in a parameter group, which 'parameterGroup' names.",
    repository: 'Leave it out: snapshots of an RDS instance are kept by RDS.',
    live: 'Leave it out: no manifest is recorded from an RDS instance.',
  }),
);

/** A resource as people write it. */
export type WrittenRds = Static<typeof rds>;
export type WrittenRestore = WrittenLocal | WrittenRds;

export const writtenRestore = Type.Unsafe<WrittenRestore>({
  type: 'object',
  discriminator: { propertyName: 'kind' },
  oneOf: [...localRestores, rds],
  description: 'What is restored, and where its recovery points are.',
});
