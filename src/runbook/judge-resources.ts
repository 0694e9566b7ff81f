import { type Finding, type Place, atKey, atValue, listed, quoted } from './finding.ts';
import { nearest } from './nearest.ts';
import type { SoundRunbook } from './sound-runbook.ts';

/** What is said of resources: those named exist, none waits for itself, each is checked. */
export function judgeResources(runbook: SoundRunbook): readonly Finding[] {
  return [...judgeReferences(runbook), ...judgeNeeds(runbook), ...judgeCoverage(runbook)];
}

function judgeReferences({ resources, restore, claims }: SoundRunbook): readonly Finding[] {
  if (resources.length === 0) return [];
  const references = [
    ...[...restore].flatMap(([name, { needs }]) =>
      (needs ?? []).map((need, index) => ({ name: need, at: atValue('restore', name, 'needs', index) })),
    ),
    ...claims.flatMap(({ of }, index) =>
      typeof of === 'string' ? [{ name: of, at: atValue('checks', index, 'of') }] : [],
    ),
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

/** One finding for each circle, at the first resource in it. */
function judgeNeeds({ restore }: SoundRunbook): readonly Finding[] {
  const told = new Set<string>();
  return [...restore.keys()].flatMap((name) => {
    const circle = told.has(name) ? undefined : circleFrom(name, restore);
    if (!circle) return [];
    for (const one of circle) told.add(one);
    return [
      {
        code: 'cyclic-needs' as const,
        at: atValue('restore', name, 'needs'),
        message: `${quoted(name)} needs itself${circle.length === 1 ? '' : `: ${[...circle, name].join(' needs ')}`}`,
        hint: 'Leave one of these needs out, so that one resource can be restored first.',
      },
    ];
  });
}

/** The shortest way from a resource back to itself. */
function circleFrom(start: string, restore: SoundRunbook['restore']): readonly string[] | undefined {
  const from = new Map<string, string>();
  const open = [start];
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    for (const need of restore.get(name)?.needs ?? []) {
      if (need === start) return wayTo(name, from);
      if (!from.has(need)) {
        from.set(need, name);
        open.push(need);
      }
    }
  }
  return undefined;
}

function wayTo(end: string, from: ReadonlyMap<string, string>): readonly string[] {
  const way: string[] = [];
  for (let name: string | undefined = end; name !== undefined; name = from.get(name)) way.unshift(name);
  return way;
}

function judgeCoverage({ resources, claims }: SoundRunbook): readonly Finding[] {
  if (claims.length === 0) return [];
  const covered = new Set(
    claims
      .filter(({ integrity, severity, kind }) => integrity !== undefined && severity !== 'warn' && kind !== 'login')
      .map(({ of }) => of),
  );
  return resources
    .filter((name) => !covered.has(name))
    .map((name) => ({
      code: 'no-integrity-check',
      at: atKey('restore', name),
      message: `no integrity check of severity 'fail' looks at ${quoted(name)}, so that no drill could prove its data`,
      hint: `Add a check with 'integrity' and 'of: ${name}', for example of kind 'structure'; a login proves no data.`,
    }));
}
