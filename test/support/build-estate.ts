import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { run } from './run-process.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder in which the sample was built; tests copy it. */
    builtEstate: string;
  }
}

/** Builds the sample once, with the built command, for all end-to-end tests. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'drillbook-built-'));
  const { code, stderr } = await run(process.execPath, [CLI, 'sample'], { cwd: folder, env: process.env }).ended;
  if (code !== 0) throw new Error(`the sample cannot be built: ${stderr}`);
  project.provide('builtEstate', folder);
  return async () => rm(folder, { recursive: true, force: true });
}
