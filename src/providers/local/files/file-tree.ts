import {
  closeSync,
  chmodSync,
  fchmodSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { FolderLayout } from '../worker/folder-layout.ts';
import { discardRestored } from '../worker/folder-layout.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { assertLinksStayInside } from './inside-links.ts';
import { type UnpackLimits } from './limits.ts';
import { archiveBomb, unsafePath, unsupported } from './refusals.ts';
import { safeParts } from './safe-parts.ts';

/** What a backup says of an entry besides its name. `mode` may hold more than permission bits. */
export interface EntryFacts {
  readonly mode: number;
  readonly modifiedAt?: Date;
}

/**
 * Takes in the entries of a set of files, below the restored folder. Every path and link is one that the backup names,
 * with `/` between its parts.
 */
export interface FileTree {
  makeFolder(path: string, facts: EntryFacts): void;
  writeFile(path: string, facts: EntryFacts, content: AsyncIterable<Buffer> | Buffer): Promise<void>;
  /** Kept as it is; nothing is ever written through it. */
  makeSymlink(path: string, target: string): void;
  /** To a file that was taken in before. */
  makeHardLink(path: string, target: string): void;
  /** Checks that no link leads out of the folder, and closes what is open. */
  finish(): Promise<{ readonly bytes: number; readonly entries: number }>;
  /** Closes what is open, after a failure. */
  close(): Promise<void>;
}

const PERMISSIONS = 0o777;
const OWNER_READS = 0o400;
const OWNER_USES_FOLDER = 0o700;
const LOOK_AT_SPACE_EVERY = 64 * 1024 * 1024;

/**
 * Makes an empty folder ready to be filled. What is written goes only into folders that were made for it, and only
 * under names that are free: so the file system itself tells names apart, also where it folds cases or forms of Unicode.
 *
 * Its methods throw ProblemError `restore/unsafe-path` for a path that would leave the folder or be written twice,
 * `restore/archive-bomb` for too many entries, and `restore/not-enough-space` before the disk is full.
 *
 * @param origin what is named where the whole is refused: the archive or the folder it comes from
 */
export async function openFileTree(layout: FolderLayout, origin: string, limits: UnpackLimits): Promise<FileTree> {
  await discardRestored(layout);
  await rm(trueModesOf(layout), { force: true });
  await mkdir(layout.data, { mode: 0o700 });
  const trueModes = await open(trueModesOf(layout), 'wx', 0o600);
  return new GrowingTree({ layout, origin, limits, trueModes });
}

/** Lines of JSON `[path, mode]`: what files could not keep on disk, since their owner has to read them. */
export function trueModesOf({ folder }: Pick<FolderLayout, 'folder'>): string {
  return join(folder, 'true-modes.jsonl');
}

interface TreeParts {
  readonly layout: FolderLayout;
  readonly origin: string;
  readonly limits: UnpackLimits;
  readonly trueModes: FileHandle;
}

class GrowingTree implements FileTree {
  readonly #parts: TreeParts;
  readonly #folders = new Set<string>();
  readonly #links: string[] = [];
  #entries = 0;
  #bytes = 0;
  #spaceSeenAt = 0;

  constructor(parts: TreeParts) {
    this.#parts = parts;
  }

  makeFolder(path: string, { mode }: EntryFacts): void {
    const name = this.#nameOf(path);
    // The folder itself stays closed to others, whatever the backup says.
    if (name === '') return;
    this.#makeFolders(name);
    chmodSync(this.#placeOf(name), (mode & PERMISSIONS) | OWNER_USES_FOLDER);
  }

  async writeFile(
    path: string,
    { mode, modifiedAt }: EntryFacts,
    content: AsyncIterable<Buffer> | Buffer,
  ): Promise<void> {
    const name = this.#newName(path);
    const file = this.#make(name, (place) => openSync(place, 'wx', 0o600));
    try {
      if (Buffer.isBuffer(content)) await this.#write(file, content);
      else for await (const chunk of content) await this.#write(file, chunk);
      const wanted = mode & PERMISSIONS;
      fchmodSync(file, wanted | OWNER_READS);
      if ((wanted & OWNER_READS) === 0) this.#noteMode(name, wanted);
      if (modifiedAt && !Number.isNaN(modifiedAt.getTime())) futimesSync(file, modifiedAt, modifiedAt);
    } finally {
      closeSync(file);
    }
  }

  makeSymlink(path: string, target: string): void {
    const name = this.#newName(path);
    if (target === '' || target.includes('\0'))
      throw new ProblemError(unsafePath(path, 'is a link to nothing that has a name'));
    if (target.startsWith('/')) throw new ProblemError(unsafePath(path, 'is a link that leads out of the folder'));
    this.#make(name, (place) => symlinkSync(target, place));
    this.#links.push(name);
  }

  makeHardLink(path: string, target: string): void {
    const name = this.#newName(path);
    const parts = safeParts(target);
    const existing = 'refused' in parts ? undefined : parts.join('/');
    const isFile = existing !== undefined && this.#holdsFile(existing);
    if (!isFile)
      throw new ProblemError(unsafePath(path, 'is a hard link to something that is no earlier file of the archive'));
    this.#make(name, (place) => linkSync(this.#placeOf(existing), place));
  }

  async finish(): Promise<{ readonly bytes: number; readonly entries: number }> {
    assertLinksStayInside(this.#parts.layout.data, this.#links);
    await this.close();
    return { bytes: this.#bytes, entries: this.#entries };
  }

  async close(): Promise<void> {
    await this.#parts.trueModes.close();
  }

  #nameOf(path: string): string {
    // What is no UTF-8 has become this character, and different names may have become one.
    if (path.includes('\uFFFD')) throw new ProblemError(unsupported(this.#parts.origin, 'a name in it is not UTF-8'));
    const parts = safeParts(path);
    if ('refused' in parts) throw new ProblemError(unsafePath(path, parts.refused));
    return parts.join('/');
  }

  #newName(path: string): string {
    const name = this.#nameOf(path);
    if (name === '') throw new ProblemError(unsafePath(path, 'would take the place of the folder itself'));
    const end = name.lastIndexOf('/');
    if (end > 0) this.#makeFolders(name.slice(0, end));
    return name;
  }

  /** Makes what is not there; a folder that was not made here is another entry, or a link. */
  #makeFolders(name: string): void {
    if (this.#folders.has(name)) return;
    const end = name.lastIndexOf('/');
    if (end > 0) this.#makeFolders(name.slice(0, end));
    this.#make(name, (place) => mkdirSync(place, 0o755));
    this.#folders.add(name);
  }

  #make<T>(name: string, make: (place: string) => T): T {
    this.#count();
    try {
      return make(this.#placeOf(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new ProblemError(unsafePath(name, 'would take the place of another entry of the backup'), error);
    }
  }

  #holdsFile(name: string): boolean {
    const end = name.lastIndexOf('/');
    if (name === '' || (end > 0 && !this.#folders.has(name.slice(0, end)))) return false;
    return lstatSync(this.#placeOf(name), { throwIfNoEntry: false })?.isFile() ?? false;
  }

  async #write(file: number, chunk: Buffer): Promise<void> {
    // A single write may be short where the disk is nearly full.
    for (let from = 0; from < chunk.length;) from += writeSync(file, chunk, from);
    this.#bytes += chunk.length;
    if (this.#bytes - this.#spaceSeenAt < LOOK_AT_SPACE_EVERY) return;
    this.#spaceSeenAt = this.#bytes;
    const problem = await spaceProblem(this.#parts.layout.folder, 0);
    if (problem) throw new ProblemError(problem);
  }

  #noteMode(name: string, mode: number): void {
    writeSync(this.#parts.trueModes.fd, `${JSON.stringify([name, mode])}\n`);
  }

  #count(): void {
    const { limits, origin } = this.#parts;
    this.#entries += 1;
    if (this.#entries > limits.entries)
      throw new ProblemError(archiveBomb(origin, `it has more than ${limits.entries} entries`));
  }

  #placeOf(name: string): string {
    return join(this.#parts.layout.data, name);
  }
}
