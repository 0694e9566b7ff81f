import { statfs } from 'node:fs/promises';
import type { Problem } from '../../../diagnostics/problem.ts';

/** What a server needs beside what is restored: logs, temporary files. */
const RESERVE = 64 * 1024 * 1024;
export const NOT_ENOUGH_SPACE = 'restore/not-enough-space';

/** Why a restore would not fit; `undefined` when it does. */
export async function spaceProblem(folder: string, needed: number): Promise<Problem | undefined> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  return needed + RESERVE <= free
    ? undefined
    : notEnoughSpace(`it needs ${mib(needed + RESERVE)}, and ${mib(free)} are free`);
}

/** The disk is, or would be, full. */
export function notEnoughSpace(why: string): Problem {
  return {
    code: NOT_ENOUGH_SPACE,
    message: `the sandbox's disk is too small for this restore: ${why}`,
    hint: "Free some space, or let 'sandbox.folder' lie on a larger disk.",
    blames: 'environment',
  };
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}
