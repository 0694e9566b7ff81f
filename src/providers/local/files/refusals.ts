import type { Problem } from '../../../diagnostics/problem.ts';

const LOOK_AT_ORIGIN = 'Take a new backup, and look at how this one came to be: no ordinary tool writes such an entry.';

/** An entry that a restore must not follow: it would lead out of the folder, or write something twice. */
export function unsafePath(path: string, why: string): Problem {
  return {
    code: 'restore/unsafe-path',
    message: `'${printable(path)}' ${why}, so nothing of this backup is used`,
    hint: LOOK_AT_ORIGIN,
    blames: 'backup',
  };
}

/** An archive whose own tables contradict each other. */
export function unsafeArchive(file: string, why: string): Problem {
  return {
    code: 'restore/unsafe-archive',
    message: `'${file}' is refused: ${why}`,
    hint: LOOK_AT_ORIGIN,
    blames: 'backup',
  };
}

/** An archive that is cut off or altered. */
export function damagedArchive(file: string, why: string): Problem {
  return {
    code: 'restore/archive-damaged',
    message: `'${file}' cannot be unpacked: ${why.toLowerCase()}`,
    hint: 'Take a new backup, and look at how this one was stored or copied: the archive is cut off or altered.',
    blames: 'backup',
  };
}

/**
 * An archive that would become larger than any that people make. It proves nothing against the backup, since a file of
 * zeros compresses nearly as well as deflate can.
 */
export function archiveBomb(file: string, why: string): Problem {
  return {
    code: 'restore/archive-bomb',
    message: `'${file}' is not unpacked: ${why}`,
    hint: 'If it is meant to be so, leave what compresses that well out of the backup, or split it.',
    blames: 'environment',
  };
}

/** Something sound that drillbook cannot unpack. */
export function unsupported(file: string, why: string): Problem {
  return {
    code: 'restore/unsupported-archive',
    message: `'${file}' cannot be unpacked: ${why}`,
    hint: 'Take backups as tar, tar.gz or zip without encryption, with names in UTF-8, or as plain folders.',
    blames: 'environment',
  };
}

/** What holds the backup, or a part of it, cannot be read. */
export function sourceUnreadable(path: string, why: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${printable(path)}' cannot be read: ${why}`,
    hint: "Correct 'source' in the runbook, or let the user that runs drillbook read all of it.",
    blames: 'environment',
  };
}

/** The code of a refused system call, e.g. `EACCES`. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}

/** Names come from archives that anyone may have made: nothing in them reaches a terminal as a control character. */
function printable(path: string): string {
  return path.replaceAll(/\p{Cc}/gu, '?');
}
