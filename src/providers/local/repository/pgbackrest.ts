import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { LocalRestore, PgBackRestRepository } from '../../../runbook/restore-spec.ts';
import { notEnoughSpace } from '../worker/free-space.ts';
import type { OpenRepository } from './open-repository.ts';
import { damaged, noSecret, pointGone, repositoryUnreadable, toolFailed, wrongSecret } from './repository-problems.ts';
import { type ToolEnd, runTool } from './run-tool.ts';

/** What `pgbackrest info --output=json` says of a backup, as far as it is used. */
export interface PgBackRestBackup {
  readonly label: string;
  readonly type: string;
  readonly database: { readonly id: number };
  /** Names of the first and the last WAL segment that it needs. */
  readonly archive: { readonly start: string | null; readonly stop: string | null };
  readonly lsn?: { readonly start: string | null; readonly stop: string | null };
  /** Seconds since 1970. */
  readonly timestamp: { readonly start: number; readonly stop: number };
  readonly info: { readonly size: number; readonly repository?: { readonly size?: number } };
  /** Whether it met pages whose checksum was wrong. */
  readonly error?: boolean | null;
  readonly annotation?: Readonly<Record<string, string>>;
}

/** What it says of a stanza. */
export interface Stanza {
  readonly status: { readonly code: number; readonly message: string };
  readonly repo?: readonly { readonly status: { readonly code: number; readonly message: string } }[];
  readonly db: readonly { readonly id: number; readonly version: string }[];
  readonly archive: readonly { readonly id: string; readonly database: { readonly id: number } }[];
  readonly backup: readonly PgBackRestBackup[];
}

/** The part of a spec that says how pgBackRest is asked. */
export function pgBackRestOf({ repository, name }: LocalRestore): PgBackRestRepository {
  if (repository?.tool !== 'pgbackrest') throw new Error(`the source of '${name}' is no repository of pgBackRest`);
  return repository;
}

/**
 * Runs pgBackRest on a repository: without any configuration of this machine, without a log file, and with nothing that
 * writes into the repository.
 *
 * @param args the command, then its own options and arguments
 */
export async function runPgBackRest(
  { tool, source, secret, signal }: OpenRepository,
  { stanza }: PgBackRestRepository,
  args: readonly string[],
): Promise<ToolEnd> {
  const [command = '', ...rest] = args;
  const common = ['--no-config', `--stanza=${stanza}`, `--repo1-path=${source}`];
  const quiet = ['--log-level-file=off', '--log-level-console=off', '--log-level-stderr=error', '--no-log-timestamp'];
  const cipher = secret === undefined ? [] : ['--repo1-cipher-type=aes-256-cbc'];
  return runTool({
    command: [tool.file, command, ...common, ...quiet, ...cipher, ...rest],
    env: {
      PATH: tool.path,
      LC_ALL: 'C',
      TZ: 'UTC',
      ...(secret !== undefined && { PGBACKREST_REPO1_CIPHER_PASS: secret }),
    },
    secret,
    signal,
  });
}

/** Status codes of `info`: nothing is wrong, and there are no backups yet. */
const READABLE: readonly number[] = [0, 2];
/** A path or the data of the stanza is missing. */
const NO_STANZA: readonly number[] = [1, 3];

/**
 * What the repository says of the stanza.
 *
 * @throws ProblemError when it cannot be read, or has no such stanza
 */
export async function readStanza(repository: OpenRepository, wanted: PgBackRestRepository): Promise<Stanza> {
  const end = await runPgBackRest(repository, wanted, ['info', '--output=json']);
  const [stanza] = end.code === 0 ? parseInfo(end.stdout) : [];
  const what = `stanza '${wanted.stanza}'`;
  const { source } = repository;
  if (stanza && READABLE.includes(stanza.status.code)) return stanza;
  if (stanza && NO_STANZA.includes(stanza.status.code)) {
    throw new ProblemError(repositoryUnreadable(source, `it has no ${what} (${stanza.status.message})`));
  }
  const told = stanza?.repo?.map(({ status }) => status.message).join('\n') ?? end.stderr;
  throw new ProblemError(stanzaProblem(repository, { told, what }));
}

/** Why the record of a stanza cannot be read. Its first line alone is shown: further ones may quote what was read. */
function stanzaProblem(
  { source, secret }: OpenRepository,
  { told, what }: { readonly told: string; readonly what: string },
): Problem {
  const [line = ''] = told.split('\n');
  if (line.includes('FileOpenError') && /denied/.test(told)) return repositoryUnreadable(source, 'EACCES');
  if (line.includes('ChecksumError')) return damaged(what, source, line);
  if (!/FormatError|CryptoError/.test(line)) return toolFailed('pgBackRest', { code: 1, stderr: line }, what);
  // OpenSSL's mark of what is encrypted; under another passphrase anything comes out.
  if (secret !== undefined) return wrongSecret(source, 'passphrase');
  return told.includes('Salted__') ? noSecret(source) : damaged(what, source, line);
}

/**
 * pgBackRest puts what it could not understand into its messages as it is, which JSON does not allow: without the right
 * passphrase, anything (measured on 2.45). Gives no stanza where it cannot be read even so.
 */
function parseInfo(text: string): readonly Stanza[] {
  try {
    return JSON.parse(printable(text)) as Stanza[];
  } catch {
    return [];
  }
}

function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\uFFFD]/gu, ' ');
}

/** Exit codes are those of src/build/error/error.yaml in pgBackRest's source; these are of what it read. */
const PROOF = new Set([26, 28, 29, 95]);
const FILE_MISSING = 55;
const UNREADABLE = new Set([41, 42, 53]);
const BACKUP_SET_INVALID = 75;

/**
 * Why pgBackRest failed to give a backup or a part of the archive, after it has listed the stanza. Only what proves the
 * repository bad blames the backup.
 *
 * @param isStillListed asked where a file is missing: backups that expire meanwhile prove nothing
 */
export async function pgBackRestProblem(
  { source }: OpenRepository,
  { end, what }: { readonly end: ToolEnd; readonly what: string },
  isStillListed: () => Promise<boolean>,
): Promise<Problem> {
  const { code, stderr } = end;
  const evidence = /ERROR: .*/.exec(stderr)?.[0] ?? '';
  if (/no space left on device|disk quota exceeded/i.test(stderr)) {
    return notEnoughSpace('it was full while the backup was fetched');
  }
  if (code === null) return toolFailed('pgBackRest', end, what);
  if (PROOF.has(code)) return damaged(what, source, evidence);
  if (code === BACKUP_SET_INVALID) return pointGone(what, source);
  if (code === FILE_MISSING) return (await isStillListed()) ? damaged(what, source, evidence) : pointGone(what, source);
  if (UNREADABLE.has(code) && /denied/.test(stderr)) return repositoryUnreadable(source, 'EACCES');
  return toolFailed('pgBackRest', end, what);
}
