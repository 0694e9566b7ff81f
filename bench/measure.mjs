// How a bench measures: drillbook and the bare tool in turns, so that both meet the same noise; medians, ratio, memory.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const CLI = resolve(import.meta.dirname, '../dist/cli.js');

/** The kernel keeps the highest, so that looking seldom misses little, and looking often would cost what is measured. */
const LOOK_EVERY_MS = 250;

/** Seconds that something takes. */
export async function timed(work) {
  const begin = performance.now();
  const result = await work();
  return { seconds: (performance.now() - begin) / 1_000, result };
}

/**
 * Both in turns, `rounds` times. Each gives `{ seconds, memory?, load? }`: `load` is the part that the bare tool does too.
 * Neither is to pay for the other: before each, what was written is brought to the disk, and `reads`, the paths that both
 * read, into memory.
 */
export async function sideBySide(name, { rounds = 3, ours, bare, reads = [], note }) {
  const [mine, theirs] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    for (const [run, results] of [
      [ours, mine],
      [bare, theirs],
    ]) {
      settle(reads);
      results.push(await run(round));
    }
    console.error(`${name}: ${mine.at(-1).seconds.toFixed(2)} s, bare ${theirs.at(-1).seconds.toFixed(2)} s`);
  }
  const seconds = (all) => median(all.map((one) => one.seconds));
  const [a, b] = [seconds(mine), seconds(theirs)];
  const memory = Math.max(0, ...mine.map((one) => one.memory ?? 0));
  const load = mine[0].load === undefined ? {} : { load: round3(median(mine.map((one) => one.load))) };
  return {
    name,
    unit: 's',
    ours: round3(a),
    ...load,
    bare: round3(b),
    ratio: round3(a / b),
    memoryMiB: memory || null,
    note,
  };
}

function settle(paths) {
  execFileSync('sync');
  for (const path of paths) execFileSync('sh', ['-c', 'find "$1" -type f -exec cat {} + >/dev/null', 'sh', path]);
}

/** Something of ours with nothing to set beside it but a limit. */
export async function alone(name, { rounds = 5, ours, limit, note }) {
  const all = [];
  for (let round = 0; round < rounds; round += 1) all.push(await ours(round));
  const a = median(all.map((one) => one.seconds));
  const memory = Math.max(0, ...all.map((one) => one.memory ?? 0));
  console.error(`${name}: ${a.toFixed(2)} s, aim ${limit} s`);
  return { name, unit: 's', ours: round3(a), bare: null, ratio: null, aim: limit, memoryMiB: memory || null, note };
}

/**
 * Runs a command of drillbook. `memory`: the highest resident size in MiB of the runner and of the workers it starts, each
 * by itself, as the kernel counts it.
 */
export async function drillbook(args, cwd) {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr, memory] = ['', '', 0];
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-4_000)));
  const watch = setInterval(() => {
    for (const pid of [child.pid, ...workersBelow(cwd)]) memory = Math.max(memory, highWater(pid));
  }, LOOK_EVERY_MS);
  const code = await new Promise((done) => child.once('close', done));
  clearInterval(watch);
  return { code, stdout, stderr, memory: Math.round(memory) };
}

function workersBelow(folder) {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const command = readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
      return command.includes('restore-worker.js') && command.includes(folder);
    } catch {
      return false;
    }
  });
}

function highWater(pid) {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

/** What a drill's report says of its phases, in seconds. */
export function phasesOf(stdout) {
  const report = JSON.parse(stdout);
  const spans = report.timeline.filter((entry) => entry.partOf === undefined);
  const sum = (phase) => spans.filter((one) => one.phase === phase).reduce((all, one) => all + one.seconds, 0);
  const whole = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1_000;
  const parts = Object.fromEntries(
    report.timeline.filter((one) => one.phase === 'restore' && one.partOf).map((one) => [one.name, one.seconds]),
  );
  return { report, whole, parts, restore: sum('restore'), checks: sum('smoke') + sum('integrity') };
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function round3(number) {
  return Math.round(number * 1_000) / 1_000;
}
