import type { RecordedManifest } from '../checks/manifest-format.ts';

type Shape = Readonly<Record<string, unknown>>;

/** Whether a value is a whole manifest of version 1, of a database or of files. */
export function isRecordedManifest(value: unknown): value is RecordedManifest {
  if (!isObject(value) || value['manifest'] !== 1) return false;
  if (value['kind'] === 'files') return isFilesManifest(value);
  const { moment, contents } = value;
  if (typeof value['database'] !== 'string') return false;
  return isObject(moment) && isMoment(moment) && isObject(contents) && isContents(contents);
}

function isFilesManifest({ moment, entries, listedIn }: Shape): boolean {
  return (
    isObject(moment) &&
    (moment['at'] === undefined || isInstant(moment['at'])) &&
    isTextOrAbsent(moment['recoveryPointId']) &&
    isTextOrAbsent(listedIn) &&
    Array.isArray(entries) &&
    entries.every(isListedFile)
  );
}

function isListedFile(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { path, sha256, bytes, mode } = value;
  const isCountOrAbsent = (count: unknown): boolean => count === undefined || isCount(count);
  return (
    isText(path) && isText(sha256) && /^[0-9a-f]{64}$/.test(sha256) && isCountOrAbsent(bytes) && isCountOrAbsent(mode)
  );
}

function isMoment({ at, lsn, recoveryPointId, approximate }: Shape): boolean {
  return (
    isInstant(at) &&
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
  return isObject(value) && isText(value['table']) && isCount(value['rows']) && isText(value['contentHash']);
}

function isInstant(value: unknown): boolean {
  return isText(value) && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) && !Number.isNaN(Date.parse(value));
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
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
