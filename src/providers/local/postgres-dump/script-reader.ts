import { type Lexer, advance, createLexer } from './script-lexer.ts';

/** One part of an SQL script. `at` is where it begins, in bytes of the script. */
export type ScriptItem =
  | { readonly kind: 'statement'; readonly at: number; readonly text: Buffer; readonly words: readonly string[] }
  /** A line that begins with a backslash; `isFirst` when it stands between statements. */
  | { readonly kind: 'meta-command'; readonly at: number; readonly line: string; readonly isFirst: boolean }
  /** A line comment between statements. */
  | { readonly kind: 'comment'; readonly at: number; readonly text: string }
  | { readonly kind: 'too-large'; readonly at: number }
  /** `isWhole` when no statement was left open. */
  | { readonly kind: 'end'; readonly at: number; readonly isWhole: boolean };

/** Reads a script part by part, in memory that its longest statement bounds. */
export interface ScriptReader {
  next(): Promise<ScriptItem>;
  /**
   * Hands on the data that follow a `COPY … FROM stdin` up to the line `\.`, and waits for each part to be taken; its
   * memory is used again after that.
   * `cut` when the script ends in them; `not-data` when more than a newline follows the statement.
   */
  copyData(take: (bytes: Buffer) => Promise<void>): Promise<'whole' | 'cut' | 'not-data'>;
  /** The server's `standard_conforming_strings` from here on. */
  setStandardStrings(isStandard: boolean): void;
}

/**
 * What is read before it is looked at, in bytes, and handed on at once. pg_restore writes some 10 KB at a time, and so
 * small messages cost as much again as the rows in them.
 */
const ROOM = 256 * 1024;
/** The server itself takes up to 1 GiB in one statement; far less keeps the restore within its memory. */
const LARGEST_STATEMENT = 64 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);
const NEWLINE = 10;
const RETURN = 13;
const END_OF_COPY = Buffer.from('\\.');
const NEXT_END_OF_COPY = Buffer.from('\n\\.');
/** A backslash, a dot, and the newline after them, of two bytes at most. */
const COPY_TAIL = 4;

/** What is at hand of a script. Bytes before `start` are done with; those before `looked` are known to hold no end. */
interface Window {
  readonly source: AsyncIterator<Buffer>;
  readonly lexer: Lexer;
  readonly room: number;
  /** What the source gave, and had no room. */
  ahead: Buffer;
  /** Where all is read into again and again, so that what is read leaves no garbage; `bytes` are its beginning. */
  memory: Buffer;
  bytes: Buffer;
  start: number;
  looked: number;
  /** Where `bytes` begins in the script. */
  offset: number;
  isLast: boolean;
}

/**
 * Reads a script from its beginning. Whatever the source throws is thrown on. A part of the source is copied before the
 * next is asked for, so it may use its memory again.
 *
 * @param room in bytes; more is taken for a longer statement alone
 */
export function readScript(source: AsyncIterable<Buffer>, room = ROOM): ScriptReader {
  const window: Window = {
    source: source[Symbol.asyncIterator](),
    lexer: createLexer(),
    room,
    ahead: NOTHING,
    memory: NOTHING,
    bytes: NOTHING,
    start: 0,
    looked: 0,
    offset: 0,
    isLast: false,
  };
  return {
    next: async () => nextItem(window),
    copyData: async (take) => copyData(window, take),
    setStandardStrings(isStandard) {
      window.lexer.standardStrings = isStandard;
    },
  };
}

async function nextItem(window: Window): Promise<ScriptItem> {
  for (;;) {
    const stop = advance(window.lexer, window.bytes, window.looked, window.isLast);
    window.looked = stop.at;
    switch (stop.kind) {
      case 'statement': {
        const [at, text] = takeUntil(window, stop.at);
        return { kind: 'statement', at, text: Buffer.from(text), words: stop.words };
      }
      case 'comment': {
        takeUntil(window, stop.at - stop.length);
        const [at, text] = takeUntil(window, stop.at);
        return { kind: 'comment', at, text: text.toString('latin1').trimEnd() };
      }
      case 'backslash': {
        const end = await endOfLine(window, stop.at);
        if (stop.isFirst) takeUntil(window, stop.at);
        const [at, line] = takeUntil(window, end);
        return { kind: 'meta-command', at, line: line.toString('utf8').trim(), isFirst: stop.isFirst };
      }
      case 'more':
        if (window.isLast) return { kind: 'end', at: window.offset + window.looked, isWhole: isEmpty(window) };
        if (window.bytes.length - window.start > LARGEST_STATEMENT)
          return { kind: 'too-large', at: window.offset + window.start };
        await fill(window);
    }
  }
}

async function copyData(window: Window, take: (bytes: Buffer) => Promise<void>): Promise<'whole' | 'cut' | 'not-data'> {
  const lineEnd = await endOfLine(window, window.start);
  const [, rest] = takeUntil(window, Math.min(lineEnd + 1, window.bytes.length));
  if (rest.toString('latin1').trim() !== '') return 'not-data';
  let isLineStart = true;
  for (;;) {
    const { bytes, start } = window;
    if (bytes.length - start < COPY_TAIL && !window.isLast) {
      await fill(window);
      continue;
    }
    const mark = findMark(bytes, start, isLineStart);
    isLineStart = false;
    if (mark === -1) {
      await hand(window, window.isLast ? bytes.length : bytes.length - COPY_TAIL + 1, take);
      if (window.isLast) return 'cut';
      await fill(window);
      continue;
    }
    await hand(window, mark, take);
    if (mark + COPY_TAIL > bytes.length && !window.isLast) {
      isLineStart = true;
      await fill(window);
      continue;
    }
    const newline = lengthOfNewline(bytes, mark + END_OF_COPY.length);
    if (newline !== undefined) {
      takeUntil(window, mark + END_OF_COPY.length + newline);
      return 'whole';
    }
    await hand(window, mark + END_OF_COPY.length, take);
  }
}

/** Where the next line begins with backslash and dot; -1 where none does. */
function findMark(bytes: Buffer, from: number, isLineStart: boolean): number {
  if (isLineStart && bytes.subarray(from, from + END_OF_COPY.length).equals(END_OF_COPY)) return from;
  const newline = bytes.indexOf(NEXT_END_OF_COPY, from);
  return newline === -1 ? -1 : newline + 1;
}

async function hand(window: Window, end: number, take: (bytes: Buffer) => Promise<void>): Promise<void> {
  const [, bytes] = takeUntil(window, end);
  if (bytes.length > 0) await take(bytes);
}

/** 0 at the end of the script; `undefined` where the line goes on. */
function lengthOfNewline(bytes: Buffer, at: number): number | undefined {
  if (at >= bytes.length) return 0;
  if (bytes[at] === NEWLINE) return 1;
  return bytes[at] === RETURN && bytes[at + 1] === NEWLINE ? 2 : undefined;
}

/** Where the line ends that `from` is in, its newline excluded. */
async function endOfLine(window: Window, from: number): Promise<number> {
  // Filling the window moves what is in it.
  for (let distance = from - window.start; ;) {
    const newline = window.bytes.indexOf(NEWLINE, window.start + distance);
    if (newline !== -1) return newline;
    distance = window.bytes.length - window.start;
    if (window.isLast || distance > LARGEST_STATEMENT) return window.bytes.length;
    await fill(window);
  }
}

/** Leaves everything before `end` behind, and gives it with its place in the script. */
function takeUntil(window: Window, end: number): readonly [at: number, bytes: Buffer] {
  const from = window.start;
  window.start = Math.max(end, from);
  window.looked = Math.max(window.looked, window.start);
  return [window.offset + from, window.bytes.subarray(from, window.start)];
}

function isEmpty({ lexer, bytes, start }: Window): boolean {
  const { inside, statement } = lexer;
  return !statement.hasBegun && inside.kind === 'nothing' && bytes.subarray(start).toString('latin1').trim() === '';
}

/** Reads on until there is no more room, with what was kept at its beginning. */
async function fill(window: Window): Promise<void> {
  const kept = window.bytes.subarray(window.start);
  const size = Math.max(window.room, 2 * kept.length);
  const memory = size === window.memory.length ? window.memory : Buffer.allocUnsafeSlow(size);
  kept.copy(memory);
  let end = kept.length;
  while (end < size && !window.isLast) {
    const taken = window.ahead.copy(memory, end);
    window.ahead = window.ahead.subarray(taken);
    end += taken;
    if (end < size) await readAhead(window);
  }
  window.looked -= window.start;
  window.offset += window.start;
  window.start = 0;
  window.memory = memory;
  window.bytes = memory.subarray(0, end);
}

async function readAhead(window: Window): Promise<void> {
  const next = await window.source.next();
  if (next.done === true) window.isLast = true;
  else window.ahead = next.value;
}
