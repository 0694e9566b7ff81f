import { dirname, relative, sep } from 'node:path';
import type { CheckSpec, SandboxedProgram } from '../runbook/check-spec.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { sha256Hex } from '../support/sha256-hex.ts';

/**
 * SHA-256, hex, of what a runbook restores and checks, so that a proof can be told from one of another runbook.
 *
 * What makes no other proof is left out: which recovery point is drawn, and from which moments; objectives, whose
 * figures are compared themselves; a drill's file may say both of its own. So are the words of checks, and where the
 * checkout lies.
 */
export function provesDigest(runbook: Runbook): string {
  const folder = dirname(runbook.file);
  const restore = runbook.restore.map((spec) => restored(spec, folder)).sort(byText);
  const checks = runbook.checks.map((check) => checked(check, folder)).sort(byText);
  const { cutover = null, groups = [] } = runbook;
  const together = groups.map(({ of, maxSkew }) => ({ of: [...of].sort(), maxSkew })).sort(byText);
  return sha256Hex(canonical({ restore, checks, cutover, ...(together.length > 0 && { groups: together }) }));
}

function restored(spec: RestoreSpec, folder: string): object {
  const { recoveryPoint, needs: _needs, ...rest } = spec;
  const common = { ...rest, to: recoveryPoint.to };
  if (spec.kind === 'rds') return common;
  const { source, repository } = spec;
  const wal = spec.kind === 'postgres' ? spec.wal : undefined;
  return {
    ...common,
    live: undefined,
    source: relative(folder, source),
    ...(wal !== undefined && { wal: relative(folder, wal) }),
    // Where its secret is read changes nothing of what is proven.
    ...(repository && { repository: { ...repository, password: undefined, passphrase: undefined } }),
  };
}

function checked(check: CheckSpec, folder: string): object {
  const { id: _id, name: _name, ...rest } = check;
  switch (rest.kind) {
    case 'manifest':
      return { ...rest, file: relative(folder, rest.file) };
    case 'http':
      return { ...rest, start: program(rest.start, folder) };
    case 'command':
      return { ...rest, run: program(rest.run, folder) };
    default:
      return rest;
  }
}

/** What lies in the checkout moves with it; programs and settings of the machine do not. */
function program({ argv, reads, env }: SandboxedProgram, folder: string): SandboxedProgram {
  const checkout = dirname(folder);
  const moved = (path: string) => (path.startsWith(`${checkout}${sep}`) ? relative(folder, path) : path);
  const [first, ...others] = argv;
  return { argv: first === undefined ? [] : [moved(first), ...others], reads: reads.map(moved), env };
}

function byText(a: object, b: object): number {
  const [x, y] = [canonical(a), canonical(b)];
  return x < y ? -1 : Number(x > y);
}

/** JSON with the keys of every object in order; what is undefined is left out. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
