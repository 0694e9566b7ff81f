// Runs a real drill from the build and kills its own process (SIGKILL) at one point of its journal.
//   node killed-run.mjs RUNBOOK REPORTS DRILL_ID SEED LINE|EVENT before|after
// `before` line N is the gap between an effect and its line, `after` the moment when the line is on disk.
// LINE 0 never kills. EVENT is JSON, for drills whose lines come in no fixed order: the first event that has all of it.
import { join } from 'node:path';
import { openFileJournal } from '../../dist/journal/file-journal.js';
import { systemClock } from '../../dist/support/clock.js';
import { runDrill } from '../../dist/commands/run-drill.js';
import { readRunbook } from '../../dist/commands/read-runbook.js';

const [file, reports, drillId, seed, point, when] = process.argv.slice(2);
const io = {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  isTerminal: false,
};

const runbook = await readRunbook(file, io);
if (runbook === undefined) process.exit(2);
const folder = join(reports, drillId);
const opening = await openFileJournal(folder, { clock: systemClock });
if (opening.kind === 'refused') throw new Error(opening.problem.message);

const wanted = JSON.parse(point);
const has = (event, facts) =>
  Object.entries(facts).every(([name, fact]) =>
    typeof fact === 'object' ? has(event[name] ?? {}, fact) : event[name] === fact,
  );
let lines = 0;
const journal = {
  ...opening.journal,
  async append(event) {
    lines += 1;
    const isPoint = typeof wanted === 'number' ? lines === wanted : has(event, wanted);
    if (isPoint && when === 'before') process.kill(process.pid, 'SIGKILL');
    const appended = await opening.journal.append(event);
    if (isPoint && when === 'after') process.kill(process.pid, 'SIGKILL');
    return appended;
  },
};
const first = { type: 'drill-started', schema: 1, drillId, runbook, seed, seedChosen: true, tool: '0.0.0-test' };
const end = await runDrill({
  io,
  journal,
  folder,
  reports,
  purpose: 'run',
  abort: new AbortController().signal,
  first,
});
process.stdout.write(JSON.stringify(end.kind === 'ended' ? { verdict: end.report.verdict } : end));
