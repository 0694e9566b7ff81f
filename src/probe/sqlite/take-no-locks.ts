import fs from 'node:fs';

/** Most memory that SQLite may have in one thread: it sorts in memory, however much there is to sort. */
const MOST_MEMORY = 512 * 1024 * 1024;
const MEMORY_PAGE = 65_536;

/**
 * Lets the SQLite of this thread do without locks, and with bounded memory. For a thread that does nothing else.
 *
 * node-sqlite3-wasm makes a folder `<database>.lock` for every lock, also one for reading. Such a folder outlives a killed
 * process, keeps a second reader out, and is taken for the lock of another writer: then a transaction that a crash left
 * half done is never rolled back, and what it wrote is read as if it counted (seen in 0.8.60). Nobody else has a
 * restored copy open, so no lock is needed.
 */
export function takeNoLocks(): void {
  const { mkdirSync, rmdirSync, accessSync } = fs;
  const isLock = (path: fs.PathLike): boolean => typeof path === 'string' && path.endsWith('.lock');
  fs.mkdirSync = ((path: fs.PathLike, options?: fs.MakeDirectoryOptions) =>
    isLock(path) ? undefined : mkdirSync(path, options)) as typeof fs.mkdirSync;
  fs.rmdirSync = (path, options) => (isLock(path) ? undefined : rmdirSync(path, options));
  fs.accessSync = (path, mode) => {
    if (isLock(path)) throw new Error('nobody holds a lock');
    accessSync(path, mode);
  };
}

/** What TypeScript knows of WebAssembly only together with browsers. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Refuses this thread more memory than SQLite may have, which it then reports as `out of memory`. */
export function boundMemory(): void {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: { prototype: WasmMemory } } };
  const { prototype } = WebAssembly.Memory;
  const grow = Reflect.get(prototype, 'grow');
  prototype.grow = function growWithin(this: WasmMemory, pages: number): number {
    if (this.buffer.byteLength + pages * MEMORY_PAGE > MOST_MEMORY) throw new RangeError('no more memory for SQLite');
    return Reflect.apply(grow, this, [pages]);
  };
}
