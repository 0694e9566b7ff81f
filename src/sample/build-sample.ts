import { chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import type { Manifest } from '../checks/manifest-format.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { instantOf } from '../support/time.ts';
import { type BackupForm, takeBaseBackup } from './base-backup.ts';
import { losePage } from './damage.ts';
import { bytesBelow, findSample, type Sample, SAMPLE_FILE, type SamplePoint } from './sample-file.ts';
import { asProblem, notASample, ProblemError } from './sample-problem.ts';
import { countRows, keepTrading, openShop, SHOP_DATABASE, type Trade } from './shop.ts';
import { createSourceServer, SAMPLE_SUPERUSER, type SourceServer } from './source-server.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

/** Where the living source answers while the sample is built: a folder of a unix socket, and no password. */
interface SampleSource {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export interface BuildSampleOptions {
  /** Absolute; becomes the sample, or stays what it is. */
  readonly folder: string;
  /** Build anew although a whole sample is there. */
  readonly force?: boolean;
  /** Folder of `initdb` and `postgres` 18, or why there is none. Asked for only when there is something to build. */
  findServer(): Promise<{ readonly binDir: string } | Problem>;
  /** Records what the living source holds now, under the recovery point whose end this moment is. */
  recordManifest(source: SampleSource, recoveryPointId: string, signal: AbortSignal): Promise<Manifest | Problem>;
  /** One line of text for each thing done. */
  onProgress(line: string): void;
  readonly signal: AbortSignal;
}

/** `kept`: a whole sample was there already. In every case nothing but the sample is left on disk or running. */
export type SampleOutcome =
  | { readonly kind: 'built' | 'kept'; readonly sample: Sample }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'failed'; readonly problem: Problem };

/**
 * The recovery points, in order of time. Their ids, and so their order, are the same on every machine: a seed draws
 * the same point everywhere.
 */
const POINTS: readonly { readonly id: string; readonly form: BackupForm; readonly trade: Trade }[] = [
  { id: 'base/01-opening', form: 'plain', trade: { customers: 6_000, orders: 32_000 } },
  { id: 'base/02-morning', form: 'tar', trade: { customers: 200, orders: 2_000 } },
  { id: 'base/03-noon', form: 'tar.gz', trade: { customers: 300, orders: 3_000 } },
  { id: 'base/04-afternoon', form: 'tar.gz', trade: { customers: 200, orders: 3_000 } },
  { id: 'base/05-evening', form: 'plain', trade: { customers: 200, orders: 4_000 } },
  { id: 'base/06-closing', form: 'tar.gz', trade: { customers: 100, orders: 2_000 } },
];

/** Trade after the last backup: only the WAL archive holds it. */
const LAST_TRADE: Trade = { customers: 20, orders: 200 };

const DAMAGED = { id: 'base/04-afternoon', table: 'orders', page: 2 } as const;

/**
 * Builds the sample estate: a bookshop's base backups in `base/`, its WAL archive in `wal/`, a content manifest for
 * each recovery point in `manifests/`. It is built beside `folder` and moved there when it is whole, so a build killed
 * at any instant leaves nothing that looks like a sample; the next build removes what it left.
 */
export async function buildSample(options: BuildSampleOptions): Promise<SampleOutcome> {
  const { folder, force, signal } = options;
  try {
    const found = await findSample(folder);
    if (found.kind === 'whole' && force !== true) return { kind: 'kept', sample: found.sample };
    if (found.kind === 'other') return { kind: 'failed', problem: notASample(folder) };
    if (found.kind === 'broken')
      options.onProgress(`parts of the sample in '${folder}' are missing or changed: building it anew`);
    const server = await options.findServer();
    if ('code' in server) return { kind: 'failed', problem: server };
    const workshop = await openWorkshop(folder);
    try {
      const sample = await buildIn(workshop, server.binDir, options);
      signal.throwIfAborted();
      return { kind: (await workshop.deliver()) ? 'built' : 'kept', sample };
    } finally {
      await workshop.close();
    }
  } catch (error) {
    if (signal.aborted) return { kind: 'aborted' };
    return { kind: 'failed', problem: asProblem(error, folder) };
  }
}

async function buildIn(workshop: Workshop, binDir: string, options: BuildSampleOptions): Promise<Sample> {
  const sourceFolder = join(workshop.folder, 'source');
  await mkdir(sourceFolder);
  const server = await createSourceServer({ folder: sourceFolder, binDir, signal: options.signal });
  try {
    const estate = await trade(server, workshop.product, options);
    const walBytes = await takeWal(server.walFolder, join(workshop.product, 'wal'));
    const sample: Sample = {
      sample: 1,
      database: SHOP_DATABASE,
      superuser: SAMPLE_SUPERUSER,
      ...estate,
      builtAt: instantOf(Date.now()),
      wal: { folder: 'wal', bytes: walBytes },
      damaged: DAMAGED,
    };
    await writeFile(join(workshop.product, SAMPLE_FILE), asText(sample));
    return sample;
  } finally {
    await server.dispose();
  }
}

/** The shop's life: after each stretch of trade a backup and its manifest. */
async function trade(
  server: SourceServer,
  product: string,
  options: BuildSampleOptions,
): Promise<Pick<Sample, 'engineVersion' | 'rows' | 'recoveryPoints'>> {
  await mkdir(join(product, 'base'));
  await mkdir(join(product, 'manifests', 'base'), { recursive: true });
  await server.start();
  const engineVersion = await withClient(server, 'postgres', async (client) => {
    await client.query(`create database ${SHOP_DATABASE}`);
    const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`);
    return rows[0]?.version ?? '';
  });
  const recoveryPoints: SamplePoint[] = [];
  for (const point of POINTS) {
    options.signal.throwIfAborted();
    await withClient(server, SHOP_DATABASE, async (client) => {
      await (recoveryPoints.length === 0 ? openShop : keepTrading)(client, point.trade);
    });
    const taken = await takePoint(server, product, point, options);
    recoveryPoints.push(taken);
    options.onProgress(`${taken.id}: ${taken.form}, ${taken.rows} rows, ${Math.round(taken.bytes / 1e6)} MB`);
  }
  const rows = await withClient(server, SHOP_DATABASE, async (client) => {
    await keepTrading(client, LAST_TRADE);
    return countRows(client);
  });
  await server.stop();
  return { engineVersion, rows, recoveryPoints };
}

async function takePoint(
  server: SourceServer,
  product: string,
  { id, form }: { id: string; form: BackupForm },
  options: BuildSampleOptions,
): Promise<SamplePoint> {
  const manifest = join('manifests', `${id}.json`);
  const record = async (): Promise<void> => {
    const source = { host: server.host, port: server.port, database: SHOP_DATABASE, user: SAMPLE_SUPERUSER };
    const recorded = await options.recordManifest(source, id, options.signal);
    if ('code' in recorded) throw new ProblemError(recorded);
    await writeFile(join(product, manifest), asText(recorded));
  };
  const backup = async (): Promise<void> => {
    const client = await server.connect({ replication: 'true' } as object);
    await takeBaseBackup(client, { label: `bookshop ${id}`, folder: join(product, id), form });
    await client.end();
    await server.archived();
  };
  // Before anything is counted for the report, so that no transaction lies between the backup's end and the manifest.
  if (id === DAMAGED.id) {
    await record();
    await withLostPage(server, backup);
  } else {
    await backup();
    await record();
  }
  const rows = await withClient(server, SHOP_DATABASE, countRows);
  return { id, form, takenAt: instantOf(Date.now()), bytes: await bytesBelow(join(product, id)), rows, manifest };
}

/** Runs `work` while the source lacks a page and does not know it; afterwards the source is sound again. */
async function withLostPage(server: SourceServer, work: () => Promise<void>): Promise<void> {
  const path = await withClient(server, SHOP_DATABASE, async (client) => {
    const { rows } = await client.query<{ path: string }>(`select pg_relation_filepath('${DAMAGED.table}') as path`);
    return rows[0]?.path ?? '';
  });
  await server.stop();
  const putBack = await losePage(join(server.dataFolder, path), DAMAGED.page);
  await server.start();
  await work();
  await server.stop();
  await putBack();
  await server.start();
}

async function withClient<T>(server: SourceServer, database: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await server.connect({ database });
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Moves the WAL archive to where it stays, as the property of who runs this, without what no backup needs. */
async function takeWal(from: string, to: string): Promise<number> {
  await rename(from, to);
  const names = (await readdir(to)).sort();
  // As `pg_archivecleanup` does; a backup's history file is named after the first segment it needs.
  const firstNeeded = names.find((name) => name.endsWith('.backup'))?.slice(0, 24) ?? '';
  for (const name of names.filter((name) => name < firstNeeded)) await rm(join(to, name));
  if (process.getuid?.() === 0) {
    const made = [to, ...(await readdir(to)).map((name) => join(to, name))];
    for (const path of made) await chown(path, 0, process.getgid?.() ?? 0);
  }
  return bytesBelow(to);
}

function asText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
