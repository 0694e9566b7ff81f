import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The files of one restore's folder: what its worker reads, writes and marks as done. */
export interface FolderLayout {
  readonly folder: string;
  readonly request: string;
  readonly worker: string;
  readonly state: string;
  readonly server: string;
  readonly credentials: string;
  /** The restored data folder, and where its tablespaces lie. */
  readonly data: string;
  readonly tablespaces: string;
  /** Our own configuration, outside what was restored. */
  readonly settings: string;
  /** Folder of the unix socket, 0700. */
  readonly socket: string;
  readonly log: string;
  /** What the sandbox may use as its own scratch. */
  readonly scratch: string;
  /** The mark of a finished phase. */
  mark(phase: string): string;
}

/** Where everything of a restore lies in its folder (absolute). */
export function layoutOf(folder: string): FolderLayout {
  const at = (name: string): string => join(folder, name);
  return {
    folder,
    request: at('request.json'),
    worker: at('worker.json'),
    state: at('state.json'),
    server: at('server.json'),
    credentials: at('credentials.json'),
    data: at('data'),
    tablespaces: at('tablespaces'),
    settings: at('settings'),
    socket: at('socket'),
    log: at('server.log'),
    scratch: at('scratch'),
    mark: (phase) => at(`done-${phase}.json`),
  };
}

/** Removes what was restored so far, and nothing that tells how. */
export async function discardRestored({ data, tablespaces }: FolderLayout): Promise<void> {
  for (const folder of [data, tablespaces]) await rm(folder, { recursive: true, force: true });
}
