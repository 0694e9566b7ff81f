/** What the first lines of a plain dump say. */
export interface ScriptHeader {
  /** Of a whole cluster, as pg_dumpall writes it. */
  readonly isCluster: boolean;
  /** e.g. `15.18`; absent where the first lines do not tell. */
  readonly serverVersion?: string;
  /** Its start, with the name of a zone; only pg_dump --verbose writes it. */
  readonly startedOn?: string;
}

/** How much of a script is looked at: in the dump of a cluster, roles come before the first database and its version. */
export const SCRIPT_HEADER_BYTES = 64 * 1024;

const FIRST_LINE = /^-- PostgreSQL database (cluster )?dump\s*$/m;
const END = /^-- PostgreSQL database (cluster )?dump complete\s*$/gm;

/** Reads the first lines; `undefined` when they are not those of a dump. */
export function parseScriptHeader(text: string): ScriptHeader | undefined {
  // Only comments, blank lines and what comes with them may stand before it: other scripts may well quote it.
  const first = FIRST_LINE.exec(text.slice(0, 2_048));
  if (!first || /^[^-\s\\]/m.test(text.slice(0, first.index))) return undefined;
  const serverVersion = /^-- Dumped from database version (\S+)/m.exec(text)?.[1];
  const startedOn = /^-- Started on (.+?)\s*$/m.exec(text.slice(0, 4_096))?.[1];
  return {
    isCluster: first[1] !== undefined,
    ...(serverVersion === undefined ? {} : { serverVersion }),
    ...(startedOn === undefined ? {} : { startedOn }),
  };
}

/** Whether the last lines of a script are those of a whole dump. */
export function endsWhole(tail: string, { isCluster }: ScriptHeader): boolean {
  const last = [...tail.matchAll(END)].at(-1);
  if (last === undefined || (isCluster && last[1] === undefined)) return false;
  const after = tail.slice(last.index + last[0].length);
  return after.split('\n').every((line) => /^\s*(--.*|\\unrestrict \w+\s*)?$/.test(line));
}
