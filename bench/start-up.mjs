// How long the command takes to say anything at all, and to validate many runbooks.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CLI, alone, drillbook, sideBySide, timed } from './measure.mjs';

export async function benchStartUp({ folder }) {
  const node = (...args) => timed(() => execFileSync(process.execPath, args, { stdio: 'ignore' }));
  const version = await sideBySide('drillbook --version against node -e 0', {
    rounds: 15,
    ours: () => node(CLI, '--version'),
    bare: () => node('-e', '0'),
    note: 'aim: at most twice',
  });
  const text = readFileSync(resolve(import.meta.dirname, '../runbooks/bookshop.yaml'), 'utf8');
  const at = join(folder, 'validate', 'runbooks');
  mkdirSync(at, { recursive: true });
  for (let n = 0; n < 1_000; n += 1)
    writeFileSync(join(at, `shop-${n}.yaml`), text.replace('runbook: bookshop', `runbook: shop-${n}`));
  const validate = await alone('validate of 1,000 runbooks', {
    rounds: 3,
    limit: 2,
    ours: async () => {
      const { seconds, result } = await timed(() => drillbook(['validate'], join(folder, 'validate')));
      if (result.code !== 0) throw new Error(`the runbooks are not valid: ${result.stderr}`);
      return { seconds, memory: result.memory };
    },
  });
  return [version, validate];
}
