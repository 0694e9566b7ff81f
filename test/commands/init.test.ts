import { writeFileSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type InitOptions, initCommand } from '../../src/commands/init.ts';
import { parseRunbook } from '../../src/runbook/parse-runbook.ts';
import { tarGzOf } from '../providers/local/files/file-sets.ts';
import { treeHash } from '../support/tree-hash.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const NOW = '2026-11-20T12:00:00.000Z';

let place: Workplace;

beforeEach(async () => {
  place = await workplace();
});
afterEach(async () => {
  await place.remove();
});

/** Writes files below `backups`, each of the moment that is given. */
async function backups(files: Readonly<Record<string, string | Buffer>>, at = '2026-11-20T03:00:00Z'): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(place.cwd, 'backups', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    for (let one = path; one !== join(place.cwd, 'backups'); one = dirname(one)) {
      await utimes(one, new Date(at), new Date(at));
    }
  }
}

async function init(options: InitOptions = {}, folder = 'backups'): Promise<number> {
  return initCommand(folder, options, place.io, NOW);
}

async function written(file = 'runbooks/backups.yaml') {
  const text = await readFile(join(place.cwd, file), 'utf8');
  const parsed = parseRunbook({ text, file: join(place.cwd, file), sandboxFolder: '/sandboxes' });
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.diagnostics));
  const resources = parsed.runbook.restore.map(({ name, kind, source }) => [
    name,
    kind,
    source.slice(place.cwd.length),
  ]);
  return { text, runbook: parsed.runbook, resources };
}

/** A plain dump of PostgreSQL. */
function dump(more = ''): string {
  return [
    '--\n-- PostgreSQL database dump\n--\n',
    '-- Dumped from database version 15.18\n-- Dumped by pg_dump version 15.18\n',
    more,
    '--\n-- PostgreSQL database dump complete\n--\n',
  ].join('\n');
}

function mysqlDump(database: string): string {
  return [
    '-- MariaDB dump 10.19  Distrib 10.11.14-MariaDB, for debian-linux-gnu (x86_64)',
    '--',
    `-- Host: localhost    Database: ${database}`,
    '-- ------------------------------------------------------',
    '-- Server version\t10.11.14-MariaDB-0+deb12u2',
    'CREATE TABLE t (a int);',
    '-- Dump completed on 2026-11-20  3:00:00',
    '',
  ].join('\n');
}

/** The first page of an empty database: header of SQLite's file format, and an empty root of its schema. */
function sqlite(): Buffer {
  const page = Buffer.alloc(4096);
  page.write('SQLite format 3\0', 'latin1');
  page.writeUInt16BE(4096, 16);
  Buffer.from([1, 1, 0, 64, 32, 32]).copy(page, 18);
  page.writeUInt32BE(1, 28);
  page.writeUInt32BE(4, 44);
  page.writeUInt32BE(1, 56);
  page.writeUInt32BE(3_045_001, 96);
  page.writeUInt8(13, 100);
  page.writeUInt16BE(4096, 105);
  return page;
}

describe('a runbook from a folder', () => {
  it('of dumps restores them, and reads nothing more than it must', async () => {
    await backups({ 'shop-1.sql': dump('CREATE DATABASE shop WITH TEMPLATE = template0;\n') }, '2026-11-18T03:00:00Z');
    await backups({ 'shop-2.sql.gz': gzipSync(dump('CREATE DATABASE shop WITH TEMPLATE = template0;\n')) });
    const before = await treeHash(join(place.cwd, 'backups'));
    expect(await init({ name: 'shop' }), place.stderr()).toBe(0);
    const { runbook, text } = await written('runbooks/shop.yaml');
    expect(runbook.restore).toMatchObject([
      { name: 'backups', kind: 'postgres-dump', database: 'shop', recoveryPoint: { pick: { kind: 'random' } } },
    ]);
    expect(runbook.checks.map(({ kind, purpose }) => [kind, purpose])).toEqual([
      ['login', 'smoke'],
      ['structure', 'integrity'],
    ]);
    expect(runbook.objectives).toEqual({
      rto: { target: 900_000, until: 'verified' },
      rpo: { target: 3 * 86_400_000 },
    });
    expect(text).toContain('# Any of the 2 from 2026-11-18 03:00 UTC to 2026-11-20 03:00 UTC');
    expect(await treeHash(join(place.cwd, 'backups'))).toBe(before);
  });

  it('of dumps of MySQL looks into the database that they name', async () => {
    await backups({ 'a.sql': mysqlDump('crm') });
    expect(await init(), place.stderr()).toBe(0);
    expect((await written()).runbook.restore).toMatchObject([{ kind: 'mysql', database: 'crm' }]);
    expect(place.stderr()).toBe('');
  });

  it('of copies of SQLite asks for their structure', async () => {
    await backups({ 'app.db': sqlite() });
    expect(await init(), place.stderr()).toBe(0);
    const { runbook } = await written();
    expect([runbook.restore[0]?.kind, runbook.checks.map(({ kind }) => kind)]).toEqual(['sqlite', ['structure']]);
  });

  it('of folders of files asks for nine tenths of the files of the newest', async () => {
    const files = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`2026-11-20/a/${index}.jpg`, 'x']));
    await backups({ '2026-11-18/only.jpg': 'x' }, '2026-11-18T03:00:00Z');
    await backups(files);
    expect(await init(), place.stderr()).toBe(0);
    const { runbook } = await written();
    expect(runbook.checks).toMatchObject([{ kind: 'files', atLeast: 18 }]);
  });

  it('of files says nothing of a script among them', async () => {
    await backups({ '2026-11-20/schema.sql': 'create table t ();' });
    expect(await init(), place.stderr()).toBe(0);
    expect((await written()).resources).toEqual([['backups', 'files', '/backups']]);
    expect(place.stderr()).toBe('');
  });

  it('of files takes an empty one among them for no dump', async () => {
    await backups({ '2026-11-20/a/index.html': 'x', '2026-11-20/a/seed.sql': '', '2026-11-20/a/old.dump': '' });
    expect(await init(), place.stderr()).toBe(0);
    expect((await written()).resources).toEqual([['backups', 'files', '/backups']]);
    expect(place.stderr()).toBe('');
  });

  it('of nothing but empty dumps is none', async () => {
    await backups({ 'shop.sql': '' });
    expect(await init()).not.toBe(0);
    expect(place.stderr()).toContain('shop.sql');
  });

  it('of archives asks for a file', async () => {
    await backups({ 'media.tar.gz': await tarGzOf([{ name: 'a', text: 'a' }]) });
    expect(await init(), place.stderr()).toBe(0);
    expect((await written()).runbook.checks).toMatchObject([{ kind: 'files', atLeast: 1 }]);
  });

  it('of services restores each, under names that are safe and no two alike', async () => {
    await backups({
      'Größe & Maß/a.sql': dump(),
      'größe maß/a.sql': dump(),
      'media/2026-11-20/a.jpg': 'a',
      'app/app.db': sqlite(),
      '1/notes.txt': 'files beside services, but of a day or an hour by the name',
    });
    expect(await init(), place.stderr()).toBe(0);
    expect((await written()).resources).toEqual(
      [
        ['grosse-mass', 'postgres-dump', '/backups/Größe & Maß'],
        ['app', 'sqlite', '/backups/app'],
        ['grosse-mass-2', 'postgres-dump', '/backups/größe maß'],
        ['media', 'files', '/backups/media'],
      ].sort(([, , a = ''], [, , b = '']) => (a < b ? -1 : 1)),
    );
    expect(place.stderr()).toMatch(/^left out: 'backups\/1': files beside backups of another kind/m);
  });

  it('of several kinds restores each, named after both', async () => {
    await backups({ 'a.sql': dump(), 'app.db': sqlite(), 'media.tar.gz': await tarGzOf([{ name: 'a', text: 'a' }]) });
    expect(await init(), place.stderr()).toBe(0);
    expect((await written()).resources.map(([name]) => name)).toEqual([
      'backups-postgres-dump',
      'backups-sqlite',
      'backups-files',
    ]);
    expect((await written()).text).toContain('# groups:');
  });

  it('of backups by day, in folders that only say when, is one resource', async () => {
    await backups({ '2026-11-19/shop.sql': dump(), '2026-11-20/shop.sql': dump(), 'weekly/shop.sql': dump() });
    expect(await init(), place.stderr()).toBe(0);
    expect((await written()).resources).toEqual([['backups', 'postgres-dump', '/backups']]);
  });

  it('never takes a base backup or its parts for files, even where it cannot be used', async () => {
    await backups({ 'monday/base.tar.zst': 'x', 'media/2026-11-20/a.jpg': 'a' });
    expect(await init(), place.stderr()).toBe(0);
    expect((await written()).resources).toEqual([['media', 'files', '/backups/media']]);
    expect(place.stderr()).toMatch(/^not usable: 'backups\/monday': .*\[restore\/unsupported-compression\]$/m);
  });

  it('of a dump that was cut off tells so, and restores the others', async () => {
    await backups({ 'shop/good.sql': dump(), 'shop/cut.sql': dump().slice(0, 90) });
    expect(await init(), place.stderr()).toBe(0);
    expect(place.stderr()).toMatch(/^not usable: 'backups\/shop\/cut.sql': .*\[restore\/dump-truncated\]\n$/);
  });
});

describe('a runbook from a repository', () => {
  it('of restic says where its password is to lie, and tells that it does not yet', async () => {
    const names = ['config', 'keys/a', 'snapshots/a', 'data/00', 'index/a'];
    await backups(Object.fromEntries(names.map((name) => [`vault/${name}`, 'x'])));
    expect(await init(), place.stderr()).toBe(0);
    const { runbook } = await written();
    const file = join(place.cwd, 'secrets', 'vault');
    expect(runbook.restore).toMatchObject([
      { name: 'vault', kind: 'files', repository: { tool: 'restic', password: { file } } },
    ]);
    expect(place.stderr()).toMatch(/password of the repository of 'vault' is not in 'secrets\/vault' yet/);
  });

  it('of pgBackRest restores every stanza, with a passphrase where it is encrypted', async () => {
    await backups({
      'backup/main/backup.info': '[backrest]\n',
      'backup/vault/backup.info': 'Salted__1234',
      'backup/none/other': 'x',
      'archive/main/archive.info': 'x',
    });
    expect(await init(), place.stderr()).toBe(0);
    const { runbook } = await written();
    expect(runbook.restore.map(({ name, kind }) => [name, kind])).toEqual([
      ['main', 'postgres'],
      ['vault', 'postgres'],
    ]);
    const passphrases = runbook.restore.map((one) => 'repository' in one && 'passphrase' in (one.repository ?? {}));
    expect(passphrases).toEqual([false, true]);
  });
});

describe('init', () => {
  it('prints the path and the next three commands', async () => {
    await backups({ 'a.sql': dump() });
    await init({ output: "it's mine.yaml" });
    const file = String.raw`'it'\''s mine.yaml'`;
    const commands = ['validate', 'plan', 'run'].map((verb) => `  npx drillbook ${verb} ${file}\n`);
    expect(place.stdout()).toBe(`it's mine.yaml\n${commands.join('')}`);
    expect(await readdir(place.cwd)).toContain("it's mine.yaml");
  });

  it('prints one JSON document with --json', async () => {
    await backups({ 'a.sql': dump(), 'cut.sql': dump().slice(0, 90) });
    expect(await init({ json: true })).toBe(0);
    expect(JSON.parse(place.stdout())).toMatchObject({
      file: 'runbooks/backups.yaml',
      runbook: 'backups',
      resources: [{ name: 'backups', kind: 'postgres-dump', source: '../backups', points: 1 }],
      unusable: [{ path: 'backups/cut.sql', code: 'restore/dump-truncated' }],
    });
  });

  it('writes over nothing that somebody else wrote while it looked around', async () => {
    await backups({ 'a.sql': dump(), 'cut.sql': dump().slice(0, 90) });
    const file = join(place.cwd, 'runbooks', 'backups.yaml');
    // Told when all is found, and before anything is written.
    const stderr = (text: string): void => {
      place.io.stderr(text);
      writeFileSync(file, 'theirs');
    };
    expect(await initCommand('backups', {}, { ...place.io, stderr }, NOW)).toBe(2);
    expect(place.stderr()).toContain('[init/already-there]');
    expect(await readFile(file, 'utf8')).toBe('theirs');
  });

  it('writes over nothing without --force, and whole with it', async () => {
    await backups({ 'a.sql': dump() });
    const file = await place.runbook('backups');
    const before = await readFile(join(place.cwd, file), 'utf8');
    expect(await init()).toBe(2);
    expect(place.stderr()).toMatch(
      /'runbooks\/backups.yaml' is already there \[init\/already-there\]\nhint: .*--force/,
    );
    expect(await readFile(join(place.cwd, file), 'utf8')).toBe(before);
    expect(await init({ force: true })).toBe(0);
    expect((await written()).resources).toHaveLength(1);
    expect(await readdir(join(place.cwd, 'runbooks'))).toEqual(['backups.yaml']);
    await mkdir(join(place.cwd, 'folder.yaml'));
    expect(await init({ force: true, output: 'folder.yaml' })).toBe(2);
  });

  it('names the schema where the checkout has it', async () => {
    await backups({ 'a.sql': dump() });
    await mkdir(join(place.cwd, 'schema'));
    await writeFile(join(place.cwd, 'schema', 'runbook.schema.json'), '{}');
    await init();
    expect((await written()).text).toMatch(/^# yaml-language-server: \$schema=\.\.\/schema\/runbook\.schema\.json\n/);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['empty', {}],
    ['of what is no backup', { 'cut.sql': dump().slice(0, 90) }],
    ['of an unusable base backup', { 'monday/base.tar.zst': 'x' }],
  ])('writes nothing for a folder that is %s: exit 2, with what was looked for', async (_name, files) => {
    await backups(files);
    expect(await init()).toBe(2);
    expect(place.stderr()).toMatch(/\[init\/nothing-found\]\nhint: Looked for base backups of PostgreSQL, dumps/);
    expect(await readdir(join(place.cwd, 'runbooks'))).toEqual([]);
  });

  it('says of a file and of nothing at all that it is no folder', async () => {
    await backups({ 'a.sql': dump() });
    expect(await init({}, 'backups/a.sql')).toBe(2);
    expect(await init({}, 'nowhere')).toBe(2);
    expect(place.stderr()).toMatch(/a\.sql' cannot be read: it is no folder \[init\/folder-unreadable\]/);
    expect(place.stderr()).toMatch(/nowhere' cannot be read: ENOENT/);
  });

  it.skipIf(process.getuid?.() === 0)('tells of a folder that it cannot read, and of one below', async () => {
    await backups({ 'good/a.sql': dump(), 'closed/a.sql': dump() });
    await chmod(join(place.cwd, 'backups', 'closed'), 0);
    expect(await init(), place.stderr()).toBe(0);
    expect(place.stderr()).toMatch(/^not usable: 'backups\/closed': .*EACCES/m);
    await chmod(join(place.cwd, 'backups', 'closed'), 0o700);
    await chmod(join(place.cwd, 'backups'), 0);
    expect(await init({ name: 'other' })).toBe(2);
    expect(place.stderr()).toMatch(/backups' cannot be read: EACCES \[init\/folder-unreadable\]/);
    await chmod(join(place.cwd, 'backups'), 0o700);
  });

  it('takes a name only where it is one', async () => {
    await backups({ 'a.sql': dump() });
    expect(await init({ name: '../Shop' })).toBe(2);
    expect(place.stderr()).toMatch(/'\.\.\/Shop' is no name of a runbook \[init\/bad-name\]\nhint: .*--name shop\.$/m);
  });

  it('says when it cannot write, with nothing left', async () => {
    await backups({ 'a.sql': dump() });
    expect(await init({ output: 'backups/a.sql/x.yaml' })).toBe(3);
    expect(place.stderr()).toMatch(/\[init\/unwritable\]/);
  });

  it('follows no link out of the folder', async () => {
    await backups({ 'shop/a.sql': dump() });
    await symlink('/', join(place.cwd, 'backups', 'root'));
    expect(await init(), place.stderr()).toBe(0);
    expect((await written()).resources).toEqual([['shop', 'postgres-dump', '/backups/shop']]);
    expect((await stat(join(place.cwd, 'runbooks', 'backups.yaml'))).mode & 0o022).toBe(0);
  });
});
