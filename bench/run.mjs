// npm run bench [-- --gib 1 --rounds 3 --only restores]: drillbook beside the bare tools, in turns, in one run.
//
// Writes bench/results.json: name, ours and bare (medians, seconds), ratio, memory (MiB, highest of runner and worker).
// Nothing here is asserted by a test: times are of the machine that ran it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchRestores } from './restores.mjs';
import { benchStartUp } from './start-up.mjs';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    out: { type: 'string', default: join(import.meta.dirname, 'results.json') },
  },
});
const suites = { 'start-up': benchStartUp, restores: benchRestores };
const folder = mkdtempSync(join(tmpdir(), 'drillbook-bench-'));
try {
  const results = [];
  for (const [name, suite] of Object.entries(suites)) {
    if (values.only !== undefined && values.only !== name) continue;
    results.push(...(await suite({ folder, gib: Number(values.gib), rounds: Number(values.rounds) })));
  }
  const machine = {
    cores: cpus().length,
    node: process.version,
    gib: Number(values.gib),
    rounds: Number(values.rounds),
  };
  writeFileSync(values.out, `${JSON.stringify({ machine, results }, null, 2)}\n`);
  console.table(results.map(({ note: _, unit: __, ...result }) => result));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
