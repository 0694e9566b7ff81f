import { END_MARKER } from './dump-file.ts';
import { type Engine, type Flavour, versionNumber } from './engine.ts';
import { executes, versionedComment } from './versioned-comment.ts';

/** How the text of a dump ends. Only `complete` is a whole dump. */
export type DumpEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'no-end-marker' }
  | { readonly kind: 'cut'; readonly inside: 'a statement' | 'a string' | 'a comment' }
  /** A backslash outside of strings: a command to the client, such as `\!`, which no dump holds. */
  | { readonly kind: 'client-command' }
  | { readonly kind: 'too-long' };

/** What decides how text is split, and can change from statement to statement. */
export interface SplitRules {
  readonly engine: Engine;
  /** Whether the session has `NO_BACKSLASH_ESCAPES` in its `sql_mode`. */
  readonly noBackslashEscapes: () => boolean;
}

/** A statement, or why there is none: `more` text is needed, or the text holds what cannot be split. */
export type ScanStep = { readonly statement: string } | 'more' | 'client-command';

const code = (character: string): number => character.charCodeAt(0);
const NEWLINE = code('\n');
const BACKSLASH = code('\\');
const BLANK = code(' ');
const BACKTICK = code('`');
const QUOTES: readonly number[] = [code("'"), code('"'), BACKTICK];
/** Bytes at which something other than plain text may begin. */
const SPECIAL = new Uint8Array(256);
for (const byte of [...QUOTES, BACKSLASH, ...['-', '#', '/', '*'].map(code)]) SPECIAL[byte] = 1;
/** Longer than every token that is looked ahead for. */
const LOOKAHEAD = 32;

/** Finds the ends of statements in text that comes in pieces. */
export class StatementScanner {
  readonly #rules: SplitRules;
  readonly #server: { readonly flavour: Flavour; readonly number: number };
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Where the statement under way began; `undefined` between two statements. */
  #begin: number | undefined;
  #quote = 0;
  #isVersioned = false;
  #isComment = false;
  #delimiter = ';';
  #isLast = false;
  #hasMarker = false;

  constructor(rules: SplitRules) {
    this.#rules = rules;
    this.#server = { flavour: rules.engine.flavour, number: versionNumber(rules.engine) };
  }

  /** Bytes in memory. */
  get held(): number {
    return this.#buffer.length;
  }

  push(chunk: Buffer): void {
    const from = this.#begin ?? this.#at;
    this.#buffer = Buffer.concat([this.#buffer.subarray(from), chunk]);
    this.#at -= from;
    if (this.#begin !== undefined) this.#begin = 0;
  }

  /** Says that nothing is to come. */
  finish(): void {
    this.#isLast = true;
  }

  next(): ScanStep {
    for (;;) {
      const step =
        this.#begin === undefined ? this.#between() : this.#quote === 0 ? this.#plain(this.#begin) : this.#quoted();
      if (step !== undefined) return step;
    }
  }

  /** What the text came to when `next` gave no more. */
  end(): DumpEnd {
    if (this.#quote !== 0) return { kind: 'cut', inside: 'a string' };
    if (this.#isComment || this.#isVersioned) return { kind: 'cut', inside: 'a comment' };
    if (this.#begin !== undefined) return { kind: 'cut', inside: 'a statement' };
    return this.#hasMarker ? { kind: 'complete' } : { kind: 'no-end-marker' };
  }

  #between(): 'more' | undefined {
    const buffer = this.#buffer;
    while (this.#at < buffer.length && (buffer[this.#at] ?? 0) <= BLANK) this.#at += 1;
    if (this.#lacksLookahead() || this.#at >= buffer.length) return 'more';
    const text = this.#ahead();
    if (opensLineComment(text)) {
      const line = this.#line();
      if (line !== undefined) this.#hasMarker = END_MARKER.test(line);
      return line === undefined ? 'more' : undefined;
    }
    if (text.startsWith('/*') && !this.#isExecuted(text)) return this.#skipComment() ? undefined : 'more';
    // The client knows this command between statements alone.
    if (/^delimiter[ \t]/i.test(text)) {
      const line = this.#line();
      this.#delimiter = /^\S+\s+(\S+)/.exec(line ?? '')?.[1] ?? this.#delimiter;
      return line === undefined ? 'more' : undefined;
    }
    this.#begin = this.#at;
    this.#hasMarker = false;
    return undefined;
  }

  #plain(begin: number): ScanStep | undefined {
    const buffer = this.#buffer;
    const first = code(this.#delimiter);
    for (; this.#at < buffer.length; this.#at += 1) {
      const byte = buffer[this.#at] ?? 0;
      if (SPECIAL[byte] === 0 && byte !== first) continue;
      if (this.#lacksLookahead()) return 'more';
      const text = this.#ahead();
      if (text.startsWith(this.#delimiter)) return this.#take(begin);
      if (QUOTES.includes(byte)) {
        this.#quote = byte;
        this.#at += 1;
        return undefined;
      }
      if (byte === BACKSLASH) return 'client-command';
      if (opensLineComment(text)) return this.#line() === undefined ? 'more' : undefined;
      if (text.startsWith('/*')) return this.#enterComment(text) ? undefined : 'more';
      if (this.#isVersioned && text.startsWith('*/')) {
        this.#isVersioned = false;
        this.#at += 1;
      }
    }
    return 'more';
  }

  #quoted(): 'more' | undefined {
    const buffer = this.#buffer;
    const hasEscapes = this.#quote !== BACKTICK && !this.#rules.noBackslashEscapes();
    for (; this.#at < buffer.length; this.#at += 1) {
      const byte = buffer[this.#at];
      if (byte === this.#quote) {
        this.#at += 1;
        this.#quote = 0;
        return undefined;
      }
      if (byte !== BACKSLASH || !hasEscapes) continue;
      if (this.#at + 1 >= buffer.length) return 'more';
      this.#at += 1;
    }
    return 'more';
  }

  #take(begin: number): ScanStep {
    const statement = this.#buffer.toString('latin1', begin, this.#at);
    this.#at += this.#delimiter.length;
    this.#begin = undefined;
    this.#isVersioned = false;
    return { statement };
  }

  #ahead(): string {
    return this.#buffer.toString('latin1', this.#at, this.#at + LOOKAHEAD);
  }

  #lacksLookahead(): boolean {
    return !this.#isLast && this.#buffer.length - this.#at < LOOKAHEAD;
  }

  /** The line from here on, which is passed; `undefined` while its end is not there. */
  #line(): string | undefined {
    const found = this.#buffer.indexOf(NEWLINE, this.#at);
    if (found === -1 && !this.#isLast) return undefined;
    const end = found === -1 ? this.#buffer.length : found;
    const line = this.#buffer.toString('latin1', this.#at, end);
    this.#at = Math.min(end + 1, this.#buffer.length);
    return line;
  }

  #isExecuted(text: string): boolean {
    const comment = versionedComment(text);
    return comment !== undefined && executes(comment, this.#server);
  }

  /** Goes into a versioned comment that the server executes, or passes one; false while its end is not there. */
  #enterComment(text: string): boolean {
    if (!this.#isExecuted(text)) return this.#skipComment();
    this.#at += versionedComment(text)?.length ?? 0;
    this.#isVersioned = true;
    return true;
  }

  #skipComment(): boolean {
    const found = this.#buffer.indexOf('*/', this.#at + 2, 'latin1');
    this.#isComment = found === -1;
    if (found !== -1) this.#at = found + 2;
    return found !== -1;
  }
}

function opensLineComment(text: string): boolean {
  return text.startsWith('#') || /^--(?:\s|$)/.test(text);
}
