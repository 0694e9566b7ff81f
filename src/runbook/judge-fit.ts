import { type Finding, type Place, atKey, atValue, listed, quoted } from './finding.ts';
import type { SoundCheck, SoundRunbook } from './sound-runbook.ts';
import type { WrittenCheck } from './written-checks.ts';
import type { WrittenRestore } from './written-restore.ts';

type CheckKind = WrittenCheck['kind'];
type RestoreKind = WrittenRestore['kind'];

const OF_DATABASES = ['sql', 'row-counts', 'structure', 'foreign-keys', 'manifest', 'freshness'] as const;
const OF_SERVERS = ['login', ...OF_DATABASES, 'tcp'] as const;
/** They look at more than the resource: at files, or by a program on this machine. */
const HERE = ['references', 'http', 'command'] as const;

/** The kinds of checks that each kind of resource can be looked at by. */
const FITTING: Readonly<Record<RestoreKind, readonly CheckKind[]>> = {
  postgres: [...OF_SERVERS, ...HERE],
  'postgres-dump': [...OF_SERVERS, ...HERE],
  mysql: [...OF_SERVERS, ...HERE],
  sqlite: [...OF_DATABASES, ...HERE],
  files: ['files', 'manifest', 'http', 'command'],
  rds: OF_SERVERS,
};

/** What is said of each check because of what it looks at: the kind of the resource can be looked at so. */
export function judgeFit({ checks, restore }: SoundRunbook): readonly Finding[] {
  return checks.flatMap((one) => {
    const resource = restore.get(one.check.of);
    if (resource === undefined) return [];
    const fitting = FITTING[resource.kind];
    if (!fitting.includes(one.check.kind)) return [kindDoesNotFit(one, resource.kind)];
    return [...judgeKeys(one, resource.kind), ...judgeReferences(one, restore)];
  });
}

function kindDoesNotFit({ index, check }: SoundCheck, kind: RestoreKind): Finding {
  return {
    code: 'check-does-not-fit',
    at: atValue('checks', index, 'kind'),
    message: `'checks[${index}]' is of kind '${check.kind}', which cannot look at ${quoted(check.of)} of kind '${kind}'`,
    hint: `Of a resource of kind '${kind}' write a check of kind ${listed(FITTING[kind], 'or')}.`,
  };
}

/** What to do about keys that the same check has of another kind of resource. */
const KEYS: readonly { readonly key: string; readonly of: readonly RestoreKind[]; readonly hint: string }[] = [
  {
    key: 'heapAllIndexed',
    of: ['mysql', 'sqlite'],
    hint: 'Leave it out: it is asked of PostgreSQL alone, and the check of other databases compares indexes and tables anyway.',
  },
  {
    key: 'accept',
    of: ['mysql', 'sqlite'],
    hint: 'Leave it out: the faults that can be accepted are those of catalogs of PostgreSQL.',
  },
  { key: 'database', of: ['sqlite'], hint: 'Leave it out: a SQLite file is one database.' },
  { key: 'database', of: ['files'], hint: 'Leave it out: files are in no database.' },
  { key: 'bounded', of: ['files'], hint: 'Leave it out: it is said of tables.' },
];

function judgeKeys({ index, check }: SoundCheck, kind: RestoreKind): readonly Finding[] {
  return KEYS.filter(({ key, of }) => of.includes(kind) && key in check).map(({ key, hint }) =>
    doesNotFit(
      atKey('checks', index, key),
      `'checks[${index}]' has '${key}', which means nothing for ${quoted(check.of)} of kind '${kind}'`,
      hint,
    ),
  );
}

function judgeReferences({ index, check }: SoundCheck, restore: SoundRunbook['restore']): readonly Finding[] {
  if (check.kind !== 'references') return [];
  const kind = restore.get(check.in)?.kind;
  if (kind === undefined || kind === 'files') return [];
  return [
    doesNotFit(
      atValue('checks', index, 'in'),
      `'checks[${index}].in' is ${quoted(check.in)} of kind '${kind}', which holds no files`,
      "Name a resource of kind 'files'.",
    ),
  ];
}

function doesNotFit(at: Place, message: string, hint: string): Finding {
  return { code: 'check-does-not-fit', at, message, hint };
}
