import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, readFile, readdir, realpath, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Mark, proofText } from '../../drill/guard.ts';
import { sha256Hex } from '../../support/sha256-hex.ts';
import { type Instant, epochMillisOf, instantOf } from '../../support/time.ts';
import type { Resource } from '../resource.ts';

/**
 * A folder of a drill at a moment.
 *
 *   (absent) → `.drillbook~DRILL~NAME~EXPIRY~PROOF` → NAME, with mark.json → `.drillbook~…` again → (absent)
 *              being made                                                   being removed
 *
 * Making and renaming a folder is atomic, so it carries its mark at every instant: in its name, then in its file.
 */
export interface MarkedFolder {
  readonly path: string;
  readonly resource: Resource;
  readonly mark: Mark;
  /** As recomputed from where the folder lies now. */
  readonly expectedProof: string;
  readonly createdAt: Instant;
  /** Whether it is being made or removed. */
  readonly isPassing: boolean;
}

const MARK_FILE = 'mark.json';
const PASSING = '.drillbook';

/** The text of `mark.json`. */
interface MarkText extends Mark {
  readonly type: string;
  readonly name: string;
  readonly token: string;
}

/** What a new folder of a drill is. */
export interface NewFolder {
  readonly drillId: string;
  readonly expiresAt: Instant;
  readonly resource: Resource;
  /** Further files, by name, that it holds from its first instant on. */
  readonly files: Readonly<Record<string, string>>;
}

/** Names a restored server in the titles of its processes, which do not name its folder. */
export function shortMark(folder: string): string {
  return `drillbook-${sha256Hex(folder).slice(0, 12)}`;
}

/**
 * Makes a marked folder, 0700, at the path that is the resource's id; its parent must be a real path.
 *
 * @throws EEXIST when something lies there
 */
export async function makeMarkedFolder(folder: NewFolder): Promise<void> {
  const { drillId, expiresAt, resource, files } = folder;
  if (await lstatOf(resource.id)) throw alreadyThere(resource.id);
  const passing = passingPath(resource.id, { drillId, expiresAt, proof: await passingProof(drillId, resource.id) });
  await makePassing(passing, [MARK_FILE, ...Object.keys(files)]);
  const proof = await proofOf(drillId, resource);
  const text: MarkText = { drillId, expiresAt, proof, type: resource.type, name: resource.name, token: resource.token };
  for (const [name, content] of Object.entries({ [MARK_FILE]: JSON.stringify(text), ...files })) {
    await writeFile(join(passing, name), content, { mode: 0o600, flush: true });
  }
  await rename(passing, resource.id);
}

/** Takes up what a killed process left of the same folder, if it holds nothing but what is about to be written. */
async function makePassing(path: string, mayHold: readonly string[]): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holds = await readdir(path);
    if (holds.some((name) => !mayHold.includes(name))) throw alreadyThere(path);
  }
}

function alreadyThere(path: string): Error {
  return Object.assign(new Error('something lies there already'), { code: 'EEXIST', path, syscall: 'mkdir' });
}

/** Takes a folder out of use, in one instant, and gives the name under which it can now be removed bit by bit. */
export async function setAside({ path, mark, isPassing }: MarkedFolder): Promise<string> {
  if (isPassing) return path;
  const { drillId, expiresAt } = mark;
  const passing = passingPath(path, { drillId, expiresAt, proof: await passingProof(drillId, path) });
  await rename(path, passing);
  return passing;
}

/**
 * Reads a folder's mark as it lies there; `undefined` for what is no folder, a symbolic link, or does not carry a mark
 * that can be read. The mark still has to be held against `expectedProof`.
 */
export async function readMarkedFolder(path: string): Promise<MarkedFolder | undefined> {
  const stats = await lstatOf(path);
  if (!stats?.isDirectory()) return undefined;
  const createdAt = instantOf(stats.birthtimeMs > 0 ? stats.birthtimeMs : Math.min(stats.ctimeMs, stats.mtimeMs));
  const passing = partsOfPassing(path);
  if (passing !== undefined)
    return { ...passing, createdAt, expectedProof: await passingProof(passing.mark.drillId, passing.final) };
  const text = await readMarkText(join(path, MARK_FILE));
  if (text === undefined) return undefined;
  const { type, name, token, drillId, expiresAt, proof } = text;
  const resource: Resource = { provider: 'local', type, id: path, name, token };
  const mark = { drillId, expiresAt, proof };
  return { path, resource, mark, createdAt, isPassing: false, expectedProof: await proofOf(drillId, resource) };
}

/** Whether a folder lies where its mark says. */
export function isWhole({ mark, expectedProof }: MarkedFolder): boolean {
  return mark.proof === expectedProof;
}

/** How the name of a folder begins while it is being made or removed; its expiry and proof follow. */
export function passingPrefix(drillId: string, name: string): string {
  return `${PASSING}~${drillId}~${name}~`;
}

function passingPath(path: string, { drillId, expiresAt, proof }: Mark): string {
  return join(dirname(path), `${passingPrefix(drillId, basename(path))}${epochMillisOf(expiresAt)}~${proof}`);
}

function partsOfPassing(
  path: string,
): (Pick<MarkedFolder, 'path' | 'resource' | 'mark' | 'isPassing'> & { final: string }) | undefined {
  const [prefix, drillId, name, expiry, proof] = basename(path).split('~');
  if (prefix !== PASSING || drillId === undefined || name === undefined || proof === undefined) return undefined;
  if (expiry === undefined || !/^\d{1,15}$/.test(expiry)) return undefined;
  const isSandbox = name === drillId;
  const resource: Resource = {
    provider: 'local',
    type: isSandbox ? 'sandbox' : 'folder',
    id: path,
    name: isSandbox ? 'sandbox' : name,
    token: basename(path),
  };
  const mark = { drillId, expiresAt: instantOf(Number(expiry)), proof };
  return { path, resource, mark, isPassing: true, final: join(dirname(path), name) };
}

/** Keeps names below the 255 bytes that file systems allow, and still lies beyond coincidence. */
const PASSING_PROOF_DIGITS = 32;

async function passingProof(drillId: string, final: string): Promise<string> {
  const proof = await proofOf(drillId, { type: 'passing', id: final, token: basename(final) });
  return proof.slice(0, PASSING_PROOF_DIGITS);
}

async function proofOf(drillId: string, { type, id, token }: Pick<Resource, 'type' | 'id' | 'token'>): Promise<string> {
  const region = join(await realpath(dirname(id)), basename(id));
  return sha256Hex(proofText({ drillId, kind: type, name: token, account: await machine(), region }));
}

/** A machine's own id, or its name: a folder that moves to another machine is no longer ours to remove. */
async function machine(): Promise<string> {
  const id = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  return id.trim() || hostname();
}

async function readMarkText(file: string): Promise<MarkText | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const text: unknown = JSON.parse(await handle.readFile('utf8'));
      return isMarkText(text) ? text : undefined;
    } finally {
      await handle.close();
    }
  } catch {
    // Whatever keeps a mark from being read, an unread mark permits nothing.
    return undefined;
  }
}

function isMarkText(text: unknown): text is MarkText {
  if (typeof text !== 'object' || text === null) return false;
  const fields = text as Partial<Record<keyof MarkText, unknown>>;
  return [fields.drillId, fields.expiresAt, fields.proof, fields.type, fields.name, fields.token].every(
    (field) => typeof field === 'string',
  );
}

/** What lies at a path, itself and not what it may link to; `undefined` when nothing does. */
export async function lstatOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
