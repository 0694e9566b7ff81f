import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Manifest } from '../checks/manifest-format.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { writeWholeFile } from '../support/whole-file.ts';

/** The manifest in a file, or why there is none to compare with. */
export async function readManifest(file: string): Promise<Manifest | Problem> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return {
      code: 'check/no-manifest',
      message: `unable to read the manifest '${file}': ${code}`,
      hint: 'Record it from the living source with drillbook manifest, and keep it where the runbook says.',
      blames: 'environment',
    };
  }
  const manifest = parsed(text);
  if (isManifest(manifest)) return manifest;
  return {
    code: 'check/bad-manifest',
    message: `unable to read the manifest '${file}': it is no whole manifest of version 1`,
    hint: 'Manifests are not written by hand: record it again with drillbook manifest.',
    blames: 'environment',
  };
}

/** Writes a manifest, with the folders that lead to it; a reader sees the old one or the new one whole. */
export async function writeManifest(file: string, manifest: Manifest): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeWholeFile(file, `${JSON.stringify(manifest, null, 2)}\n`, 0o644);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Shape = Readonly<Record<string, unknown>>;

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value) || value['manifest'] !== 1 || typeof value['database'] !== 'string') return false;
  const { moment, contents } = value;
  return isObject(moment) && isMoment(moment) && isObject(contents) && isContents(contents);
}

function isMoment({ at, lsn, recoveryPointId, approximate }: Shape): boolean {
  const isInstant = typeof at === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(at) && !Number.isNaN(Date.parse(at));
  return (
    isInstant &&
    typeof lsn === 'string' &&
    isTextOrAbsent(recoveryPointId) &&
    [undefined, true].includes(approximate as true)
  );
}

function isContents({ engineMajor, schemaFingerprint, schemaParts, tables, bounded }: Shape): boolean {
  return (
    typeof engineMajor === 'string' &&
    typeof schemaFingerprint === 'string' &&
    (schemaParts === undefined || (isObject(schemaParts) && Object.values(schemaParts).every(isText))) &&
    Array.isArray(tables) &&
    tables.every(isEntry) &&
    Array.isArray(bounded) &&
    bounded.every((entry) => isEntry(entry) && isText(entry['where']))
  );
}

function isEntry(value: unknown): value is Shape {
  return (
    isObject(value) &&
    isText(value['table']) &&
    Number.isSafeInteger(value['rows']) &&
    Number(value['rows']) >= 0 &&
    isText(value['contentHash'])
  );
}

function isObject(value: unknown): value is Shape {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || isText(value);
}
