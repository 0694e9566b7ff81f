import { join } from 'node:path';
import type { RecoveryPoint, RecoveryPointListing } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { LocalRestore } from '../../../runbook/restore-spec.ts';
import { instantOf } from '../../../support/time.ts';
import type { OpenRepository } from './open-repository.ts';
import { type PgBackRestBackup, type Stanza, pgBackRestOf, readStanza } from './pgbackrest.ts';

/** The oldest major that knows `recovery.signal`, as for all base backups. */
const OLDEST_MAJOR = 12;

/**
 * All backups of a stanza, full, differential and incremental: pgBackRest restores each of them whole. Reads only.
 *
 * @throws ProblemError when the repository cannot be read, or has no such stanza
 */
export async function listPgBackRestBackups(
  spec: LocalRestore,
  repository: OpenRepository,
): Promise<RecoveryPointListing> {
  const wanted = pgBackRestOf(spec);
  const stanza = await readStanza(repository, wanted);
  const folder = join(repository.source, 'backup', wanted.stanza);
  const points: RecoveryPoint[] = [];
  const unusable: { id: string; problem: Problem }[] = [];
  for (const backup of stanza.backup) {
    const version = majorOf(stanza, backup);
    if (Number.parseInt(version, 10) >= OLDEST_MAJOR) points.push(pointOf(backup, version, folder));
    else unusable.push({ id: backup.label, problem: unsupportedMajor(backup.label, version) });
  }
  return { points, unusable };
}

function majorOf({ db }: Stanza, { database }: PgBackRestBackup): string {
  return db.find(({ id }) => id === database.id)?.version ?? 'unknown';
}

function pointOf(backup: PgBackRestBackup, version: string, folder: string): RecoveryPoint {
  const { label, type, timestamp, lsn, info, annotation = {} } = backup;
  const stoppedAt = instantOf(timestamp.stop * 1_000);
  const bytes = info.repository?.size;
  return {
    id: label,
    provider: 'local',
    kind: 'postgres',
    location: join(folder, label),
    capturedAt: stoppedAt,
    capturedAtSource: `stop time in pgBackRest's info${lsn?.stop ? `, at ${lsn.stop}` : ''}`,
    availableAt: stoppedAt,
    consistency: 'application',
    format: `pgBackRest backup (${type})`,
    engine: { name: 'postgresql', version },
    ...(bytes !== undefined && { bytes }),
    tags: Object.entries(annotation).map(([key, value]) => `${key}=${value}`),
  };
}

function unsupportedMajor(label: string, version: string): Problem {
  return {
    code: 'restore/unsupported-major',
    message: `'${label}' is of PostgreSQL '${version}', and only ${OLDEST_MAJOR} and newer can be restored`,
    hint: 'Upgrade the server to a supported major, and drill its backups.',
    blames: 'environment',
  };
}
