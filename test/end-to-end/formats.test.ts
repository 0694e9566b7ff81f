import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD, PASSWORD_NAME } from '../providers/local/repository/repository-worker.ts';
import { type BackupFormat, type BackupStore, takeBackups } from '../support/backup-formats.ts';
import { type RealEstate, emptyEstate, tracesOf } from '../support/real-estate.ts';
import { treeHash } from '../support/tree-hash.ts';
import { isWhole, wholeTest } from '../support/whole.ts';

/** Eight restores side by side, on two cores that others may use too. */
const PATIENCE = 300_000;

let estate: RealEstate;
let store: BackupStore;

beforeAll(async () => {
  estate = await emptyEstate();
  store = await takeBackups({ ofPostgres: isWhole });
});
afterEach(async () => {
  expect(await tracesOf(estate.folder)).toEqual([]);
  await rm(join(estate.folder, 'damaged'), { recursive: true, force: true });
});
afterAll(async () => {
  await store?.remove();
  await estate.remove();
});

interface Printed {
  readonly verdict: string;
  readonly problems: readonly { code: string; hint: string; where?: string }[];
  readonly checks: readonly { id: string; outcome: string; because?: string }[];
  readonly teardown: { readonly outcome: string; readonly left: readonly unknown[] };
}

/** Writes a runbook of these forms, validates it and drills it by the built command. */
async function drill(formats: readonly BackupFormat[], sourceOf: (format: BackupFormat) => string) {
  const restore = formats.map((one) => `  ${one.name}: { source: ${sourceOf(one)}, ${one.restore} }`);
  const checks = formats.flatMap(({ name, checks }) =>
    checks.map((check) => `  - { integrity: ${name} ${kindOf(check)}, of: ${name}, ${check} }`),
  );
  const file = join(estate.folder, 'runbooks', 'formats.yaml');
  await writeFile(file, ['runbook: formats', ...SETTINGS, 'restore:', ...restore, 'checks:', ...checks, ''].join('\n'));
  const env = { ...process.env, [PASSWORD_NAME]: PASSWORD };
  const { code, stdout, stderr } = await estate.drillbook(['run', file, '--seed', '1', '--json'], { env });
  if (stdout === '') throw new Error(stderr);
  return { code, stderr, report: JSON.parse(stdout) as Printed };
}

const SETTINGS = [
  'objectives: { rto: 30m, rpo: 1h }',
  'sandbox: { provider: local, expiresAfter: 2h, isolation: { minimum: L0 } }',
];

/** Problems as `where code`, and checks that did not pass, by their id. */
function foundIn({ problems, checks }: Printed): readonly string[] {
  return [
    // Of a tar that is cut off, it depends on who is first whether its end is missed or the row that it cuts.
    ...problems.map(({ where, code }) =>
      `${where ?? ''} ${code}`.replace(/(tar-dump .*)dump-truncated/, '$1statement-refused'),
    ),
    ...checks.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id),
  ].sort();
}

/** What is told of one form, with its name where a report has it. */
function named({ name }: BackupFormat, told: readonly string[] = []): readonly string[] {
  return told.map((one) => {
    const [where = '', code] = one.split(' ');
    if (code === undefined) return `${name}-${where}`;
    return where.startsWith('check:') ? `check:${name}-${where.slice(6)} ${code}` : `${where}:${name} ${code}`;
  });
}

function kindOf(check: string): string {
  return /^kind: ([a-z-]+)/.exec(check)?.[1] ?? '';
}

/** A copy of a sound backup with the fault of its form. */
async function damagedSource(format: BackupFormat): Promise<string> {
  const to = join(estate.folder, 'damaged', format.name);
  await mkdir(join(estate.folder, 'damaged'), { recursive: true });
  await promisify(execFile)('cp', ['-a', '--reflink=auto', store.source(format), to]);
  await format.damage(to);
  return to;
}

/** Forms that are damaged in the drill of the test command: one by its file, the others so that a check has to tell. */
const DAMAGED: readonly string[] = ['mariadb-backup', 'sqlite-with-wal', 'tar-gz', 'pgbackrest'];

test(
  'of backups of every form, drilled side by side from a runbook, the damaged ones are found and the sound ones pass',
  async () => {
    const { formats } = store;
    const places = new Map<BackupFormat, string>();
    for (const format of formats) {
      places.set(format, DAMAGED.includes(format.name) ? await damagedSource(format) : store.source(format));
    }
    const before = await Promise.all([...places.values()].map(treeHash));
    const { code, report, stderr } = await drill(formats, (format) => places.get(format) ?? '');
    expect([code, report.verdict], stderr).toEqual([1, 'failed']);
    const told = formats.flatMap((one) => named(one, DAMAGED.includes(one.name) ? one.found : one.warned));
    expect(foundIn(report)).toEqual(told.sort());
    for (const { hint } of report.problems) expect(hint).toMatch(/^[A-Z].*\.$/);
    expect(report.teardown).toMatchObject({ outcome: 'clean', left: [] });
    expect(await Promise.all([...places.values()].map(treeHash))).toEqual(before);
  },
  PATIENCE,
);

wholeTest(
  'backups of every form are drilled side by side from a runbook, and pass',
  async () => {
    const { code, report, stderr } = await drill(store.formats, store.source);
    const warned = store.formats.flatMap((format) => named(format, format.warned));
    expect([code, report.verdict, foundIn(report)], stderr).toEqual([0, 'passed', warned.toSorted()]);
    expect(report.teardown).toMatchObject({ outcome: 'clean', left: [] });
  },
  PATIENCE,
);

describe('by itself', () => {
  wholeTest(
    'each form fails its drill with its fault, and passes without it',
    async () => {
      for (const format of store.formats) {
        const source = await damagedSource(format);
        const bad = await drill([format], () => source);
        const found = [bad.code, bad.report.verdict, foundIn(bad.report)];
        expect
          .soft(found, `${format.name}: ${bad.stderr}`)
          .toEqual([1, 'failed', named(format, format.found).toSorted()]);
        const good = await drill([format], store.source);
        expect.soft([good.code, good.report.verdict], `${format.name}: ${good.stderr}`).toEqual([0, 'passed']);
      }
    },
    600_000,
  );
});
