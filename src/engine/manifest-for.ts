import { isAbsolute, join, relative, sep } from 'node:path';
import type { RecordedManifest } from '../checks/manifest-format.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { ManifestCheck } from '../runbook/check-spec.ts';
import { awaitReady } from './perform-restore.ts';
import { type Performance, plannedResource, resourceOfStep } from './performance.ts';

/**
 * The manifest that a check compares with. One that lies in the recovery point itself, in its folder or (as if it were
 * one) in its archive, is read from what was restored: it came out of the backup with the files that it lists.
 *
 * A list of checksums is of this recovery point when it lies in it, or when its path holds the point's id.
 *
 * @throws ProblemError when what was restored is no longer to be had
 */
export async function manifestFor(
  check: ManifestCheck,
  step: string,
  performance: Performance,
): Promise<RecordedManifest | Problem> {
  const { ports, state } = performance;
  const { spec, point } = plannedResource(state, check.of);
  const file = check.file.replaceAll('{recoveryPoint}', point.id);
  if (spec.kind !== 'files') return ports.readManifest(file);
  const path = pathWithin(file, point.location);
  if (path === undefined) return ports.readManifest(file, check.file === file ? {} : { recoveryPointId: point.id });
  const { endpoint } = await awaitReady(resourceOfStep(state, `restore:${check.of}`), step, performance);
  if (endpoint?.kind !== 'files') throw new Error(`'${check.of}' is a set of files, but lies in no folder`);
  return ports.readManifest(join(endpoint.folder, path), { recoveryPointId: point.id, path });
}

function pathWithin(file: string, folder: string): string | undefined {
  const way = relative(folder, file);
  const isOutside = way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
  return isOutside ? undefined : way.split(sep).join('/');
}
