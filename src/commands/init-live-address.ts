import { resolve } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import type { LiveServer } from '../init/found.ts';

/** The living source that was named. A path is absolute. */
export type LiveAddress =
  | { readonly kind: 'postgres' | 'mysql'; readonly server: LiveServer }
  | { readonly kind: 'path'; readonly path: string };

const SCHEMES = {
  postgres: { kind: 'postgres', port: 5432, passwordEnv: 'PGPASSWORD' },
  postgresql: { kind: 'postgres', port: 5432, passwordEnv: 'PGPASSWORD' },
  mysql: { kind: 'mysql', port: 3306, passwordEnv: 'MYSQL_PWD' },
  mariadb: { kind: 'mysql', port: 3306, passwordEnv: 'MYSQL_PWD' },
} as const;

const VARIABLE = /^[A-Za-z_]\w*$/;
const FORM =
  'Write it as postgres://user@host:port/database or mysql://user@host:port/database, with ?passwordEnv=NAME where the password is in another variable than PGPASSWORD or MYSQL_PWD, and with ?host=/folder for a socket; or a path.';

/** Reads what `--live` names. What is refused is never shown: it may hold a password. */
export function liveAddress(
  written: string,
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): LiveAddress | Problem {
  const scheme = /^([a-z]+):\/\//i.exec(written)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: 'path', path: resolve(cwd, written) };
  if (!Object.hasOwn(SCHEMES, scheme)) return refused('is of a kind that is not known');
  const { kind, port, passwordEnv } = SCHEMES[scheme as keyof typeof SCHEMES];
  const url = parsed(written);
  if (url === undefined) return refused('is no URL');
  if (url.password !== '' || url.searchParams.has('password')) {
    return {
      ...refused('holds a password, which shells and lists of processes show to others'),
      hint: `Change the password, since it has been shown, and leave it out of the URL: it is read from ${passwordEnv}, or from the variable that ?passwordEnv=NAME names.`,
    };
  }
  const named = url.searchParams.get('passwordEnv');
  const database = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  const others = [...url.searchParams.keys()].filter((key) => key !== 'passwordEnv' && key !== 'host');
  if (others.length > 0) return refused(`has parameters that are not known`);
  if (named !== null && !VARIABLE.test(named)) return refused("names no environment variable in 'passwordEnv'");
  if (database === '' || database === undefined) return refused('names no database');
  if (user === '' || user === undefined) return refused('names no user');
  const inEnvironment = (env[passwordEnv] ?? '') === '' ? undefined : passwordEnv;
  const variable = named ?? inEnvironment;
  const host = url.searchParams.get('host') ?? url.hostname.replace(/^\[(.*)\]$/, '$1');
  const server = {
    host: host === '' ? 'localhost' : host,
    port: url.port === '' ? port : Number(url.port),
    database,
    user,
  };
  return { kind, server: { ...server, ...(variable !== undefined && { passwordEnv: variable }) } };
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function refused(why: string): Problem {
  return { code: 'init/bad-live', message: `what '--live' names ${why}`, hint: FORM, blames: 'environment' };
}
