import { type CST, Composer, type Document, Lexer, Parser } from 'yaml';

import { type Finding, type Place, type Range } from './finding.ts';
import { type Spot, type Tree, readTree, spotKey } from './tree.ts';
import { maskRanges, secretsInLines, secretsInText, secretsInTree } from './secrets.ts';
import { explainSyntax } from './explain-syntax.ts';

/** 1 MB: a runbook is written by people. */
export const LARGEST_FILE = 1_048_576;

/** YAML that deep is a slip or an attack, and libraries recurse. */
const DEEPEST = 32;

/** Words, marks and spaces; the sample's runbook has 500. */
const MOST_LEXEMES = 50_000;

/** A text and what YAML makes of it, with a place for everything. */
export interface WrittenDocument {
  /** The text with every secret masked, same length: all that is shown or judged comes from it. */
  readonly text: string;
  /** Plain JSON values; absent when YAML itself could not make sense of the text. */
  readonly value?: unknown;
  /** What is wrong with the YAML, and the secrets in it. */
  readonly findings: readonly Finding[];
  locate(place: Place): Range;
}

/** Of one file it is asked in turn what it is, what is wrong with it, and its name. */
let latest: { readonly text: string; readonly document: WrittenDocument } | undefined;

/** Reads one YAML document. Never throws, whatever the text. */
export function readDocument(text: string): WrittenDocument {
  if (latest?.text !== text) latest = { text, document: readText(text) };
  return latest.document;
}

function readText(text: string): WrittenDocument {
  if (Buffer.byteLength(text) > LARGEST_FILE) return unread(tooLarge(Buffer.byteLength(text)));
  const tokens = readTokens(text);
  if (!Array.isArray(tokens)) return unread(tokens);
  const first = compose(tokens, text);
  const broken = first.findings.some(({ code }) => code === 'syntax');
  const secrets = [...secretsInText(text), ...(broken ? secretsInLines(text) : secretsInTree(first.tree, text))];
  if (secrets.length === 0) return documentOf(text, first, []);
  // Everything after this line sees the masked text only, so that no message can repeat a secret.
  const masked = maskRanges(
    text,
    secrets.map(({ range }) => range),
  );
  const again = readTokens(masked);
  return documentOf(masked, Array.isArray(again) ? compose(again, masked) : first, secrets);
}

/** The finding for a file that is larger than a runbook may be. */
export function tooLarge(bytes: number): Finding {
  return {
    code: 'too-large',
    at: { kind: 'text', range: [0, 0] },
    message: `the file has ${bytes} bytes, more than the ${LARGEST_FILE} that are read`,
    hint: 'Split it into several files.',
  };
}

interface Composed {
  readonly tree: Tree;
  readonly findings: readonly Finding[];
  readonly value?: unknown;
}

function compose(tokens: readonly CST.Token[], text: string): Composed {
  const composer = new Composer({
    uniqueKeys: false,
    prettyErrors: false,
    schema: 'core',
    merge: false,
    version: '1.2',
  });
  const documents: Document.Parsed[] = [...composer.compose(tokens, true, text.length)];
  const [document, second] = documents;
  const tree = readTree(document?.contents ?? null);
  const syntax = documents.flatMap(({ errors }) => errors.map((error) => explainSyntax(error.code, error.pos)));
  const findings = [...syntax, ...(second ? [manyDocuments(second.range[0])] : []), ...tree.findings];
  if (findings.some(({ code }) => code !== 'duplicate-key')) return { tree, findings };
  if (document?.contents == null || isNothing(tree)) return { tree, findings: [emptyFile()] };
  return { tree, findings, value: document.toJS({ maxAliasCount: 0 }) as unknown };
}

function documentOf(text: string, { tree, findings, value }: Composed, secrets: readonly Finding[]): WrittenDocument {
  return {
    text,
    findings: [...secrets, ...findings],
    ...(value !== undefined && { value }),
    locate: (place) => locateIn(tree, place),
  };
}

function unread(finding: Finding): WrittenDocument {
  // Not a line of it is shown, since secrets were not looked for.
  return { text: '', findings: [finding], locate: () => [0, 0] };
}

function locateIn(tree: Tree, place: Place): Range {
  if (place.kind === 'text') return place.range;
  const spot = tree.spots.get(spotKey(place.path));
  if (!spot) return place.path.length === 0 ? [0, 0] : locateIn(tree, { ...place, path: place.path.slice(0, -1) });
  return place.kind === 'key' ? keyOf(spot) : valueOf(spot);
}

function keyOf(spot: Spot): Range {
  return spot.key ?? spot.firstKey ?? spot.value;
}

function valueOf(spot: Spot): Range {
  return spot.value[1] > spot.value[0] ? spot.value : keyOf(spot);
}

function isNothing(tree: Tree): boolean {
  const root = tree.spots.get(spotKey([]));
  return root === undefined || root.value[0] === root.value[1];
}

/** Stops before YAML grows too large or deep for those that compose it. */
function readTokens(text: string): CST.Token[] | Finding {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    lexemes += 1;
    if (lexemes > MOST_LEXEMES) return tooMany();
    // The document and the scalar at work lie on the stack too.
    if (parser.stack.length > DEEPEST + 2) return tooDeep();
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function tooMany(): Finding {
  return {
    code: 'too-large',
    at: { kind: 'text', range: [0, 0] },
    message: `the file has more than ${MOST_LEXEMES} words and marks`,
    hint: 'Split it into several files.',
  };
}

function tooDeep(): Finding {
  return {
    code: 'too-deep',
    at: { kind: 'text', range: [0, 0] },
    message: `the file nests more than ${DEEPEST} levels`,
    hint: 'Compare it with an example: no runbook needs more than ten.',
  };
}

function manyDocuments(start: number): Finding {
  return {
    code: 'many-documents',
    at: { kind: 'text', range: [start, start + 3] },
    message: 'a second document begins, and a file holds one',
    hint: 'Move it to a file of its own.',
  };
}

function emptyFile(): Finding {
  return {
    code: 'empty-file',
    at: { kind: 'text', range: [0, 0] },
    message: 'the file is empty',
    hint: 'Begin with an example, such as the one in the README.',
  };
}
