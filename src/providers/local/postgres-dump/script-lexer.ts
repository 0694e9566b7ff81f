/*
 * Where a statement of an SQL script ends, as psql finds it (src/fe_utils/psqlscan.l of PostgreSQL): quotes, nested
 * comments, parentheses, and the bodies of SQL-standard functions, which hold semicolons of their own.
 *
 * Works on bytes: in every encoding that a PostgreSQL server itself may have, bytes below 128 are ASCII characters.
 */

/** What a look at a script came to. */
export type LexerStop =
  /** All bytes were looked at up to `at`; more are needed. */
  | { readonly kind: 'more'; readonly at: number }
  /** A statement ends before `at`, its semicolon included. */
  | { readonly kind: 'statement'; readonly at: number; readonly words: readonly string[] }
  /** A backslash outside of quotes; `isFirst` when no statement has begun. */
  | { readonly kind: 'backslash'; readonly at: number; readonly isFirst: boolean }
  /** A line comment that began while no statement had begun ends before `at`; it is `length` bytes long. */
  | { readonly kind: 'comment'; readonly at: number; readonly length: number };

/** Where the lexer is. Belongs to the functions of this file. */
export interface Lexer {
  inside: Inside;
  statement: Statement;
  /** Whether backslashes in plain strings mean themselves (`standard_conforming_strings`); anyone may set it. */
  standardStrings: boolean;
}

type Inside =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'quote'; readonly quote: number; readonly escapes: boolean }
  | { readonly kind: 'after-escape-string'; readonly hasNewline: boolean }
  | { readonly kind: 'dollar'; readonly tag: Buffer }
  | { readonly kind: 'line-comment'; readonly looked: number }
  | { readonly kind: 'block-comment'; readonly depth: number };

/** What a statement has come to so far. */
interface Statement {
  hasBegun: boolean;
  parens: number;
  begins: number;
  identifiers: number;
  /** First letters of the first words, while they can still be those of a function's definition. */
  opening: string;
  readonly words: string[];
}

const CODE = {
  newline: 10,
  doubleQuote: 34,
  dollar: 36,
  quote: 39,
  open: 40,
  close: 41,
  star: 42,
  minus: 45,
  slash: 47,
  semicolon: 59,
  backslash: 92,
};
const NOTHING: Inside = { kind: 'nothing' };
const ESCAPE_STRING: Inside = { kind: 'quote', quote: CODE.quote, escapes: true };
/** Enough to tell what a statement does. */
const MOST_WORDS = 24;
const LONGEST_WORD = 64;
/** NAMEDATALEN is 64 as built by everyone, and a tag is an identifier; what is much longer is no tag. */
const LONGEST_TAG = 1024;
/** CREATE [OR REPLACE] FUNCTION or PROCEDURE, by first letters. */
const DEFINITION = /^c(or)?[fp]/;

/** Whether a byte may begin an identifier, and whether it may go on with one. */
const STARTS = tableOf(/[A-Za-z_]/);
const CONTINUES = tableOf(/[A-Za-z_0-9$]/);

/** At the start of a script. */
export function createLexer(): Lexer {
  return { inside: NOTHING, statement: newStatement(), standardStrings: true };
}

/**
 * Goes on from `from` until something ends, or the bytes do. Where it stopped is where the next call goes on, with the
 * same bytes and more.
 *
 * @param isLast whether no bytes come after these
 */
export function advance(lexer: Lexer, bytes: Buffer, from: number, isLast: boolean): LexerStop {
  let at = from;
  for (;;) {
    const { kind } = lexer.inside;
    if (kind !== 'nothing') {
      const comment = kind === 'line-comment' ? stepLineComment(lexer, bytes, at, isLast) : undefined;
      if (comment) return comment;
      if (kind !== 'line-comment') at = stepInside(lexer, bytes, at, isLast);
      else at = endOfLine(bytes, at);
      if (lexer.inside.kind === kind) return { kind: 'more', at };
    }
    if (lexer.inside.kind !== 'nothing') continue;
    while (at < bytes.length && isSpace(bytes[at] ?? 0)) at += 1;
    if (at >= bytes.length) return { kind: 'more', at };
    const stop = stepOutside(lexer, bytes, at, isLast);
    if (typeof stop !== 'number') return stop;
    at = stop;
  }
}

/** A token outside of quotes and comments: where it ends, or why to stop. */
function stepOutside(lexer: Lexer, bytes: Buffer, at: number, isLast: boolean): number | LexerStop {
  const { statement } = lexer;
  const code = bytes[at] ?? 0;
  const end = endOfToken(bytes, at);
  // Two bytes tell a comment, and what follows an identifier may make a string of it.
  const needed = STARTS[code] === 1 ? end + 1 : Math.max(end, at + 2);
  if (needed > bytes.length && !isLast) return { kind: 'more', at };
  const next = bytes[at + 1];
  if (code === CODE.minus && next === CODE.minus) {
    lexer.inside = { kind: 'line-comment', looked: 0 };
    return at;
  }
  if (code === CODE.slash && next === CODE.star) {
    lexer.inside = { kind: 'block-comment', depth: 1 };
    return at + 2;
  }
  if (code === CODE.backslash) return { kind: 'backslash', at, isFirst: !statement.hasBegun };
  if (code === CODE.semicolon && statement.parens === 0 && statement.begins === 0) {
    lexer.statement = newStatement();
    return { kind: 'statement', at: at + 1, words: statement.words };
  }
  statement.hasBegun = true;
  return stepToken(lexer, bytes, at, end);
}

function stepToken(lexer: Lexer, bytes: Buffer, at: number, end: number): number {
  const { statement } = lexer;
  const code = bytes[at] ?? 0;
  if (STARTS[code] === 1) return stepIdentifier(lexer, bytes, at, end);
  if (code === CODE.quote || code === CODE.doubleQuote) {
    lexer.inside = { kind: 'quote', quote: code, escapes: code === CODE.quote && !lexer.standardStrings };
    noteWord(statement, String.fromCharCode(code));
  } else if (code === CODE.dollar && end > at + 1) {
    lexer.inside = { kind: 'dollar', tag: Buffer.from(bytes.subarray(at, end)) };
    noteWord(statement, "'");
  } else if (code === CODE.open) statement.parens += 1;
  else if (code === CODE.close && statement.parens > 0) statement.parens -= 1;
  return end;
}

function stepIdentifier(lexer: Lexer, bytes: Buffer, from: number, end: number): number {
  const { statement } = lexer;
  const word = end - from > LONGEST_WORD ? '' : bytes.toString('latin1', from, end).toUpperCase();
  if (word === 'E' && bytes[end] === CODE.quote) {
    lexer.inside = ESCAPE_STRING;
    noteWord(statement, "'");
    return end + 1;
  }
  noteIdentifier(statement, word);
  noteWord(statement, word);
  return end;
}

function stepInside(lexer: Lexer, bytes: Buffer, at: number, isLast: boolean): number {
  const { inside } = lexer;
  if (inside.kind === 'quote') return stepQuote(lexer, bytes, at, inside);
  if (inside.kind === 'block-comment') return stepBlockComment(lexer, bytes, at, inside.depth);
  if (inside.kind === 'after-escape-string') return stepAfterEscapeString(lexer, bytes, at, inside.hasNewline);
  if (inside.kind !== 'dollar') return at;
  const end = bytes.indexOf(inside.tag, at);
  if (end !== -1) {
    lexer.inside = NOTHING;
    return end + inside.tag.length;
  }
  return isLast ? bytes.length : Math.max(at, bytes.length - inside.tag.length + 1);
}

function stepQuote(lexer: Lexer, bytes: Buffer, from: number, inside: Inside & { kind: 'quote' }): number {
  for (let at = from; ;) {
    const end = bytes.indexOf(inside.quote, at);
    const escape = inside.escapes ? bytes.subarray(at, end === -1 ? bytes.length : end).indexOf(CODE.backslash) : -1;
    if (escape !== -1) {
      // The byte after the backslash may not be here yet.
      if (at + escape + 1 >= bytes.length) return at + escape;
      at += escape + 2;
    } else if (end === -1) return bytes.length;
    else {
      // A doubled quote ends one string and begins the next, which comes to the same.
      lexer.inside = inside.escapes ? { kind: 'after-escape-string', hasNewline: false } : NOTHING;
      return end + 1;
    }
  }
}

/** Strings are joined across a newline, and the next part goes on with the escapes of the first. */
function stepAfterEscapeString(lexer: Lexer, bytes: Buffer, from: number, hasNewline: boolean): number {
  let isJoined = hasNewline;
  for (let at = from; at < bytes.length; at += 1) {
    const code = bytes[at] ?? 0;
    if (code === CODE.quote && (isJoined || at === from)) {
      lexer.inside = ESCAPE_STRING;
      return at + 1;
    }
    if (!isSpace(code)) {
      lexer.inside = NOTHING;
      return at;
    }
    isJoined ||= code === CODE.newline;
  }
  lexer.inside = { kind: 'after-escape-string', hasNewline: isJoined };
  return bytes.length;
}

function stepBlockComment(lexer: Lexer, bytes: Buffer, from: number, depthBefore: number): number {
  let depth = depthBefore;
  let at = from;
  for (; at + 1 < bytes.length; at += 1) {
    const [first, second] = [bytes[at], bytes[at + 1]];
    const opens = first === CODE.slash && second === CODE.star;
    if (!opens && !(first === CODE.star && second === CODE.slash)) continue;
    depth += opens ? 1 : -1;
    at += 1;
    if (depth > 0) continue;
    lexer.inside = NOTHING;
    return at + 1;
  }
  lexer.inside = { kind: 'block-comment', depth };
  return at;
}

/** The comment when it is whole and stands alone; more when its end is not here; nothing when it is part of a statement. */
function stepLineComment(lexer: Lexer, bytes: Buffer, at: number, isLast: boolean): LexerStop | undefined {
  const looked = lexer.inside.kind === 'line-comment' ? lexer.inside.looked : 0;
  const newline = bytes.indexOf(CODE.newline, at);
  const end = endOfLine(bytes, at);
  const length = looked + end - at;
  lexer.inside = newline === -1 && !isLast ? { kind: 'line-comment', looked: length } : NOTHING;
  if (lexer.inside !== NOTHING) return { kind: 'more', at: end };
  return lexer.statement.hasBegun ? undefined : { kind: 'comment', at: end, length };
}

function endOfLine(bytes: Buffer, at: number): number {
  const newline = bytes.indexOf(CODE.newline, at);
  return newline === -1 ? bytes.length : newline;
}

function newStatement(): Statement {
  return { hasBegun: false, parens: 0, begins: 0, identifiers: 0, opening: '', words: [] };
}

/** Words in parentheses or in a body tell nothing of what the statement is. */
function noteWord({ words, parens, begins }: Statement, word: string): void {
  if (parens === 0 && begins === 0 && words.length < MOST_WORDS) words.push(word);
}

/** `CASE` is counted within a body only, since it too ends in `END`. */
function noteIdentifier(statement: Statement, word: string): void {
  if (statement.identifiers < 4) {
    const opens = ['CREATE', 'FUNCTION', 'PROCEDURE', 'OR', 'REPLACE'].includes(word);
    statement.opening += opens ? (word[0] ?? '').toLowerCase() : '-';
  }
  statement.identifiers += 1;
  if (statement.parens > 0 || !DEFINITION.test(statement.opening)) return;
  if (word === 'BEGIN' || (word === 'CASE' && statement.begins > 0)) statement.begins += 1;
  else if (word === 'END' && statement.begins > 0) statement.begins -= 1;
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** One beyond the bytes when the end cannot be told yet. */
function endOfToken(bytes: Buffer, from: number): number {
  const code = bytes[from] ?? 0;
  if (STARTS[code] === 1) return endOfIdentifier(bytes, from);
  return code === CODE.dollar ? endOfTag(bytes, from) : from + 1;
}

function endOfIdentifier(bytes: Buffer, from: number): number {
  let end = from + 1;
  while (end < bytes.length && CONTINUES[bytes[end] ?? 0] === 1) end += 1;
  return end;
}

/** The end of `$tag$`; of the dollar sign alone when it begins no tag. */
function endOfTag(bytes: Buffer, from: number): number {
  let end = from + 1;
  const first = bytes[end] ?? 0;
  if (end < bytes.length && first !== CODE.dollar && STARTS[first] !== 1) return from + 1;
  while (end < bytes.length && bytes[end] !== CODE.dollar && CONTINUES[bytes[end] ?? 0] === 1) end += 1;
  if (end - from > LONGEST_TAG) return from + 1;
  if (end >= bytes.length) return bytes.length + 1;
  return bytes[end] === CODE.dollar ? end + 1 : from + 1;
}

function tableOf(pattern: RegExp): Uint8Array {
  const isIn = (_: unknown, code: number): number => Number(code >= 128 || pattern.test(String.fromCharCode(code)));
  return Uint8Array.from({ length: 256 }, isIn);
}
