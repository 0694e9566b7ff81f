import { type Finding, atKey, atValue, quoted } from './finding.ts';
import type { SoundRunbook } from './sound-runbook.ts';
import type { WrittenPoint } from './written-recovery-point.ts';

type WrittenGroups = NonNullable<SoundRunbook['settings']['groups']>;

/** What is said of groups: each has a name of its own, a resource is in one, and its moment can be chosen. */
export function judgeGroups({ settings, restore }: SoundRunbook): readonly Finding[] {
  const groups = settings.groups ?? [];
  return [
    ...judgeNames(groups),
    ...judgeMembers(groups),
    ...groups.flatMap(({ group, of: [first = '', ...others] }) => [
      ...[first, ...others].flatMap((name) => judgeTarget(group, name, restore)),
      ...others.flatMap((name) => judgeFollower({ group, first, name }, restore)),
    ]),
  ];
}

function judgeNames(groups: WrittenGroups): readonly Finding[] {
  const names = groups.map(({ group }) => group);
  return names.flatMap((name, index): readonly Finding[] => {
    if (names.indexOf(name) === index) return [];
    return [
      {
        code: 'duplicate-name',
        at: atValue('groups', index, 'group'),
        message: `two groups are called ${quoted(name)}`,
        hint: 'Say in one of them what makes it different.',
      },
    ];
  });
}

function judgeMembers(groups: WrittenGroups): readonly Finding[] {
  const groupOf = new Map<string, number>();
  return groups.flatMap(({ group, of }, index) =>
    of.flatMap((name, place): readonly Finding[] => {
      const before = groupOf.get(name) ?? index;
      groupOf.set(name, before);
      if (before === index) return [];
      return [
        {
          code: 'grouped-twice',
          at: atValue('groups', index, 'of', place),
          message: `${quoted(name)} is in two groups, ${quoted(groups[before]!.group)} and ${quoted(group)}`,
          hint: 'Make one group of the two, or leave it out of one: its recovery point can be chosen once.',
        },
      ];
    }),
  );
}

/** The first of a group is drawn, and decides the moment that the others are chosen by. */
function judgeFollower(
  { group, first, name }: { readonly group: string; readonly first: string; readonly name: string },
  restore: SoundRunbook['restore'],
): readonly Finding[] {
  const point: WrittenPoint = restore.get(name)?.recoveryPoint ?? {};
  const chosen = (['pick', 'before', 'after', 'tag', 'id'] as const).find((key) => point[key] !== undefined);
  if (chosen === undefined || point[chosen] === 'random') return [];
  return [
    {
      code: 'chosen-by-group',
      at: atKey('restore', name, 'recoveryPoint', chosen),
      message: `'restore.${name}.recoveryPoint' has '${chosen}', but the group ${quoted(group)} chooses it by the moment of ${quoted(first)}`,
      hint: `Leave it out, or put ${quoted(name)} first in the group: the first is drawn, and the others follow it.`,
    },
  ];
}

/** RDS says itself which moment is its latest. */
function judgeTarget(group: string, name: string, restore: SoundRunbook['restore']): readonly Finding[] {
  const resource = restore.get(name);
  if (resource?.kind !== 'postgres' || resource.recoveryPoint?.to !== 'latest') return [];
  return [
    {
      code: 'no-moment',
      at: atValue('restore', name, 'recoveryPoint', 'to'),
      message: `'restore.${name}' is replayed to the latest moment of its archive, which the group ${quoted(group)} cannot know beforehand`,
      hint: "Write 'backup-end' or a moment: the group chooses what lies nearest to it.",
    },
  ];
}
