import { unreachable } from '../support/unreachable.ts';
import type { Instant } from '../support/time.ts';
import type { FoundRepository, FoundResource } from './found.ts';
import { windowOf } from './objectives.ts';
import { inComment, yamlScalar } from './yaml-scalar.ts';

/** The lines of a resource under 'restore', without their indentation. */
export function resourceLines(resource: FoundResource, now: Instant): readonly string[] {
  const { name, kind, source } = resource;
  const lines = [
    ...keyLine('kind', kind),
    ...keyLine('source', source),
    ...(resource.wal === undefined ? [] : keyLine('wal', resource.wal)),
    ...(resource.repository ? repositoryLines(resource.repository) : []),
    ...databaseLines(resource),
    ...pointLines(resource, now),
    ...liveLines(resource),
  ];
  return [`${yamlScalar(name)}:`, ...lines.map((line) => `  ${line}`)];
}

function keyLine(key: string, value: string): readonly string[] {
  return [`${key}: ${yamlScalar(value)}`];
}

const WHERE_PASSWORD = [
  '# The password is read from this file when it is needed: put it there, for the user that runs drillbook alone, and',
  '# keep it out of version control; { env: NAME } reads it from an environment variable instead.',
];

function repositoryLines(repository: FoundRepository): readonly string[] {
  switch (repository.tool) {
    case 'restic':
      return [
        '# What a repository holds only its password tells: of databases, write their kind instead of files, and checks of it.',
        ...WHERE_PASSWORD,
        'repository:',
        `  restic: { password: { file: ${yamlScalar(repository.passwordFile)} } }`,
      ];
    case 'pgbackrest': {
      const { passwordFile } = repository;
      const stanza = `stanza: ${yamlScalar(repository.stanza)}`;
      if (passwordFile === undefined) return ['repository:', `  pgbackrest: { ${stanza} }`];
      return [
        ...WHERE_PASSWORD,
        'repository:',
        `  pgbackrest: { ${stanza}, passphrase: { file: ${yamlScalar(passwordFile)} } }`,
      ];
    }
    default:
      return unreachable(repository);
  }
}

function databaseLines({ kind, databases, live }: FoundResource): readonly string[] {
  if (kind === 'sqlite' || kind === 'files') return [];
  const ofLive = live && 'host' in live.at ? live.at.database : undefined;
  const [first] = databases;
  const database = ofLive ?? first;
  if (database === undefined) {
    // Without it a runbook of MySQL is none: the name of the system's own database is no guess at another.
    const unnamed = '# The backups name no database: write yours, which checks are to look into.';
    return kind === 'mysql' ? [unnamed, 'database: mysql'] : [unnamed, '# database: NAME'];
  }
  const others = databases.filter((name) => name !== database).map((name) => `'${inComment(name)}'`);
  const more = others.length === 0 ? [] : [`# The backups name others too: ${others.join(', ')}.`];
  return [...more, ...keyLine('database', database)];
}

function pointLines({ points, repository, hasWal }: FoundResource, now: Instant): readonly string[] {
  const log = hasWal
    ? ["# With 'to: latest' the WAL archive is replayed to its last moment; else each stays as it was taken."]
    : [];
  if (repository) return ['recoveryPoint: { pick: random }'];
  const moments = points.map(({ capturedAt }) => capturedAt).toSorted();
  const [oldest, newest] = [moments[0] ?? now, moments.at(-1) ?? now];
  const within = windowOf(moments, now);
  if (within === undefined)
    return [...log, `# There is one, of ${inMinutes(oldest)}.`, 'recoveryPoint: { pick: random }'];
  return [
    `# Any of the ${points.length} from ${inMinutes(oldest)} to ${inMinutes(newest)}: one that is never drawn nobody has ever restored.`,
    ...log,
    `recoveryPoint: { pick: random, within: ${within} }`,
  ];
}

function liveLines({ live }: FoundResource): readonly string[] {
  if (live === undefined) return [];
  const why = "# The living source, for 'drillbook manifest' alone; no drill ever touches it.";
  const { at } = live;
  if ('path' in at) return [why, ...keyLine('live', at.path)];
  const { host, port, database, user, passwordEnv } = at;
  const password = passwordEnv === undefined ? '' : `, password: { env: ${passwordEnv} }`;
  const parts = `host: ${yamlScalar(host)}, port: ${port}, database: ${yamlScalar(database)}, user: ${yamlScalar(user)}`;
  return [why, `live: { ${parts}${password} }`];
}

/** To the minute: nobody tells recovery points apart by their seconds. */
function inMinutes(moment: Instant): string {
  return `${moment.slice(0, 10)} ${moment.slice(11, 16)} UTC`;
}
