import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recogniseDumpFile, recogniseDumpFolder } from '../../../../src/providers/local/postgres-dump/dump-form.ts';
import { type LoadResult, loadDump } from '../../../../src/providers/local/postgres-dump/load-dump.ts';
import { findServer } from '../../../../src/providers/local/postgres/server-binaries.ts';
import { layoutOf } from '../../../../src/providers/local/worker/folder-layout.ts';
import type { PostgresDumpRestore } from '../../../../src/runbook/restore-spec.ts';
import type { TestServer } from '../../../support/postgres-server.ts';
import { SYSTEM_BIN, dumpPoint } from './dump-worker.ts';

const DRILL = {
  drillId: 'd-1',
  startedAt: '2026-01-01T00:00:00.000Z',
  sandbox: {
    provider: 'local' as const,
    expiresAt: '2026-01-02T00:00:00.000Z',
    minimumIsolation: 'L0' as const,
    folder: '/nowhere',
  },
  sources: [],
};

/** Loads a dump into a server that is there already, in this process. */
export async function loadInto(server: TestServer, spec: PostgresDumpRestore, id: string): Promise<LoadResult> {
  const point = await dumpPoint(spec, id);
  const recognised = (await stat(point.location)).isDirectory()
    ? await recogniseDumpFolder(point.location)
    : await recogniseDumpFile(point.location);
  const found = await findServer({ major: 15, dirs: [SYSTEM_BIN] });
  if (recognised.kind !== 'dump' || found.kind !== 'found') throw new Error('there is no dump, or no server for it');
  const folder = await mkdtemp(join(tmpdir(), 'drillbook-load-'));
  try {
    return await loadDump({
      request: { kind: 'restore', token: 'token-1', spec, point, drill: DRILL },
      level: 'L0',
      layout: { ...layoutOf(folder), socket: server.endpoint.host },
      path: '',
      env: {},
      signal: new AbortController().signal,
      progress: () => {},
      form: recognised.form,
      server: found,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
