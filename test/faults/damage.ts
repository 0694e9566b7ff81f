import { stat, truncate } from 'node:fs/promises';
import { overwrite } from '../support/postgres-server.ts';

/** Every bit of one byte, changed. */
export const flip = ([byte = 0]: Buffer): Buffer => Buffer.from([byte ^ 0xff]);

/** Changes one byte in the middle of a file. */
export async function flipMiddle(file: string): Promise<void> {
  await overwrite(file, await middleOf(file), flip, 1);
}

/** Cuts a file off in its middle. */
export async function cutMiddle(file: string): Promise<void> {
  await truncate(file, await middleOf(file));
}

/** Leaves a file of no bytes, as a full disk or a failed job does. */
export async function empty(file: string): Promise<void> {
  await truncate(file, 0);
}

async function middleOf(file: string): Promise<number> {
  return Math.floor((await stat(file)).size / 2);
}
