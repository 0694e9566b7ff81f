// Restores of PostgreSQL backups, of --gib as plain SQL, against the tools that restore by themselves.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS, bin, initialise, start, tool } from './postgres.mjs';
import { alone, drillbook, phasesOf, sideBySide, timed } from './measure.mjs';

/** pgbench makes 9.8 MB of SQL a unit of scale, in an order that is the same each time, and 15 MB of a database. */
const SCALE_OF_A_GIB = 110;

/** @returns results of all that the system's PostgreSQL can be compared with */
export async function benchRestores({ folder, gib, rounds }) {
  if (bin === undefined) throw new Error('no PostgreSQL with its tools is under /usr/lib/postgresql');
  const estate = await makeEstate(join(folder, 'source'), gib);
  const runbooks = writeRunbooks(folder, estate);
  const results = [];
  for (const [kind, bare] of [
    ['directory', ['pg_restore', '-j2', '-d', 'postgres', estate.directory]],
    ['custom', ['pg_restore', '-j2', '-d', 'postgres', estate.custom]],
    ['plain', ['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', estate.plain]],
  ]) {
    const [name, ...args] = bare;
    results.push(
      await sideBySide(`restore of a ${kind} dump against ${name}${args[0] === '-j2' ? ' -j2' : ''}`, {
        rounds,
        ours: async () => {
          const { restore, parts, memory } = await drill(runbooks[kind], folder);
          return { seconds: restore, load: parts.load, memory };
        },
        bare: () => loadBare(join(folder, 'bare'), name, args),
        reads: [estate[kind]],
        note: 'ours: the restore phase, a new cluster and a login of its own included; bare, and load: the load alone',
      }),
    );
  }
  results.push(
    await sideBySide('restore of a base backup with WAL against untar, start and replay', {
      rounds,
      ours: () => oursOf(runbooks.base, folder),
      bare: () => restoreBaseBare(join(folder, 'bare'), estate),
      reads: [estate.base, estate.archive],
      note: 'ours: copied and verified against its manifest',
    }),
    await sideBySide('copy and verification of a base backup against cp and pg_verifybackup', {
      rounds,
      ours: async () => {
        const { parts, memory } = await drill(runbooks.folder, folder);
        return { seconds: parts['copy and verify'], memory };
      },
      bare: () => verifyBare(join(folder, 'bare'), estate),
      reads: [estate.baseFolder],
    }),
    await sideBySide('structure check against pg_amcheck -j2', {
      rounds,
      ours: async () => {
        const { report, memory } = await drill(runbooks.structure, folder);
        return { seconds: report.checks.find((check) => check.kind === 'structure').seconds, memory };
      },
      bare: () => amcheckBare(join(folder, 'bare'), estate),
      note: 'ours also looks for hidden damage and at what the catalogs promise',
    }),
  );
  return [...results, await overhead(runbooks.directory, folder)];
}

async function makeEstate(folder, gib) {
  const at = (name) => join(folder, name);
  rmSync(folder, { recursive: true, force: true });
  initialise(folder, ['--data-checksums']);
  mkdirSync(at('archive'), { mode: 0o700 });
  const archive = { archive_mode: 'on', archive_command: `cp %p ${at('archive')}/%f`, max_wal_size: '4GB' };
  const server = await start(folder, { ...SETTINGS, ...archive, full_page_writes: 'on' });
  const { socket } = server;
  tool('pgbench', ['-i', '-q', '-s', String(Math.ceil(gib * SCALE_OF_A_GIB)), '-I', 'dtGvp'], { socket });
  tool('pg_basebackup', ['-D', at('base-folder'), '-Fp', '-X', 'stream', '-c', 'fast', '--no-sync'], { socket });
  tool('pg_basebackup', ['-D', at('base'), '-Ft', '-X', 'none', '-c', 'fast', '--no-sync'], { socket });
  for (const [form, name] of [
    ['d', 'directory'],
    ['c', 'custom'],
    ['p', 'plain'],
  ]) {
    mkdirSync(at(`dump-${name}`));
    tool('pg_dump', [`-F${form}`, '-f', at(`dump-${name}/shop.${form}`)], { socket });
  }
  tool('pgbench', ['-c', '2', '-t', '5000', '-n'], { socket });
  tool('psql', ['-X', '-q', '-c', 'select pg_switch_wal()'], { socket });
  await server.stop();
  return {
    folder,
    directory: at('dump-directory/shop.d'),
    custom: at('dump-custom/shop.c'),
    plain: at('dump-plain/shop.p'),
    base: at('base'),
    baseFolder: at('base-folder'),
    archive: at('archive'),
    data: at('data'),
  };
}

function writeRunbooks(folder, estate) {
  const write = (name, restore, checks) => {
    const file = join(folder, `${name}.yaml`);
    const text = [
      `runbook: ${name}`,
      'objectives: { rto: 1h, rpo: 1d }',
      'sandbox: { provider: local, expiresAfter: 2h, isolation: { minimum: L0 } }',
      'limits: { drill: 1h }',
      `restore: { shop: ${restore} }`,
      'checks:',
      ...checks.map((check) => `  - ${check}`),
    ];
    writeFileSync(file, `${text.join('\n')}\n`);
    return file;
  };
  const quick = [
    '{ integrity: there are tellers, of: shop, kind: row-counts, tables: { pgbench_tellers: { atLeast: 1 } } }',
  ];
  const dump = (name) => `{ kind: postgres-dump, source: ${join(estate.folder, `dump-${name}`)}, jobs: 2 }`;
  const base = (source) => `{ kind: postgres, source: ${source}, wal: ${estate.archive}`;
  return {
    directory: write('directory', dump('directory'), quick),
    custom: write('custom', dump('custom'), quick),
    plain: write('plain', dump('plain'), quick),
    base: write('base', `${base(estate.base)}, recoveryPoint: { pick: latest, to: latest } }`, quick),
    folder: write('folder', `${base(estate.baseFolder)} }`, quick),
    structure: write('structure', `${base(estate.baseFolder)} }`, ['{ integrity: sound, of: shop, kind: structure }']),
  };
}

async function drill(runbook, folder) {
  const ended = await drillbook(['run', runbook, '--json', '--reports', join(folder, 'reports')], folder);
  const phases = ended.stdout === '' ? undefined : phasesOf(ended.stdout);
  if (phases?.report.verdict !== 'passed')
    throw new Error(`a drill did not pass: ${phases?.report.because ?? ended.stderr}`);
  return { ...phases, memory: ended.memory };
}

async function oursOf(runbook, folder) {
  const { restore, memory } = await drill(runbook, folder);
  return { seconds: restore, memory };
}

async function loadBare(folder, name, args) {
  rmSync(folder, { recursive: true, force: true });
  initialise(folder);
  const server = await start(folder);
  const { seconds } = await timed(() => tool(name, args, { socket: server.socket }));
  await server.stop();
  rmSync(folder, { recursive: true });
  return { seconds };
}

async function restoreBaseBare(folder, { base, archive }) {
  rmSync(folder, { recursive: true, force: true });
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const { seconds, result: server } = await timed(async () => {
    execFileSync('tar', ['-xf', join(base, 'base.tar'), '-C', data, '--no-same-owner']);
    writeFileSync(join(data, 'recovery.signal'), '');
    const recovery = {
      restore_command: `cp ${archive}/%f %p`,
      recovery_target_timeline: 'latest',
      archive_mode: 'off',
    };
    return start(folder, { ...SETTINGS, ...recovery, recovery_target_action: 'promote' });
  });
  await server.stop();
  rmSync(folder, { recursive: true });
  return { seconds };
}

async function verifyBare(folder, { baseFolder }) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { seconds } = await timed(() => {
    execFileSync('cp', ['-a', baseFolder, join(folder, 'data')]);
    tool('pg_verifybackup', ['-q', '-n', join(folder, 'data')]);
  });
  rmSync(folder, { recursive: true });
  return { seconds };
}

async function amcheckBare(folder, { data }) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  cpSync(data, join(folder, 'data'), { recursive: true, preserveTimestamps: true });
  const server = await start(folder);
  tool('psql', ['-X', '-q', '-c', 'create extension if not exists amcheck'], { socket: server.socket });
  const { seconds } = await timed(() => tool('pg_amcheck', ['-j2', '-d', 'postgres'], { socket: server.socket }));
  await server.stop();
  rmSync(folder, { recursive: true });
  return { seconds };
}

/** All of a drill that is neither restore nor check. */
async function overhead(runbook, folder) {
  return alone('a drill, less its restore and its checks', {
    rounds: 3,
    limit: 1,
    ours: async () => {
      const { whole, restore, checks, memory } = await drill(runbook, folder);
      return { seconds: whole - restore - checks, memory };
    },
    note: 'selection, sandbox, proofs of isolation before and after, teardown with its listing',
  });
}
