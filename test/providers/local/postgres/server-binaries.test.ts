import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedPostgres, prepareEmbedded } from '../../../../src/providers/local/postgres/embedded-postgres.ts';
import { findServer, postgresDirsOf } from '../../../../src/providers/local/postgres/server-binaries.ts';

const run = promisify(execFile);
let lab: string;

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
});

afterAll(async () => {
  await rm(lab, { recursive: true, force: true });
});

/** A `postgres` that only says its version. */
async function fakeServer(name: string, version: string): Promise<string> {
  const dir = join(lab, name, 'bin');
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'postgres'), `#!/bin/sh\necho "postgres (PostgreSQL) ${version} (Some 12)"\n`);
  await chmod(join(dir, 'postgres'), 0o755);
  return dir;
}

describe('the server for a backup', () => {
  it('is a system one of exactly its major, first on the path and then in the given folders', async () => {
    const [older, wanted, other] = [
      await fakeServer('a', '16.4'),
      await fakeServer('b', '17.2'),
      await fakeServer('c', '17.9'),
    ];
    const found = await findServer({ major: 17, path: `${older}:${wanted}`, dirs: [other] });
    expect(found).toEqual({
      kind: 'found',
      binDir: wanted,
      version: '17.2',
      origin: 'system',
      readOnlyPaths: [join(lab, 'b')],
    });
    expect(await findServer({ major: 17, path: older, dirs: [other] })).toMatchObject({ binDir: other });
  });

  it('is the embedded one when every system one is hidden', async () => {
    const found = await findServer({ major: 18, dirs: [], path: '' });
    expect(found).toMatchObject({
      kind: 'found',
      origin: 'embedded',
      version: expect.stringMatching(/^18\./) as string,
    });
  });

  it('is none rather than another major, and the drill is then inconclusive', async () => {
    const newer = await fakeServer('d', '18.1');
    const found = await findServer({ major: 17, dirs: [newer], path: newer });
    expect(found).toMatchObject({
      kind: 'missing',
      problem: { code: 'restore/no-postgres-major', blames: 'environment' },
    });
    expect(found.kind === 'missing' && found.problem.hint).toContain('DRILLBOOK_POSTGRES_DIRS');
  });

  it('is looked for where DRILLBOOK_POSTGRES_DIRS says, nowhere when it is empty', () => {
    expect(postgresDirsOf({ DRILLBOOK_POSTGRES_DIRS: '/a:/b' })).toEqual(['/a', '/b']);
    expect(postgresDirsOf({ DRILLBOOK_POSTGRES_DIRS: '' })).toEqual([]);
    expect(postgresDirsOf({})).toBeUndefined();
  });
});

describe('the embedded server', () => {
  it('gets its links in its own folder, also from many at once and when install scripts were not run', async () => {
    const embedded = await embeddedPostgres();
    if (!embedded) throw new Error('the embedded server is not installed');
    const bare = join(lab, 'package');
    await cp(embedded.packageFolder, bare, { recursive: true, verbatimSymlinks: true });
    await removeLinks(bare);
    const binDirs = await Promise.all(
      Array.from({ length: 5 }, () => prepareEmbedded({ ...embedded, packageFolder: bare })),
    );
    expect(new Set(binDirs)).toEqual(new Set([join(bare, 'native/bin')]));
    expect((await run(join(bare, 'native/bin/postgres'), ['--version'])).stdout).toContain('18.');
  });

  it('is copied to the cache when its folder cannot be written', async () => {
    const embedded = await embeddedPostgres();
    if (!embedded) throw new Error('the embedded server is not installed');
    const bare = join(lab, 'read-only');
    await cp(embedded.packageFolder, bare, { recursive: true, verbatimSymlinks: true });
    await removeLinks(bare);
    await chmod(join(bare, 'native/lib'), 0o555);
    await chmod(lab, 0o755);
    const cache = join(lab, 'cache');
    await mkdir(cache, { mode: 0o777 });
    await chmod(cache, 0o777);
    const binDirs = await prepareAsOrdinaryUser({ packageFolder: bare, version: embedded.version, cache });
    await chmod(join(bare, 'native/lib'), 0o755);
    expect(new Set(binDirs).size).toBe(1);
    expect(binDirs[0]?.startsWith(cache)).toBe(true);
    expect(await readdir(cache)).toHaveLength(1);
    expect((await stat(join(cache, (await readdir(cache))[0] ?? ''))).mode & 0o777).toBe(0o755);
    expect((await run(join(binDirs[0] ?? '', 'postgres'), ['--version'])).stdout).toContain('18.');
  });
});

async function removeLinks(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'native/pg-symlinks.json'), 'utf8')) as { target: string }[];
  for (const { target } of links) await rm(join(root, target), { force: true });
}

/** Root may write anywhere, so the preparation runs as nobody, twice at once. */
async function prepareAsOrdinaryUser(of: { packageFolder: string; version: string; cache: string }): Promise<string[]> {
  const module = new URL('../../../../dist/providers/local/postgres/embedded-postgres.js', import.meta.url).href;
  const script = `
    const { prepareEmbedded } = await import(${JSON.stringify(module)});
    const prepare = () => prepareEmbedded(${JSON.stringify({ packageFolder: of.packageFolder, version: of.version })}, ${JSON.stringify(of.cache)});
    console.log(JSON.stringify(await Promise.all([prepare(), prepare()])));`;
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { ...identity, cwd: '/' });
  return JSON.parse(stdout) as string[];
}
