import type { Place } from './dump-problems.ts';
import type { LoadSessions } from './load-sessions.ts';
import type { ScriptReader } from './script-reader.ts';
import type { StatementDuty } from './statement-duty.ts';

/** Where and how a script is loaded. */
export interface LoadTarget {
  readonly socketFolder: string;
  /** Where what names no database goes. */
  readonly database: string;
  readonly isSameMajor: boolean;
  readonly signal: AbortSignal;
}

/** The load under way. */
export interface Load {
  readonly target: LoadTarget;
  readonly reader: ScriptReader;
  sessions: LoadSessions;
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
  restrictedBy: string | undefined;
  isCluster: boolean;
  isComplete: boolean;
  readonly madeRoles: Set<string>;
  readonly special: Set<string>;
  readonly asSuperuser: Set<string>;
}

/** A statement of the script, and what to do with it. */
export interface Statement extends Place {
  readonly text: Buffer;
  readonly duty: StatementDuty;
}
