import { must } from './must.ts';
import type { PgBackRestRepository, Repository, ResticRepository } from './restore-spec.ts';
import { secretRef } from './secret-ref.ts';
import type { WrittenRepository } from './written-repository.ts';

/** A written repository in which nothing is wrong. `folder`: absolute, of the runbook. */
export function normaliseRepository(written: WrittenRepository, folder: string): Repository {
  return written.restic
    ? resticOf(written.restic, folder)
    : pgBackRestOf(must(written.pgbackrest, 'repository'), folder);
}

function resticOf(written: NonNullable<WrittenRepository['restic']>, folder: string): ResticRepository {
  const { password, path, tags, host } = written;
  return {
    tool: 'restic',
    password: secretRef(password, folder),
    ...(path !== undefined && { path }),
    tags: tags ?? [],
    ...(host !== undefined && { host }),
  };
}

function pgBackRestOf(written: NonNullable<WrittenRepository['pgbackrest']>, folder: string): PgBackRestRepository {
  const { stanza, passphrase } = written;
  return { tool: 'pgbackrest', stanza, ...(passphrase && { passphrase: secretRef(passphrase, folder) }) };
}
