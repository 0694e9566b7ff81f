import type { Problem } from '../../../diagnostics/problem.ts';

/** Why a server did not start, by its log. Only fixed words of it are shown: lines may quote what the backup holds. */
export function classifyStartFailure(log: string): Problem {
  const cause = CAUSES.find(({ pattern }) => pattern.test(log));
  return {
    code: 'restore/server-start-failed',
    message: `the restored server does not start: ${cause?.what ?? 'for a reason that only its log tells'}`,
    hint: cause?.hint ?? "Run the drill with '--keep-on-failure' and read 'server.log' in the restore's folder.",
    blames: cause?.blames ?? 'environment',
  };
}

interface Cause extends Pick<Problem, 'hint' | 'blames'> {
  readonly pattern: RegExp;
  readonly what: string;
}

const KEEP = 'Keep this recovery point for analysis and restore another one.';

/** In the words of MariaDB 10.11 and MySQL 8. The first that fits is told. */
const CAUSES: readonly Cause[] = [
  {
    pattern: /No space left on device|errno: 28\b|Disk is full/i,
    what: 'the disk is full',
    hint: "Free some space, or let 'sandbox.folder' lie on a larger disk.",
    blames: 'environment',
  },
  {
    pattern: /Cannot allocate memory|Out of memory/i,
    what: 'this machine has too little memory for it',
    hint: 'Give this machine more memory, or end what else runs on it.',
    blames: 'environment',
  },
  {
    pattern: /encrypt|key management/i,
    what: 'its files are encrypted, and no key is here',
    hint: 'Drill a backup that is not encrypted by the server: the plugins that hold keys are not loaded.',
    blames: 'environment',
  },
  {
    pattern:
      /provider_|Plugin '.*' (?:is not loaded|registration)|unsupported redo log format|created by? (?:a )?newer/i,
    what: 'it needs another version of the server, or plugins of it',
    hint: 'Let the server on this machine be of the same version as the source.',
    blames: 'environment',
  },
  {
    pattern:
      /corrupt|checksum mismatch|Missing MLOG_|missing redo log|Can't open and lock privilege tables|does not exist in engine|Tablespace .* (?:was not found|is missing)|Cannot open (?:datafile|tablespace)|is of a different size/i,
    what: 'files of the backup are damaged or missing',
    hint: KEEP,
    blames: 'backup',
  },
];
