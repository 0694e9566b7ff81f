import type { Instant } from '../support/time.ts';
import { checkLines } from './check-lines.ts';
import type { FoundResource } from './found.ts';
import { type Proposed, proposedRpo, proposedRto } from './objectives.ts';
import { LARGEST_SKEW, takenTogether } from './pairs.ts';
import { resourceLines } from './resource-lines.ts';
import { inComment, yamlScalar } from './yaml-scalar.ts';

/** What a first runbook is made from. */
export interface FirstRunbook {
  /** Safe as the name of a runbook. */
  readonly name: string;
  /** The folder that was looked into, as its user wrote it. */
  readonly folder: string;
  /** At least one; in the order in which they are written. */
  readonly resources: readonly FoundResource[];
  readonly now: Instant;
  /** Where editors find the schema of runbooks, seen from the file. */
  readonly schema?: string;
}

/** The text of a runbook for what was found: the same for the same, to the letter. */
export function runbookText({ name, folder, resources, now, schema }: FirstRunbook): string {
  const rpo = proposedRpo(resources);
  const lines = [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${inComment(schema)}`]),
    `# A first runbook, which 'drillbook init' wrote from what lies in '${inComment(folder)}'.`,
    '# Read it, correct it and keep it: from here on it is yours.',
    `runbook: ${yamlScalar(name)}`,
    '# owner: who answers for this recovery',
    '',
    'objectives:',
    ...objectiveLines('rto', proposedRto(resources)),
    ...objectiveLines('rpo', rpo),
    '',
    'sandbox: { provider: local, expiresAfter: 2h }',
    '',
    'restore:',
    ...resources.flatMap((resource) => [...resourceLines(resource, now).map(indented), '']),
    ...groupLines(resources),
    'checks:',
    ...resources.flatMap((resource) => [...checkLines(resource, rpo.target).map(indented), '']),
  ];
  return lines.join('\n');
}

function indented(line: string): string {
  return `  ${line}`;
}

function objectiveLines(key: string, { target, because }: Proposed): readonly string[] {
  return [`  # ${because}`, `  ${key}: ${target}`];
}

/** As a comment: that backups lie close together does not say that they belong together. */
function groupLines(resources: readonly FoundResource[]): readonly string[] {
  const groups = takenTogether(resources);
  if (groups.length === 0) return [];
  return [
    '# These were taken at about the same time. If they belong to one moment, a group restores them as of one moment.',
    '# groups:',
    ...groups.map((names) => {
      const of = names.map(yamlScalar).join(', ');
      return `#   - { group: ${yamlScalar(groupName(names))}, of: [${of}], maxSkew: ${LARGEST_SKEW.text} }`;
    }),
    '',
  ];
}

const LONGEST_GROUP = 100;

function groupName(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`.slice(0, LONGEST_GROUP).trimEnd();
}
