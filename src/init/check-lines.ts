import type { FoundResource } from './found.ts';
import { type LiveFacts, largestTables, mostOf } from './live-facts.ts';
import { safeName, untaken } from './safe-name.ts';
import { inComment, yamlScalar } from './yaml-scalar.ts';

/** More databases than this nobody reads about in a first runbook. */
const MOST_DATABASES = 5;
/** So that the longest sentence of a check still holds the names of a database and of a resource. */
const LONGEST_DATABASE = 20;

/**
 * The lines of a resource's checks, without their indentation. What can be known to hold something is a check; what only
 * people can know is a comment that becomes one when it is filled in.
 */
export function checkLines(resource: FoundResource, rpo: string): readonly string[] {
  if (resource.kind === 'files') return [...filesChecks(resource), ...manifestHint(resource)];
  const { facts } = resource.live ?? {};
  return [
    ...(resource.kind === 'sqlite' ? [] : [login(resource)]),
    ...structureChecks(resource),
    ...(facts ? dataChecks(resource, facts, rpo) : dataHints(resource, rpo)),
    ...manifestHint(resource),
  ];
}

function login({ name }: FoundResource): string {
  return check(name, `smoke: ${name} accepts logins`, 'kind: login, retry: { within: 1m }');
}

function check(of: string, sentence: string, rest: string): string {
  return `- { ${sentence}, of: ${yamlScalar(of)}, ${rest} }`;
}

/** Of each database, since the check looks into one. */
function structureChecks({ name, kind, databases, live }: FoundResource): readonly string[] {
  const ofLive = live && 'host' in live.at ? [live.at.database] : [];
  const all = [...new Set([...ofLive, ...databases])];
  if (kind === 'sqlite' || all.length < 2) {
    return [check(name, `integrity: every index and page of ${name} is sound`, 'kind: structure')];
  }
  const taken = new Set<string>();
  return all.slice(0, MOST_DATABASES).map((database) => {
    const called = untaken(safeName(database, 'database', LONGEST_DATABASE), taken, LONGEST_DATABASE);
    taken.add(called);
    const sentence = `integrity: every index and page of ${called} in ${name} is sound`;
    return check(name, sentence, `kind: structure, database: ${yamlScalar(database)}`);
  });
}

function dataChecks(resource: FoundResource, facts: LiveFacts, rpo: string): readonly string[] {
  const { name } = resource;
  const { foreignKeys, newest } = facts;
  const largest = largestTables(facts);
  return [
    ...(foreignKeys === 0 ? unseenKeys(resource) : [foreignKeysCheck(name)]),
    ...(largest.length === 0 ? [] : rowCounts(name, largest)),
    ...(newest === undefined
      ? []
      : [
          `- integrity: the newest row of ${name} is recent`,
          `  of: ${yamlScalar(name)}`,
          '  kind: freshness',
          '  # By its name and its type this column looks like business time: is it?',
          `  query: ${yamlScalar(`select max(${newest.column}) from ${newest.table}`)}`,
          `  within: ${rpo}`,
        ]),
  ];
}

function foreignKeysCheck(name: string): string {
  return check(name, `integrity: no row of ${name} refers to one that is not there`, 'kind: foreign-keys');
}

/** MariaDB and MySQL show constraints only to who may do more than select, in information_schema. */
function unseenKeys({ name, kind }: FoundResource): readonly string[] {
  if (kind !== 'mysql') return [];
  return [
    '# No foreign key was seen; the server shows none to a user that may only select.',
    `# ${foreignKeysCheck(name)}`,
  ];
}

function rowCounts(name: string, largest: ReturnType<typeof largestTables>): readonly string[] {
  const counted = largest.some(({ isExact }) => !isExact)
    ? 'hold, by the estimate of the server where they are large'
    : 'hold';
  return [
    `- integrity: no table of ${name} has shrunk`,
    `  of: ${yamlScalar(name)}`,
    '  kind: row-counts',
    `  # Nine tenths of what the largest tables ${counted}: older points may hold less.`,
    '  tables:',
    ...largest.map(({ name: table, atLeast }) => `    ${yamlScalar(table)}: { atLeast: ${atLeast} }`),
  ];
}

/** What a look at the data would tell: as comments, since a check that finds nothing has failed. */
function dataHints({ name }: FoundResource, rpo: string): readonly string[] {
  return [
    '# What must be in it only its people know, or its living source (--live): fill in what fits.',
    foreignKeysCheck(name),
    check(name, `integrity: no table of ${name} has shrunk`, 'kind: row-counts, tables: { TABLE: { atLeast: 1000 } }'),
    check(
      name,
      `integrity: the newest row of ${name} is recent`,
      `kind: freshness, query: select max(COLUMN) from TABLE, within: ${rpo}`,
    ),
  ].map((line) => (line.startsWith('#') ? line : `# ${line}`));
}

function filesChecks({ name, files }: FoundResource): readonly string[] {
  if (files === undefined) return [check(name, `integrity: the files of ${name} are there`, 'kind: files, atLeast: 1')];
  return [
    `# The newest holds ${files}: nine tenths of them.`,
    check(name, `integrity: the files of ${name} are there`, `kind: files, atLeast: ${mostOf(files)}`),
  ];
}

/**
 * The strongest check of all needs a manifest of each recovery point, which only the living source gives; none is recorded
 * of MariaDB and MySQL. Until there are some it must not keep a drill from passing.
 */
function manifestHint({ name, kind, live }: FoundResource): readonly string[] {
  if (kind === 'mysql') return [];
  const sentence = `integrity: the contents of ${name} are those of the source`;
  if (live === undefined) {
    return [
      "# With the living source as 'live', 'drillbook manifest' records what a restore must contain.",
      `# ${check(name, sentence, 'kind: manifest')}`,
    ];
  }
  return [
    `# Let what takes a backup call 'drillbook manifest RUNBOOK --of ${inComment(name)} --recovery-point ID' at once: it records`,
    '# what that backup must contain. When the points have manifests, take the severity out.',
    check(name, sentence, 'kind: manifest, severity: warn'),
  ];
}
