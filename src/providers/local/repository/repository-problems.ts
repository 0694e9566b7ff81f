import type { Problem } from '../../../diagnostics/problem.ts';

/** How much of what a tool says is told on. */
const LONGEST_LINE = 300;

/** A repository that cannot be read, or is none. */
export function repositoryUnreadable(source: string, why: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `the repository '${source}' cannot be read: ${why}`,
    hint: "Correct 'source' in the runbook, or let the user that runs drillbook read the whole repository.",
    blames: 'environment',
  };
}

/** A repository on another machine. */
export function remoteRepository(source: string): Problem {
  return {
    code: 'restore/remote-repository',
    message: `'${source}' looks like a repository on another machine, and only those in a folder of this one are read`,
    hint: "Mount or copy the repository, and name its folder as 'source'.",
    blames: 'environment',
  };
}

/** The secret of a repository does not open it. */
export function wrongSecret(source: string, what: 'password' | 'passphrase'): Problem {
  return {
    code: 'restore/wrong-password',
    message: `the ${what} does not open the repository '${source}'`,
    hint: `Correct the secret that 'repository' names as its ${what}.`,
    blames: 'environment',
  };
}

/** A repository is encrypted, which the runbook does not say. */
export function noSecret(source: string): Problem {
  return {
    code: 'restore/wrong-password',
    message: `the repository '${source}' is encrypted, and the runbook names no passphrase`,
    hint: "Name where it is to be read, as 'passphrase' of 'repository'.",
    blames: 'environment',
  };
}

/** What was listed is no longer there. */
export function pointGone(what: string, source: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `${what} is no longer in the repository '${source}'`,
    hint: 'Backups may have been rotated since the plan was made; run the drill again.',
    blames: 'environment',
  };
}

/** The repository is proven bad. `evidence`: what the tool said. */
export function damaged(what: string, source: string, evidence: string): Problem {
  return {
    code: 'restore/repository-damaged',
    message: `${what} cannot be read whole from the repository '${source}': ${shortened(evidence)}`,
    hint: "Look at the repository with its tool's own check, and take a new backup.",
    blames: 'backup',
  };
}

/** Something is missing in the repository, while somebody else is at work in it. */
export function inUse(source: string, evidence: string): Problem {
  return {
    code: 'restore/repository-in-use',
    message: `the repository '${source}' is locked by somebody who may be changing it, and something is missing: ${shortened(evidence)}`,
    hint: 'Run the drill again when nothing else works in the repository; remove a stale lock with its own tool.',
    blames: 'environment',
  };
}

/** A tool ended in a way that says nothing of the backup. */
export function toolFailed(
  tool: string,
  end: { readonly code: number | null; readonly stderr: string },
  what: string,
): Problem {
  const how = end.code === null ? 'it was killed' : `it ended with ${end.code}`;
  return {
    code: 'restore/tool-failed',
    message: `${tool} could not read ${what}: ${shortened(lastLine(end.stderr)) || how}`,
    hint: `Run ${tool} on the repository by hand, as the user that runs drillbook, to see why.`,
    blames: 'environment',
  };
}

/** Without the stack that programs in Go may print below it: a function, and its place on an indented line. */
function lastLine(text: string): string {
  return (
    text
      .replaceAll(/^\S.*\n\t.*$/gm, '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .at(-1) ?? ''
  );
}

function shortened(line: string): string {
  return line.length <= LONGEST_LINE ? line : `${line.slice(0, LONGEST_LINE)}…`;
}
