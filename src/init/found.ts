import type { RecoveryPoint } from '../catalog/recovery-point.ts';
import type { LocalRestore } from '../runbook/restore-spec.ts';
import type { LiveFacts } from './live-facts.ts';

/** What of a recovery point a first runbook is made from. */
export type FoundPoint = Pick<RecoveryPoint, 'id' | 'capturedAt' | 'bytes'>;

/** A source of backups that was found, as a resource of a runbook. Holds no secret and no row. */
export interface FoundResource {
  /** Safe as the name of a resource, and no other's. */
  readonly name: string;
  readonly kind: LocalRestore['kind'];
  /** As the runbook writes it. */
  readonly source: string;
  /** By captured time; none of a repository, which only its tool can read. */
  readonly points: readonly FoundPoint[];
  /** Databases that the backups name, those of every server left out; empty where they name none. */
  readonly databases: readonly string[];
  /** Folder of the WAL archive, as the runbook writes it, where it is not the one that is looked for anyway. */
  readonly wal?: string;
  /** Whether there is a WAL archive at all. */
  readonly hasWal: boolean;
  readonly repository?: FoundRepository;
  /** Files in the newest point, where that is a folder. */
  readonly files?: number;
  /** The newest point as stored, where it is known. */
  readonly bytes?: number;
  /** What the living source told. */
  readonly live?: FoundLive;
}

/** The repository of a backup tool, and the file where the runbook says that its password lies, if it has one. */
export type FoundRepository =
  | { readonly tool: 'restic'; readonly passwordFile: string }
  | { readonly tool: 'pgbackrest'; readonly stanza: string; readonly passwordFile?: string };

/** The living source: how the runbook names it, and what it told, if it was asked. */
export interface FoundLive {
  readonly at: LiveServer | { readonly path: string };
  readonly facts?: LiveFacts;
}

/** A living server; the password is in an environment variable, if there is one. */
export interface LiveServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly passwordEnv?: string;
}
