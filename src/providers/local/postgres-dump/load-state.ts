import type { LoadSessions } from './load-sessions.ts';
import type { ScriptReader } from './script-reader.ts';
import type { StatementsBeside } from './statements-beside.ts';

/** Where and how a script is loaded. */
export interface LoadTarget {
  readonly socketFolder: string;
  /** Where what names no database goes. */
  readonly database: string;
  readonly isSameMajor: boolean;
  /** How much is done at once. */
  readonly jobs: number;
  /** What loads rows that the script leaves out. */
  readonly beside?: RowsBeside;
  readonly signal: AbortSignal;
}

/** Rows that are loaded while a script is: told of each entry of an archive as the script comes to it. */
export interface RowsBeside {
  /** Returns when the script may go on with the entry. */
  atEntry(isRows: boolean, database: string): Promise<void>;
}

/** The load under way. */
export interface Load {
  readonly target: LoadTarget;
  readonly reader: ScriptReader;
  sessions: LoadSessions;
  /** What the server does while the script goes on; in the database of `sessions`. */
  besides: StatementsBeside | undefined;
  number: number;
  /** Made for this load, or connected to. */
  readonly databases: Set<string>;
  /** Settings of the session since it began, to be made again in the one that follows. */
  settings: Buffer[];
  encoding: string;
  /** Whether the script has said which database it means. */
  isPlaced: boolean;
  /** Whether the loader is in a transaction that the script began. */
  isInTransaction: boolean;
  /** Whether it does so as another role. */
  isActing: boolean;
  restrictedBy: string | undefined;
  isCluster: boolean;
  isComplete: boolean;
  readonly madeRoles: Set<string>;
  readonly special: Set<string>;
  readonly asSuperuser: Set<string>;
}
