import { constants } from 'node:fs';
import { copyFile, cp, mkdir, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { overwrite } from '../support/postgres-server.ts';
import { type RealEstate, emptyEstate, tracesOf } from '../support/real-estate.ts';
import { isWhole } from '../support/whole.ts';

const BLOCK = 8_192;
const SAMPLE = join(inject('builtEstate'), '.drillbook', 'sample', 'bookshop');
const CHECKS = `
  - { smoke: accepts logins, of: orders, kind: login }
  - { integrity: is sound, of: orders, kind: structure }`;

/** A copy of one of the sample's backups, which a row damages. */
interface Copy {
  /** Folder of the backup. */
  readonly backup: string;
  /** Folder of a WAL archive that is not there unless the row makes it. */
  readonly wal: string;
  /** The files of the table 'orders' and of its key. */
  readonly heap: string;
  readonly index: string;
}

interface Fault {
  readonly of: '01-opening' | '02-morning' | '03-noon' | '04-afternoon';
  readonly damage: (copy: Copy) => Promise<unknown>;
  readonly to?: 'latest';
  readonly checks?: string;
  /** Exit code, verdict. */
  readonly ends: [1, 'failed'] | [3, 'inconclusive'];
  /** Problems, as `where code`, and checks that failed, by their id. */
  readonly found: readonly string[];
  /** What the first of them says. */
  readonly says: RegExp;
}

const faults: Readonly<Record<string, Fault>> = {
  'a zeroed page of a table, of which the backup does not know': {
    of: '04-afternoon',
    damage: nothing,
    ends: [1, 'failed'],
    found: ['is-sound'],
    says: /'public\.orders': .*block 2/,
  },
  'a truncated table, against its manifest': {
    of: '01-opening',
    damage: async ({ heap }) => truncate(heap, 100 * BLOCK),
    ends: [1, 'failed'],
    found: ['restore:orders restore/backup-manifest-mismatch'],
    says: /'base\/\d+\/\d+' has 819200 bytes/,
  },
  'a truncated table without a manifest': {
    of: '01-opening',
    damage: async (copy) => {
      await withoutManifest(copy);
      await truncate(copy.heap, 100 * BLOCK);
    },
    ends: [1, 'failed'],
    found: ['is-sound'],
    says: /'public\.orders': an index knows 32000 rows, the table holds \d+/,
  },
  'a flipped byte in a table': {
    of: '01-opening',
    damage: async (copy) => {
      await withoutManifest(copy);
      await flipByte(copy.heap, 3 * BLOCK - 100);
    },
    ends: [1, 'failed'],
    found: ['is-sound'],
    says: /'public\.orders': data_corrupted \(XX001\) in block 2/,
  },
  'a flipped byte in an index': {
    of: '01-opening',
    damage: async (copy) => {
      await withoutManifest(copy);
      await flipByte(copy.index, 2 * BLOCK - 100);
    },
    ends: [1, 'failed'],
    found: ['is-sound'],
    says: /'public\.orders_pkey': data_corrupted \(XX001\) in block 1/,
  },
  'no WAL in the backup, and no archive': {
    of: '01-opening',
    damage: async ({ backup }) => emptyFolder(join(backup, 'pg_wal')),
    ends: [1, 'failed'],
    found: ['restore:orders restore/wal-missing'],
    says: /WAL segment '[0-9A-F]{24}', which the backup needs/,
  },
  'an archived segment that cannot be read, since it lies on a disk that is not mounted': {
    of: '03-noon',
    to: 'latest',
    damage: async ({ wal }) => {
      const [first = ''] = await archive(wal, 3);
      await rm(join(wal, first));
      await symlink(join('/nowhere', first), join(wal, first));
    },
    ends: [3, 'inconclusive'],
    found: ['restore:orders restore/wal-archive-unreadable'],
    says: /ENOENT/,
  },
  'an archive with a gap': {
    of: '03-noon',
    to: 'latest',
    damage: async ({ wal }) => {
      const names = await archive(wal, 4);
      await rm(join(wal, names[2] ?? ''));
    },
    ends: [1, 'failed'],
    found: ['restore:orders restore/wal-gap'],
    says: /WAL segment '[0-9A-F]{24}' is missing from the archive/,
  },
  'a login with a wrong password': {
    of: '03-noon',
    damage: nothing,
    checks: `${CHECKS}
  - { smoke: the app can log in, of: orders, kind: login, user: postgres, password: { env: WRONG } }`,
    ends: [1, 'failed'],
    found: ['the-app-can-log-in'],
    says: /invalid_password/,
  },
  'a major of which there is no server': {
    of: '01-opening',
    damage: async (copy) => {
      await withoutManifest(copy);
      await writeFile(join(copy.backup, 'PG_VERSION'), '14\n');
    },
    ends: [3, 'inconclusive'],
    found: ['restore:orders restore/no-postgres-major'],
    says: /no PostgreSQL 14 server/,
  },
  'a compression that cannot be read': {
    of: '03-noon',
    damage: async ({ backup }) => rename(join(backup, 'base.tar.gz'), join(backup, 'base.tar.lz4')),
    ends: [3, 'inconclusive'],
    found: ['restore/unsupported-compression'],
    says: /base\.tar\.lz4' is compressed in a way that is not supported/,
  },
  'an archive cut off before its label': {
    of: '03-noon',
    damage: async ({ backup }) => truncate(join(backup, 'base.tar.gz'), 100),
    ends: [1, 'failed'],
    found: ['restore/archive-damaged'],
    says: /base\.tar\.gz/,
  },
};

interface Printed {
  readonly verdict: string;
  readonly problems: readonly { code: string; message: string; hint: string; where?: string }[];
  readonly checks: readonly { id: string; outcome: string; observed: string; because?: string }[];
  readonly teardown: { readonly outcome: string; readonly left: readonly unknown[] };
}

let estate: RealEstate;
let files: { readonly heap: string; readonly index: string };

beforeAll(async () => {
  estate = await emptyEstate();
  files = await filesOfOrders();
});
afterEach(async () => {
  await rm(join(estate.folder, 'source'), { recursive: true, force: true });
});
afterAll(async () => {
  await estate.remove();
});

test.each(Object.entries(faults).filter((_, index) => isWhole || index % 6 === 0))(
  '%s is found by a drill, which leaves nothing',
  async (_name, fault) => {
    const { of, to, checks = CHECKS, ends, says } = fault;
    const source = await damagedSource(fault);
    const change = { pick: `base/${of}`, source, checks, ...(to === undefined ? {} : { to }) };
    const { code, report, stderr } = await drill('fault', change);
    const failed = report.checks.filter(({ outcome }) => outcome === 'failed');
    const found = [
      ...report.problems.map(({ where, code }) => (where === undefined ? code : `${where} ${code}`)),
      ...failed.map(({ id }) => id),
    ];
    expect([code, report.verdict, found], stderr).toEqual([...ends, fault.found]);
    expect(report.problems[0]?.message ?? failed[0]?.because).toMatch(says);
    for (const { hint } of report.problems) expect(hint).toMatch(/^[A-Z].*\.$/);
    expect(report.teardown).toMatchObject({ outcome: 'clean', left: [] });
    expect(await tracesOf(estate.folder)).toEqual([]);
  },
);

test('what cannot be restored is listed with its reason, its code and what to do about it', async () => {
  const source = await damagedSource(faults['a compression that cannot be read']);
  const { stdout } = await estate.drillbook(['recovery-points', source]);
  expect(stdout).toMatch(
    /base\/03-noon {2}not usable: .* \[restore\/unsupported-compression\]\n {4}hint: Decompress it, .*\.\n/,
  );
});

async function damagedSource(fault: Fault | undefined): Promise<string> {
  if (fault === undefined) throw new Error('no such fault');
  const source = join(estate.folder, 'source');
  const backup = join(source, 'base', fault.of);
  await cp(join(SAMPLE, 'base', fault.of), backup, { recursive: true, preserveTimestamps: true });
  const { heap, index } = files;
  await fault.damage({ backup, wal: join(source, 'wal'), heap: join(backup, heap), index: join(backup, index) });
  return source;
}

async function drill(name: string, change: Parameters<RealEstate['runbook']>[1]) {
  const runbook = await estate.runbook(name, change);
  // No system's server is looked for in its usual places, so that a major is missing on every machine.
  const env = { ...process.env, DRILLBOOK_POSTGRES_DIRS: '', WRONG: 'not-the-password' };
  const { code, stdout, stderr } = await estate.drillbook(['run', runbook, '--json'], { env });
  return { code, stderr, report: JSON.parse(stdout) as Printed };
}

/** Where they lie below a backup, as an undamaged copy tells, of which the same checks find nothing. */
async function filesOfOrders(): Promise<typeof files> {
  const query = "select concat_ws(' ', pg_relation_filepath('orders'), pg_relation_filepath('orders_pkey'))";
  const where = `{ smoke: where, of: orders, kind: sql, query: "${query}", expect: { matches: ' base/' }, reveal: true }`;
  const { report, stderr } = await drill('undamaged', {
    pick: 'base/01-opening',
    source: SAMPLE,
    checks: `${CHECKS}\n  - ${where}`,
  });
  expect(report.verdict, stderr).toBe('passed');
  const told = report.checks.find(({ id }) => id === 'where')?.observed ?? '';
  const [, heap = '', index = ''] = /"(\S+) (\S+)"/.exec(told) ?? [];
  return { heap, index };
}

async function nothing(): Promise<void> {}

/** Restoring compares with the manifest; without it the damage is left to the checks. */
async function withoutManifest({ backup }: Copy): Promise<void> {
  await rm(join(backup, 'backup_manifest'));
}

/** Puts into an archive the first segments that '03-noon' is followed by, and gives their names in order. */
async function archive(wal: string, count: number): Promise<readonly string[]> {
  const names = (await readdir(join(SAMPLE, 'wal'))).sort();
  const first = names.filter((name) => name.endsWith('.backup'))[2]?.slice(0, 24) ?? '';
  const segments = names.filter((name) => name.length === 24 && name >= first).slice(0, count);
  await mkdir(wal);
  for (const name of segments) await copyFile(join(SAMPLE, 'wal', name), join(wal, name), constants.COPYFILE_FICLONE);
  return segments;
}

async function emptyFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true });
  await mkdir(folder);
}

async function flipByte(file: string, at: number): Promise<void> {
  await overwrite(file, at, (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0xff)), 1);
}
