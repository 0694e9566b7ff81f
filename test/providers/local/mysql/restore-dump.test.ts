import type { ChildProcess } from 'node:child_process';
import { chmod, cp, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { observeMysql } from '../../../../src/probe/mysql/observe.ts';
import type { DatabaseRequest, Observation } from '../../../../src/probe/observation.ts';
import type { Problem } from '../../../../src/diagnostics/problem.ts';
import { ProblemError } from '../../../../src/diagnostics/problem-error.ts';
import { lookAtDump } from '../../../../src/providers/local/mysql/dump-file.ts';
import { type LoadFacts, loadDump } from '../../../../src/providers/local/mysql/load-dump.ts';
import { layoutOf } from '../../../../src/providers/local/worker/folder-layout.ts';
import { findProcesses } from '../../../../src/providers/local/sandbox/processes.ts';
import { textsBelow, treeHash } from '../../../support/tree-hash.ts';
import { type Estate, ROW, program, startEstate } from './estate.ts';
import {
  ask,
  end,
  endAllWorkers,
  factsOf,
  observe,
  pointOf,
  restoreInto,
  settled,
  startWorker,
  writeRequest,
} from './worker.ts';
import { casesFor, wholeTest } from '../../../support/whole.ts';

const CONTENTS: DatabaseRequest = { kind: 'contents', database: 'shop', bounded: [] };

let lab: string;
let source: string;
let estate: Estate;
let living: Observation;
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

beforeAll(async () => {
  if (program === undefined) return;
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  source = join(lab, 'source');
  estate = await startEstate();
  await estate.dump(join(source, 'shop.sql'));
  await estate.dump(join(source, 'all.sql.gz'), ['--routines', '--events', '--flush-privileges'], ['--all-databases']);
  await estate
    .dump(join(source, 'nameless.sql'), ['--routines', '--single-transaction', '--master-data=1'], ['shop'])
    .catch(
      // A server without a binary log has no position to tell.
      () => estate.dump(join(source, 'nameless.sql'), ['--routines', '--single-transaction'], ['shop']),
    );
  const account = { user: 'root', password: '', database: 'shop', statementTimeout: 60_000 };
  const socketPath = join(dirname(estate.server.dataFolder), 'socket');
  living = await observeMysql({ socketPath, ...account }, CONTENTS, AbortSignal.timeout(60_000));
});

afterEach(endAllWorkers);

afterAll(async () => {
  if (program === undefined) return;
  await estate.server.dispose();
  await rm(lab, { recursive: true, force: true });
});

describe.skipIf(program === undefined)('a restored dump', () => {
  const restores = [
    ['shop.sql', 'L0'],
    ['all.sql.gz', 'L2'],
    ['shop.sql', 'L1'],
  ] as const;
  it.each(casesFor(restores, 2))(
    'holds of %s all that was dumped, row by row and definition by definition, at %s',
    async (id, level) => {
      const folder = freshFolder();
      const before = await treeHash(source);
      const state = await restoreInto(folder, await pointOf(source, id), { level });
      const facts = factsOf(state);
      expect(await observe(folder, CONTENTS)).toEqual(living);
      expect(await ask(folder, 'select next_not_cached_value from shop.numbers')).toBe(1007);
      expect(await ask(folder, 'select n from shop.haunted')).toBe(2000);
      expect(await ask(folder, 'select count(*) from shop.log')).toBe(3);
      expect(await observe(folder, { kind: 'tcp' })).toEqual({ kind: 'tcp', accepted: true });
      expect(await observe(folder, { kind: 'foreign-keys', database: 'shop' })).toMatchObject({
        keysChecked: 1,
        rows: 2000,
        orphans: [],
      });
      expect(facts.engineVersion).toMatch(/^MariaDB \d+\.\d+\.\d+$/);
      expect(facts.spans.map(({ name }) => name)).toEqual(['load the dump', 'start the server']);
      expect(facts.bytesRestored).toBe((await stat(join(source, id))).size);
      expect(await treeHash(source)).toBe(before);
    },
  );

  it('lies in its own database although the dump names none, and lacks the accounts that it runs as', async () => {
    const folder = freshFolder();
    const facts = factsOf(await restoreInto(folder, await pointOf(source, 'nameless.sql')));
    expect(await ask(folder, 'select count(*) from shop.orders')).toBe(2000);
    expect(facts.warnings).toMatchObject([{ code: 'restore/definers-missing' }]);
    expect(facts.warnings[0]?.message).toContain("'ghost@%'");
    expect(
      await ask(folder, "select json_value(priv, '$.account_locked') from mysql.global_priv where user = 'ghost'"),
    ).toBe('1');
  });

  it('can only be reached with a password that only its owner reads, and does nothing by itself', async () => {
    const folder = freshFolder();
    await restoreInto(folder, await pointOf(source, 'shop.sql'));
    expect((await stat(join(folder, 'credentials.json'))).mode & 0o777).toBe(0o600);
    const { password } = JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8')) as { password: string };
    for (const [file, text] of await textsBelow(folder)) {
      if (file.startsWith(join(folder, 'data')) || file.endsWith('credentials.json')) continue;
      expect([file, text.includes(password), text.includes(ROW)]).toEqual([file, false, false]);
    }
    expect(await ask(folder, "select count(*) from information_schema.events where status = 'ENABLED'")).toBe(1);
    expect(await ask(folder, 'select @@event_scheduler')).toBe('OFF');
    expect(await ask(folder, 'select @@skip_networking + 0')).toBe(1);
    expect(await ask(folder, "select load_file('/etc/hostname') is null")).toBe(1);
    await writeFile(join(folder, 'credentials.json'), JSON.stringify({ user: 'drillbook-probe', password: 'guess' }));
    expect(await observe(folder, { kind: 'login', database: 'shop' })).toMatchObject({ accepted: false });
  });

  wholeTest('is reached although the path of its folder is long', async () => {
    const folder = join(freshFolder(), 'long-'.repeat(30));
    factsOf(await restoreInto(folder, await pointOf(source, 'shop.sql')));
    expect(await ask(folder, 'select count(*) from shop.orders')).toBe(2000);
  });
});

describe.skipIf(program === undefined)("the worker of a dump's restore", () => {
  it.each([
    ['while it loads', 'data/shop', 'needed'],
    ['when the dump is loaded', 'done-load-the-dump.json', 'not needed'],
  ])('killed %s, gives the same restore with one finished load', async (_, sign, backup) => {
    const folder = freshFolder();
    const location = join(lab, `rotated-${folders}.sql`);
    await cp(join(source, 'shop.sql'), location);
    await writeRequest(folder, { ...(await pointOf(source, 'shop.sql')), location }, 'L0');
    const killed = startWorker(folder);
    while (!(await stat(join(folder, sign)).catch(() => undefined))) await new Promise(setImmediate);
    await end(killed, 'SIGKILL');
    await rm(join(folder, 'state.json'), { force: true });
    if (backup === 'not needed') await rm(location);
    factsOf(await settled(folder, startWorker(folder)));
    expect(await observe(folder, CONTENTS)).toEqual(living);
    expect(JSON.parse(await readFile(join(folder, 'done-load-the-dump.json'), 'utf8'))).toMatchObject({ times: 1 });
  });

  wholeTest('leaves no server when it is told to end', async () => {
    const folder = freshFolder();
    await writeRequest(folder, await pointOf(source, 'shop.sql'), 'L2');
    const worker = startWorker(folder);
    await settled(folder, worker);
    expect((await findProcesses(folder)).length).toBeGreaterThan(0);
    expect(await end(worker)).toBe(0);
    expect(await findProcesses(folder)).toEqual([]);
    expect(await readdir(join(folder, 'socket'))).toEqual([]);
  });

  it('says so when the backup is gone', async () => {
    const point = { ...(await pointOf(source, 'shop.sql')), location: join(lab, 'gone.sql') };
    expect(await restoreInto(freshFolder(), point)).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/source-unreadable', blames: 'environment' },
    });
  });
});

/** Loads a changed dump into the server of a restore that is at work: what it comes to, or why it fails. */
async function reload(folder: string, file: string): Promise<LoadFacts | Problem> {
  const looked = await lookAtDump(file);
  if ('problem' in looked) return looked.problem;
  const context = { layout: layoutOf(folder), signal: AbortSignal.timeout(60_000), progress: () => {} };
  const server = looked.dump.engine;
  return loadDump(context, { file, dump: looked.dump, server, database: 'shop' }).catch((error: unknown) => {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  });
}

describe.skipIf(program === undefined)('a dump that is not what it was', () => {
  let folder: string;
  let worker: ChildProcess;
  let text: string;

  beforeAll(async () => {
    if (program === undefined) return;
    folder = freshFolder();
    await writeRequest(folder, await pointOf(source, 'shop.sql'));
    worker = startWorker(folder, { ends: 'by hand' });
    factsOf(await settled(folder, worker));
    text = await readFile(join(source, 'shop.sql'), 'latin1');
  });

  afterAll(() => (program === undefined ? undefined : end(worker)));

  const inject =
    (line: string): ((whole: string) => string) =>
    (whole) =>
      whole.replace('\nLOCK TABLES', `\n${line}\nLOCK TABLES`);

  it.each([
    ['cut in a row', (whole) => whole.slice(0, whole.indexOf(`${ROW} 500`)), 'restore/dump-truncated', 'backup'],
    ['without its end', (whole) => whole.replace(/\n-- Dump completed.*\n$/, '\n'), 'restore/dump-truncated', 'backup'],
    ['with a command to the client', inject('system touch TRACE'), 'restore/unsafe-dump', 'backup'],
    ['with a shell command', inject('\\! touch TRACE'), 'restore/unsafe-dump', 'backup'],
    [
      'with a file to read',
      inject("LOAD DATA INFILE '/etc/hosts' INTO TABLE `log`;"),
      'restore/unsafe-dump',
      'environment',
    ],
    [
      'with a statement that is none',
      inject('INSERT INT `customers` VALUES (canary);'),
      'restore/statement-failed',
      'backup',
    ],
    [
      'with a row twice',
      (whole) => whole.replace("(4,'')", "(4,'canary'),(4,'')"),
      'restore/statement-failed',
      'backup',
    ],
    [
      'with a table elsewhere',
      (whole) => whole.replace('ENGINE=Aria', "ENGINE=FEDERATED CONNECTION='mysql://127.0.0.1/x/y'"),
      'restore/unsafe-dump',
      'environment',
    ],
    [
      'with an engine that is not here',
      (whole) => whole.replace('ENGINE=Aria', 'ENGINE=ROCKSDB'),
      'restore/engine-missing',
      'environment',
    ],
  ] as const satisfies readonly (readonly [string, (whole: string) => string, string, string])[])(
    '%s fails by its kind, and by no word of it',
    async (name, change, code, blames) => {
      const trace = join(lab, 'trace');
      const file = join(lab, `${name.replaceAll(' ', '-')}.sql.gz`);
      await writeFile(file, gzipSync(Buffer.from(change(text).replace('TRACE', trace), 'latin1')));
      const problem = await reload(folder, file);
      expect(problem).toMatchObject({ code, blames });
      expect(JSON.stringify(problem)).not.toContain('canary');
      await expect(stat(trace)).rejects.toThrow();
    },
  );

  it('but holds orders to production is loaded without them, and says so', async () => {
    const file = join(lab, 'production.sql');
    const orders = [
      "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=1;",
      'START SLAVE;',
      'SET GLOBAL general_log=1;',
    ];
    await writeFile(file, inject(orders.join('\n'))(text), 'latin1');
    expect(await reload(folder, file)).toMatchObject({ leftOut: { replication: 2, 'global settings': 1 } });
    expect(await ask(folder, 'select @@general_log')).toBe(0);
    expect(await ask(folder, "select count(*) from information_schema.processlist where user = 'system user'")).toBe(0);
    expect(await ask(folder, 'select count(*) from shop.orders')).toBe(2000);
  });

  it.each([
    ['flipped', (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === 20_000 ? byte ^ 1 : byte)))],
    ['missing', (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
  ] as const)('compressed, with a byte %s, is damaged', async (name, change) => {
    const file = join(lab, `${name}.sql.gz`);
    await writeFile(file, change(gzipSync(Buffer.from(text, 'latin1'))));
    expect(await reload(folder, file)).toMatchObject({
      code: expect.stringMatching(/restore\/(?:dump-corrupted|dump-truncated|statement-failed)/) as string,
      blames: 'backup',
    });
  });
});
