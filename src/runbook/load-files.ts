import { resolve } from 'node:path';

import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type WrittenDocument, readDocument } from './document.ts';
import { type Finding, atValue, quoted } from './finding.ts';
import { type LoadedFile, loadFile } from './load-file.ts';
import type { LoadOptions } from './load-runbook.ts';
import { readFileText } from './read-file.ts';
import { type FileKind, toDiagnostics } from './to-diagnostics.ts';

/** What lies in a file, by the path that the caller gave. */
export interface NamedFile {
  readonly file: string;
  readonly loaded: LoadedFile;
}

/**
 * Reads runbooks and drills that are used side by side. Reports and history know them by their names, so of each kind a
 * name that an earlier file has is a diagnostic in the later one, whatever else is wrong with either.
 */
export async function loadFiles(files: readonly string[], options: LoadOptions): Promise<readonly NamedFile[]> {
  const firsts = new Map<string, Looked>();
  const all: NamedFile[] = [];
  for (const file of files) {
    const loaded = await loadFile(file, options);
    const path = resolve(options.cwd ?? '.', file);
    const taken = takenName({ file, path, loaded }, firsts);
    all.push({ file, loaded: taken.length === 0 ? loaded : withMistakes(loaded, taken) });
  }
  return all;
}

interface Looked {
  /** As the caller named it. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  readonly loaded: LoadedFile;
}

/** @param firsts the first file of each kind and name; this one is put in where there is none yet */
function takenName(looked: Looked, firsts: Map<string, Looked>): readonly Diagnostic[] {
  const { file, path, loaded } = looked;
  const { is } = loaded;
  const name = loaded.kind === 'valid' ? loaded.name : writtenName(documentIn(path), is);
  if (name === undefined) return [];
  const first = firsts.get(`${is} ${name}`);
  if (first === undefined) firsts.set(`${is} ${name}`, looked);
  // A file that the caller names twice is one file.
  if (first === undefined || first.path === path) return [];
  const document = documentIn(path);
  return document ? toDiagnostics({ kind: is, file, document, findings: [nameTaken(is, name, first.file)] }) : [];
}

function documentIn(path: string): WrittenDocument | undefined {
  const read = readFileText(path);
  return read.kind === 'unreadable' ? undefined : readDocument(read.text);
}

function writtenName(document: WrittenDocument | undefined, is: FileKind): string | undefined {
  const name = (document?.value as Readonly<Record<string, unknown>> | null | undefined)?.[is];
  return typeof name === 'string' ? name : undefined;
}

function withMistakes(loaded: LoadedFile, more: readonly Diagnostic[]): LoadedFile {
  const known = loaded.kind === 'valid' ? [] : loaded.diagnostics;
  const diagnostics = [...known, ...more].sort((a, b) => a.line - b.line || a.column - b.column);
  return { kind: 'invalid', is: loaded.is, diagnostics };
}

function nameTaken(is: FileKind, name: string, first: string): Finding {
  return {
    code: 'name-taken',
    at: atValue(is),
    message: `another ${is} is called ${quoted(name)} too, and reports and history could not tell the two apart`,
    hint: `Give this ${is} another name; '${first}' has this one.`,
  };
}
