import type { Duplex } from 'node:stream';
import type { Client, Connection, Submittable } from 'pg';

/** A connection that takes statements as the bytes they are, in whatever encoding, and COPY data beside them. */
export interface RawSession {
  /**
   * Has the server do one or more statements.
   *
   * @returns `done`, or where to put the data that the server waits for
   * @throws StatementError when the server refuses; whatever breaks the connection otherwise
   */
  run(text: Buffer): Promise<'done' | CopyIn>;
}

/** Data of a COPY. What the server refuses of them, it may refuse at any of these calls, with a StatementError. */
export interface CopyIn {
  /** Resolves when the bytes are on their way, and their memory is free again. */
  write(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

/** The server refused. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
  readonly sqlState: string;
  /** Names the message's objects, and may hold values of rows: never to be shown. */
  readonly serverMessage: string;
  /** The row of a COPY that was refused, counted from 1. */
  readonly row: number | undefined;

  constructor(error: { code?: string; message?: string; where?: string }) {
    super('the server refused a statement');
    this.sqlState = error.code ?? '';
    this.serverMessage = error.message ?? '';
    const row = /^COPY .*?, line (\d+)/m.exec(error.where ?? '')?.[1];
    this.row = row === undefined ? undefined : Number(row);
  }
}

/** What node-postgres calls on a query under way (its own Query, and pg-copy-streams, do the same). */
interface QueryHandlers extends Submittable {
  handleError(error: Error): void;
  handleReadyForQuery(): void;
  handleCommandComplete(): void;
  handleEmptyQuery(): void;
  handleRowDescription(): void;
  handleDataRow(): void;
  handleCopyInResponse(): void;
  handleCopyData(): void;
}

/** Message types of the protocol ("Message Formats" in PostgreSQL's documentation). */
const QUERY = 'Q';
const COPY_DATA = 'd';
const COPY_DONE = 'c';
const ZERO = Buffer.alloc(1);

/** Speaks on a client that nobody else uses meanwhile. */
export function rawSession(client: Client): RawSession {
  return {
    async run(text) {
      const { handlers, outcome, ended } = queryOf(text);
      client.query(handlers);
      const isCopy = (await outcome) === 'copy';
      return isCopy
        ? copyInto((client as Client & { connection: { stream: Duplex } }).connection.stream, ended)
        : 'done';
    },
  };
}

function queryOf(text: Buffer): {
  handlers: QueryHandlers;
  outcome: Promise<'done' | 'copy'>;
  ended: Promise<unknown>;
} {
  const outcome = promised<'done' | 'copy'>();
  const ended = promised<'done'>();
  // Whoever waits for the one may never look at the other.
  for (const { promise } of [outcome, ended]) promise.catch(() => {});
  const ignore = (): void => {};
  const handlers: QueryHandlers = {
    submit(connection: Connection) {
      send((connection as Connection & { stream: Duplex }).stream, QUERY, [text, ZERO]);
    },
    handleError(error) {
      const isServers = typeof (error as { code?: unknown }).code === 'string' && 'severity' in error;
      const known = isServers ? new StatementError(error) : error;
      outcome.reject(known);
      ended.reject(known);
    },
    handleReadyForQuery() {
      outcome.resolve('done');
      ended.resolve('done');
    },
    handleCommandComplete: ignore,
    handleCopyInResponse: () => outcome.resolve('copy'),
    handleEmptyQuery: ignore,
    handleRowDescription: ignore,
    handleDataRow: ignore,
    handleCopyData: ignore,
  };
  return { handlers, outcome: outcome.promise, ended: ended.promise };
}

interface Promised<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function promised<T>(): Promised<T> {
  let settle: Omit<Promised<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, resolve: (value) => settle?.resolve(value), reject: (error) => settle?.reject(error) };
}

function copyInto(stream: Duplex, ended: Promise<unknown>): CopyIn {
  let refused: unknown;
  ended.catch((error: unknown) => {
    refused = error;
  });
  return {
    async write(bytes) {
      if (refused !== undefined) throw refused;
      // A server that refuses a row reads on, and one that is gone breaks the stream: this ends in any case.
      await new Promise<unknown>((sent) => send(stream, COPY_DATA, [bytes], sent));
      if (refused !== undefined) throw refused;
    },
    async end() {
      send(stream, COPY_DONE, []);
      await ended;
    },
  };
}

/** @param sent called when all of it is with the system, or cannot come there */
function send(stream: Duplex, type: string, parts: readonly Buffer[], sent?: (error: unknown) => void): void {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(4 + parts.reduce((sum, { length }) => sum + length, 0), 1);
  stream.cork();
  stream.write(head, parts.length === 0 ? sent : undefined);
  for (const [index, part] of parts.entries()) stream.write(part, index === parts.length - 1 ? sent : undefined);
  stream.uncork();
}
