// How fast 'history', 'coverage' and 'recovery-points --recorded' answer about many drills, and in how much memory.
//
//   npm run build && node bench/many-drills.mjs [--drills 10000] [--points 100000] [--runbooks 100] [--cli dist/cli.js]
//
// The journals are those of the golden reports, with other ids, dates, sources and candidates, and a hash chain of their
// own. Nothing here is asserted in the tests: times are this machine's. The folder is removed at the end.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    drills: { type: 'string', default: '10000' },
    points: { type: 'string', default: '100000' },
    runbooks: { type: 'string', default: '100' },
    keep: { type: 'boolean', default: false },
    cli: { type: 'string', default: 'dist/cli.js' },
  },
});
const [drills, points, runbooks] = [values.drills, values.points, values.runbooks].map(Number);
const cli = resolve(values.cli);
const golden = resolve(import.meta.dirname, '../test/golden/report');
const stories = [
  'passed',
  'passed',
  'passed',
  'failed-damaged-table',
  'inconclusive-not-restored',
  'interrupted-and-resumed',
];
const folder = mkdtempSync(join(tmpdir(), 'drillbook-bench-'));
const reports = join(folder, 'reports');
const FIRST = Date.parse('2020-01-01T00:00:00.000Z');
const DAY = 86_400_000;

/** So many recovery points are in the source's retention, and could be drawn, at each drill. */
const RETAINED = 60;

function main() {
  for (const name of ['runbooks', 'backups', 'reports']) mkdirSync(join(folder, name));
  for (let n = 0; n < runbooks; n += 1) writeFileSync(join(folder, 'runbooks', `${nameOf(n)}.yaml`), runbookText(n));
  const bytes = writeJournals();
  console.log(
    `${drills} drills, ${points} recovery points, ${runbooks} runbooks, ${Math.round(bytes / 1e6)} MB of journals`,
  );
  const commands = [
    ['history'],
    ['history', '--json'],
    ['coverage'],
    ['coverage', '--json'],
    ['recovery-points', '--recorded'],
    ['recovery-points', '--recorded', '--json'],
    ['recovery-points', '--recorded', '--source', nameOf(7), '--proven'],
  ];
  tell('cold', commands[0]);
  console.log(`index: ${Math.round(statSync(join(reports, '.index', 'drills.jsonl')).size / 1e5) / 10} MB`);
  for (const command of commands) tell('warm', command);
  appendTo(readdirSync(reports).filter((id) => !id.startsWith('.'))[0]);
  tell('one drill changed', commands[0]);
}

function nameOf(n) {
  return `service-${n}`;
}

function runbookText(n) {
  return [
    `runbook: ${nameOf(n)}`,
    `tier: ${['gold', 'silver', 'bronze'][n % 3]}`,
    'objectives: { rto: 15m, rpo: 1h }',
    'restore:',
    `  orders: { kind: postgres, source: ../backups/${nameOf(n)} }`,
    'checks:',
    '  - { integrity: every index is sound, of: orders, kind: structure }',
    '',
  ].join('\n');
}

function writeJournals() {
  const perRunbook = Math.ceil(drills / runbooks);
  const pointsEach = Math.ceil(points / runbooks);
  const templates = stories.map((story) =>
    readFileSync(join(golden, story, 'journal.jsonl'), 'utf8')
      .trim()
      .split('\n'),
  );
  let bytes = 0;
  for (let n = 0; n < drills; n += 1) {
    const [service, turn] = [n % runbooks, Math.floor(n / runbooks)];
    const last = Math.max(RETAINED, Math.round(((turn + 1) / perRunbook) * pointsEach));
    const seen = Array.from({ length: RETAINED }, (_, k) => {
      const at = last - RETAINED + k;
      return {
        id: `base/${nameOf(service)}-${String(at).padStart(6, '0')}`,
        capturedAt: new Date(FIRST + at * DAY).toISOString(),
      };
    });
    // Windows that overlap too little would leave points out that no draw ever saw: the first draw of a gap sees them.
    const from = turn === 0 ? 0 : Math.min(last - RETAINED, Math.round((turn / perRunbook) * pointsEach));
    for (let at = last - RETAINED - 1; at >= from; at -= 1) {
      seen.unshift({
        id: `base/${nameOf(service)}-${String(at).padStart(6, '0')}`,
        capturedAt: new Date(FIRST + at * DAY).toISOString(),
      });
    }
    const startedAt = FIRST + last * DAY + service * 60_000;
    const drillId = `${nameOf(service)}-${new Date(startedAt).toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase()}z-${String(n).padStart(6, '0')}`;
    const text = journal(templates[(n * 7) % templates.length], { drillId, service, seen, startedAt, n });
    mkdirSync(join(reports, drillId));
    writeFileSync(join(reports, drillId, 'journal.jsonl'), text);
    bytes += text.length;
  }
  return bytes;
}

function journal(template, { drillId, service, seen, startedAt, n }) {
  const begins = Date.parse(JSON.parse(template[0]).at);
  const was = JSON.parse(template[0]).drillId;
  let prev = '0'.repeat(64);
  const drawn = seen[(n * 13) % seen.length];
  return template
    .map((line) => {
      const moved = line
        .replaceAll(was, drillId)
        .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (at) =>
          new Date(Date.parse(at) - begins + startedAt).toISOString(),
        );
      const event = JSON.parse(moved);
      if (event.type === 'drill-started') place(event.runbook, service);
      if (event.type === 'plan-made') {
        for (const one of event.plan.resources) {
          one.spec.source = join(folder, 'backups', nameOf(service));
          Object.assign(one.point, drawn, { availableAt: drawn.capturedAt });
          one.draw.candidates = seen;
          one.draw.index = seen.indexOf(drawn);
        }
      }
      if (event.facts?.bytesRestored) event.facts.bytesRestored += n * 10_000;
      const text = JSON.stringify({ ...event, prev });
      prev = createHash('sha256').update(text).digest('hex');
      return `${text}\n`;
    })
    .join('');
}

function place(runbook, service) {
  runbook.name = nameOf(service);
  runbook.file = join(folder, 'runbooks', `${nameOf(service)}.yaml`);
  for (const spec of runbook.restore) spec.source = join(folder, 'backups', nameOf(service));
}

function appendTo(drillId) {
  const file = join(reports, drillId, 'journal.jsonl');
  const text = readFileSync(file, 'utf8');
  const last = text.trim().split('\n').at(-1);
  const { seq, epoch, at, mono } = JSON.parse(last);
  const event = {
    type: 'teardown-started',
    seq: seq + 1,
    epoch,
    at,
    mono,
    prev: createHash('sha256').update(last).digest('hex'),
  };
  writeFileSync(file, `${text}${JSON.stringify(event)}\n`);
}

const TELL_MEMORY = `data:text/javascript,process.on('exit',()=>{const u=process.resourceUsage();process.stderr.write('\\nmaxrss='+u.maxRSS+' cpu='+(u.userCPUTime+u.systemCPUTime))})`;

function tell(how, command) {
  const before = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', TELL_MEMORY, cli, ...command], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  const seconds = Number(process.hrtime.bigint() - before) / 1e9;
  const rss = Number(/maxrss=(\d+)/.exec(stderr)?.[1]) / 1024;
  const cpu = Number(/cpu=(\d+)/.exec(stderr)?.[1]) / 1e6;
  const said = stderr.replace(/\n?maxrss=.*/, '').trim();
  console.log(
    `${how}: ${command.join(' ')}: ${seconds.toFixed(2)} s (${cpu.toFixed(2)} s of CPU), ${Math.round(rss)} MB, exit ${status}, ${Math.round(stdout.length / 1e3)} kB out${said === '' ? '' : `; ${said.slice(0, 200)}`}`,
  );
}

try {
  main();
} finally {
  if (values.keep) console.log(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
