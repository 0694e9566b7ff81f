import { accountOf } from './account-of.ts';
import { LONGEST_CHECK_ON_AWS } from './defaults.ts';
import { parseDuration } from './duration.ts';
import { type Finding, atKey, atValue, quoted } from './finding.ts';
import type { SoundRunbook } from './sound-runbook.ts';
import type { WrittenRds, WrittenRestore } from './written-restore.ts';
import type { WrittenSandbox } from './written-sandbox.ts';

type WrittenAws = Extract<WrittenSandbox, { provider: 'aws' }>;

/** What is said of resources, checks and limits because of where the sandbox is. */
export function judgePlace(runbook: SoundRunbook): readonly Finding[] {
  const { sandbox } = runbook.settings;
  return [
    ...judgeProviders(runbook),
    ...judgeRdsNames(runbook),
    ...judgeLogins(runbook),
    ...judgeCheckLimit(runbook),
    ...(sandbox?.provider === 'aws' ? judgeAccounts(runbook, sandbox) : []),
  ];
}

function judgeProviders({ provider, restore }: SoundRunbook): readonly Finding[] {
  if (provider === undefined) return [];
  return [...restore].flatMap(([name, { kind }]) => {
    if ((kind === 'rds') === (provider === 'aws')) return [];
    return [
      {
        code: 'wrong-provider',
        at: atValue('restore', name, 'kind'),
        message: `'restore.${name}' is of kind '${kind}', which is not restored in a sandbox of provider '${provider}'`,
        hint:
          provider === 'local'
            ? "Add a sandbox with 'provider: aws', its 'account' and its 'region'."
            : "Move the resource to a runbook of its own, with 'provider: local': a runbook has one sandbox.",
      },
    ];
  });
}

/** The instance's identifier is made of the resource's name, and RDS takes no two hyphens in a row. */
function judgeRdsNames({ restore }: SoundRunbook): readonly Finding[] {
  return rdsIn(restore).flatMap(([name]) => {
    if (!name.includes('--')) return [];
    return [
      {
        code: 'bad-name',
        at: atKey('restore', name),
        message: `the name ${quoted(name)} has two hyphens in a row, which no RDS identifier may have`,
        hint: 'Keep one of them: the restored instance is named after the resource.',
      },
    ];
  });
}

/** Whatever a function is handed is kept by AWS, in its settings or its logs; so it is handed no secret. */
function judgeLogins({ restore, checks }: SoundRunbook): readonly Finding[] {
  return checks.flatMap(({ index, check }) => {
    if (check.kind !== 'login' || check.user === undefined || restore.get(check.of)?.kind !== 'rds') return [];
    return [
      {
        code: 'no-credentials',
        at: atKey('checks', index, 'user'),
        message: `'checks[${index}]' logs in as ${quoted(check.user)}, but no password is handed into a sandbox on AWS`,
        hint: "Leave 'user' and 'password' out: the check then logs in as the instance's master user, with a password that RDS makes.",
      },
    ];
  });
}

function judgeCheckLimit({ provider, settings }: SoundRunbook): readonly Finding[] {
  const check = settings.limits?.check;
  if (provider !== 'aws' || check === undefined) return [];
  if ((parseDuration(check) ?? 0) <= (parseDuration(LONGEST_CHECK_ON_AWS) ?? 0)) return [];
  return [
    {
      code: 'check-too-long',
      at: atValue('limits', 'check'),
      message: `a check may take ${check}, but AWS ends the Lambda function that runs it after 15 minutes, its answer included`,
      hint: `Write ${LONGEST_CHECK_ON_AWS} or less, and split what takes longer into several checks.`,
    },
  ];
}

function judgeAccounts({ restore }: SoundRunbook, sandbox: WrittenAws): readonly Finding[] {
  return [
    ...judgeRole(sandbox),
    ...rdsIn(restore).flatMap(([name, resource]) => [
      ...judgeSourceAccount(name, resource, sandbox),
      ...judgePointInTime(name, resource, sandbox),
    ]),
  ];
}

function judgeRole({ account, role }: WrittenAws): readonly Finding[] {
  const owner = role === undefined ? undefined : accountOf(role);
  if (owner === undefined || owner === account) return [];
  return [
    {
      code: 'bad-account',
      at: atValue('sandbox', 'role'),
      message: `'sandbox.role' belongs to the account '${owner}', but the sandbox's is '${account}'`,
      hint: 'Name a role of the sandbox account: whoever assumes it is then in that account.',
    },
  ];
}

function judgeSourceAccount(
  name: string,
  { source, sourceAccount }: WrittenRds,
  { account, sharesAccountWithSources }: WrittenAws,
): readonly Finding[] {
  const owner = accountOf(source);
  if (owner !== undefined && sourceAccount !== undefined && owner !== sourceAccount) {
    return [
      {
        code: 'bad-account',
        at: atValue('restore', name, 'sourceAccount'),
        message: `'restore.${name}.source' belongs to the account '${owner}', but 'sourceAccount' is '${sourceAccount}'`,
        hint: "Leave 'sourceAccount' out: the ARN names the account already.",
      },
    ];
  }
  if (sharesAccountWithSources === true || (sourceAccount ?? owner) !== account) return [];
  return [
    {
      code: 'shared-account',
      at: atValue('restore', name, sourceAccount === undefined ? 'source' : 'sourceAccount'),
      message: `the source of '${name}' lives in the sandbox's own account '${account}', where a mistake could reach it`,
      hint: "Restore into an account of its own, or accept it by name with 'sandbox.sharesAccountWithSources: true'.",
    },
  ];
}

/** Snapshots can be shared with another account; the log that a point in time needs cannot. */
function judgePointInTime(
  name: string,
  { source, sourceAccount, recoveryPoint }: WrittenRds,
  { account }: WrittenAws,
): readonly Finding[] {
  const owner = sourceAccount ?? accountOf(source);
  const to = recoveryPoint?.to ?? 'backup-end';
  if (to === 'backup-end' || owner === undefined || owner === account) return [];
  return [
    {
      code: 'no-point-in-time',
      at: atValue('restore', name, 'recoveryPoint', 'to'),
      message: `'restore.${name}' is to be restored to a point in time, but the account '${owner}' can share its snapshots only`,
      hint: "Write 'backup-end', or leave the key out: then a snapshot is restored as it is.",
    },
  ];
}

function rdsIn(restore: ReadonlyMap<string, WrittenRestore>): readonly (readonly [string, WrittenRds])[] {
  return [...restore].flatMap(([name, one]) => (one.kind === 'rds' ? [[name, one] as const] : []));
}
