import { opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** A file below a folder. `path`: from that folder on, with `/` between its parts. */
export interface FoundFile {
  readonly path: string;
  readonly place: string;
}

/** Every file below a folder, each folder listed bit by bit. Links are neither files nor followed. */
export async function* walkFiles(folder: string, prefix = ''): AsyncIterable<FoundFile> {
  for await (const entry of await opendir(folder, { bufferSize: 256 })) {
    const place = join(folder, entry.name);
    if (entry.isDirectory()) yield* walkFiles(place, `${prefix}${entry.name}/`);
    else if (entry.isFile()) yield { path: prefix + entry.name, place };
  }
}
