import { type Finding, type Place, atKey, atValue, listed, quoted } from './finding.ts';
import { nearest } from './nearest.ts';
import type { SoundRunbook } from './sound-runbook.ts';

/** What is said of resources: those named exist, none waits for itself, each is checked. */
export function judgeResources(runbook: SoundRunbook): readonly Finding[] {
  return [
    ...judgeReferences(runbook),
    ...judgeNeeds(runbook),
    ...judgeRepositories(runbook),
    ...judgeCoverage(runbook),
  ];
}

/** Another archive beside that of the repository could be one of another cluster. */
function judgeRepositories({ restore }: SoundRunbook): readonly Finding[] {
  return [...restore].flatMap(([name, one]) => {
    if (one.kind !== 'postgres' || one.wal === undefined || one.repository?.pgbackrest === undefined) return [];
    return [
      {
        code: 'needless-wal',
        at: atKey('restore', name, 'wal'),
        message: `'restore.${name}' has 'wal', but its WAL is in the repository of pgBackRest`,
        hint: "Leave 'wal' out: the repository keeps the WAL of its stanza beside the backups.",
      },
    ];
  });
}

function judgeReferences({ resources, restore, claims, settings }: SoundRunbook): readonly Finding[] {
  if (resources.length === 0) return [];
  const references = [
    ...[...restore].flatMap(([name, { needs }]) =>
      (needs ?? []).map((need, index) => ({ name: need, at: atValue('restore', name, 'needs', index) })),
    ),
    ...claims.flatMap((claim, index) =>
      (['of', ...(claim['kind'] === 'references' ? ['in'] : [])] as const).flatMap((key) => {
        const name = claim[key];
        return typeof name === 'string' ? [{ name, at: atValue('checks', index, key) }] : [];
      }),
    ),
    ...(settings.groups ?? []).flatMap(({ of }, index) =>
      of.map((name, place) => ({ name, at: atValue('groups', index, 'of', place) })),
    ),
    ...(settings.cutover?.records ?? []).map(({ to }, index) => ({
      name: to,
      at: atValue('cutover', 'records', index, 'to'),
    })),
  ];
  return references
    .filter(({ name }) => !resources.includes(name))
    .map(({ name, at }) => unknownResource(name, at, resources));
}

function unknownResource(name: string, at: Place, resources: readonly string[]): Finding {
  const meant = nearest(name, resources);
  return {
    code: 'unknown-resource',
    at,
    message: `no resource ${quoted(name)} is restored`,
    hint:
      meant === undefined
        ? `Under 'restore' stand ${listed(resources)}.`
        : `Write ${quoted(meant)} instead of ${quoted(name)}.`,
  };
}

/** One finding for each circle, at a resource in it. */
function judgeNeeds({ restore }: SoundRunbook): readonly Finding[] {
  const needs = new Map([...restore].map(([name, one]) => [name, one.needs ?? []]));
  return circlesIn(needs).map((circle) => {
    const name = circle[0]!;
    return {
      code: 'cyclic-needs',
      at: atValue('restore', name, 'needs'),
      message: `${quoted(name)} needs itself${circle.length === 1 ? '' : `: ${[...circle, name].join(' needs ')}`}`,
      hint: 'Leave one of these needs out, so that one resource can be restored first.',
    };
  });
}

/** Walks on from each resource through those that can never be restored, until it meets its own way. */
function circlesIn(needs: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const waiting = thoseThatWait(needs);
  const walked = new Set<string>();
  return [...waiting].flatMap((start) => {
    const way: string[] = [];
    let name: string | undefined = start;
    while (name !== undefined && !walked.has(name)) {
      walked.add(name);
      way.push(name);
      name = needs.get(name)?.find((need) => waiting.has(need));
    }
    const meeting = name === undefined ? -1 : way.indexOf(name);
    return meeting === -1 ? [] : [way.slice(meeting)];
  });
}

/** What is left when everything is restored whose needs are: the circles, and whatever needs them. */
function thoseThatWait(needs: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const waiting = new Set(needs.keys());
  for (let before = -1; before !== waiting.size;) {
    before = waiting.size;
    for (const [name, those] of needs) if (!those.some((need) => waiting.has(need))) waiting.delete(name);
  }
  return waiting;
}

/** What answers, or that something does, says nothing of what the data is. */
const NO_PROOF: readonly unknown[] = ['login', 'tcp', 'http'];

function judgeCoverage({ resources, restore, claims }: SoundRunbook): readonly Finding[] {
  if (claims.length === 0) return [];
  const covered = new Set(
    claims
      .filter(
        ({ integrity, severity, kind }) => integrity !== undefined && severity !== 'warn' && !NO_PROOF.includes(kind),
      )
      .map(({ of }) => of),
  );
  return resources
    .filter((name) => !covered.has(name))
    .map((name) => ({
      code: 'no-integrity-check',
      at: atKey('restore', name),
      message: `no integrity check of severity 'fail' looks at ${quoted(name)}, so that no drill could prove its data`,
      hint: `Add a check with 'integrity' and 'of: ${name}', for example of kind '${restore.get(name)?.kind === 'files' ? 'files' : 'structure'}'; a login or an answer proves no data.`,
    }));
}
