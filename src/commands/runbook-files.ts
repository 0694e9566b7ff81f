import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadRunbook } from '../runbook/load-runbook.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import type { CommandIo } from './io.ts';
import { sandboxFolder } from './read-runbook.ts';

/** The runbooks' files in `runbooks/`, by name; none where there is no such folder. */
export async function runbookFiles(io: Pick<CommandIo, 'cwd'>): Promise<readonly string[]> {
  const names = await readdir(join(io.cwd, 'runbooks')).catch(() => []);
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join('runbooks', name));
}

/** Every place in which a drill may have left something: this machine's own, and those of all valid runbooks. */
export async function knownPlaces(io: Pick<CommandIo, 'cwd'>): Promise<readonly SandboxPlace[]> {
  const options = { sandboxFolder: sandboxFolder(io), cwd: io.cwd };
  const files = await runbookFiles(io);
  const loaded = await Promise.all(files.map(async (file) => loadRunbook(file, options)));
  const places = loaded.flatMap((one) => (one.kind === 'valid' ? [placeOf(one.runbook.sandbox)] : []));
  const all: readonly SandboxPlace[] = [{ provider: 'local', folder: sandboxFolder(io) }, ...places];
  return all.filter((one, index) => all.findIndex((other) => nameOf(other) === nameOf(one)) === index);
}

/** A place in a few words: a folder, or an account and its region. */
export function nameOf(place: SandboxPlace): string {
  return place.provider === 'aws' ? `${place.account}/${place.region}` : place.folder;
}

function placeOf(sandbox: SandboxPlace): SandboxPlace {
  if (sandbox.provider !== 'aws') return { provider: sandbox.provider, folder: sandbox.folder };
  const { provider, account, region, role, sharesAccountWithSources } = sandbox;
  return { provider, account, region, ...(role !== undefined && { role }), sharesAccountWithSources };
}
