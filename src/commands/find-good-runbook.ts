import type { CheckSpec } from '../runbook/check-spec.ts';
import type { Pick } from '../runbook/restore-spec.ts';
import type { Runbook } from '../runbook/runbook.ts';

/**
 * What of a runbook tells whether a check holds: the check's resource with all that it needs, and every check of those,
 * so that each still has an integrity check. Recovery points of the resource are restored to their own end, as of which
 * they are searched: replayed further, all of them would show the same moment.
 *
 * There is no cutover, no group (a resource alone, at a point of its own, belongs to no common moment), nothing is published and nobody is told: a try of a point that may well be bad says nothing about
 * how the service stands, and a part that passed must not stand for the whole.
 */
export function runbookOfCheck(runbook: Runbook, check: CheckSpec): Runbook {
  const { cutover: _cutover, publish: _publish, notify: _notify, groups: _groups, ...rest } = runbook;
  const needed = neededBy(check.of, runbook);
  return pickingFor(
    {
      ...rest,
      restore: runbook.restore.filter(({ name }) => needed.has(name)),
      checks: runbook.checks.filter(({ of }) => needed.has(of)),
    },
    check,
    { kind: 'latest' },
  );
}

/** The same runbook with one recovery point of the check's resource. */
export function runbookAtPoint(runbook: Runbook, check: CheckSpec, id: string): Runbook {
  return pickingFor(runbook, check, { kind: 'id', id });
}

function pickingFor(runbook: Runbook, { of }: CheckSpec, pick: Pick): Runbook {
  const recoveryPoint = { pick, to: { kind: 'backup-end' } } as const;
  return {
    ...runbook,
    restore: runbook.restore.map((spec) => (spec.name === of ? { ...spec, recoveryPoint } : spec)),
  };
}

function neededBy(name: string, { restore }: Runbook): ReadonlySet<string> {
  const found = new Set([name]);
  // A set that grows while it is walked is walked to its end.
  for (const one of found) for (const need of restore.find((spec) => spec.name === one)?.needs ?? []) found.add(need);
  return found;
}
