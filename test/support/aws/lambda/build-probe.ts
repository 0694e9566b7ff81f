import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('../../../../scripts/build-probe.mjs', import.meta.url));

/** The zip of the probe as the build makes it, of the sources as they are now; built in an empty folder. */
export async function buildProbe(env: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'drillbook-zip-'));
  try {
    const file = join(folder, 'probe.zip');
    await promisify(execFile)(process.execPath, [SCRIPT, file], { cwd: folder, env: { ...process.env, ...env } });
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
