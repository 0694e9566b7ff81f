import { resolve } from 'node:path';
import type { MarkedResource, Provider } from '../providers/provider.ts';
import { systemClock } from '../support/clock.ts';
import { type Instant, type Millis, addMillis } from '../support/time.ts';
import type { CommandIo } from './io.ts';
import { sandboxFolder } from './read-runbook.ts';
import { wireProvider } from './wire.ts';

export interface SweepOptions {
  readonly yes?: boolean;
  readonly folder?: string;
  readonly json?: boolean;
}

/** Sandboxes are left alone until this long after their expiry, so that clocks that differ do not end a live drill. */
const MARGIN: Millis = 5 * 60_000;

/** How long one removal may take before it counts as left. */
const REMOVAL_LIMIT: Millis = 10 * 60_000;

/**
 * `drillbook sweep`: finds what expired drills have left, by its marks alone, and with `--yes` removes it.
 *
 * @returns 0 when nothing expired is there (any more), 4 when something is
 */
export async function sweepCommand(options: SweepOptions, io: CommandIo): Promise<number> {
  const provider = wireProvider(io);
  const folder = options.folder === undefined ? sandboxFolder(io) : resolve(io.cwd, options.folder);
  const now = systemClock.now();
  const signal = new AbortController().signal;
  const marked = await provider.listMarked({ folder }, signal);
  const expired = marked.filter(({ expiresAt }) => addMillis(expiresAt, MARGIN) <= now);
  if (options.yes) for (const one of innermostFirst(expired)) await remove(provider, one, now, io);
  const after = options.yes ? await provider.listMarked({ folder }, signal) : marked;
  const left = after.filter(({ resource }) => expired.some((one) => one.resource.id === resource.id));
  io.stdout(
    options.json ? `${JSON.stringify({ expired, left }, undefined, 2)}\n` : listing({ marked, expired, left }, options),
  );
  return left.length > 0 ? 4 : 0;
}

/** What lies in a sandbox has a longer id than the sandbox. */
function innermostFirst(marked: readonly MarkedResource[]): readonly MarkedResource[] {
  return [...marked].sort((a, b) => b.resource.id.length - a.resource.id.length);
}

async function remove(provider: Provider, { resource }: MarkedResource, now: Instant, io: CommandIo): Promise<void> {
  const signal = new AbortController().signal;
  const deadline = addMillis(now, REMOVAL_LIMIT);
  try {
    await provider.startRemoval(resource, { kind: 'expired', now, margin: MARGIN }, signal);
    while (systemClock.now() < deadline) {
      const [state] = await provider.look([resource], signal);
      if (state?.kind === 'gone') return;
      await systemClock.sleep(provider.properties.pollInterval);
    }
  } catch (error) {
    const { problem } = provider.classify(error);
    io.stderr(`${problem.message} [${problem.code}]\nhint: ${problem.hint}\n`);
  }
}

interface Swept {
  readonly marked: readonly MarkedResource[];
  readonly expired: readonly MarkedResource[];
  readonly left: readonly MarkedResource[];
}

function listing({ marked, expired, left }: Swept, { yes }: SweepOptions): string {
  const lines = expired.map(({ resource, drillId, expiresAt }) => {
    const verb = !yes ? 'would remove' : left.some((one) => one.resource.id === resource.id) ? 'left' : 'removed';
    return `${verb}: ${resource.id} (drill '${drillId}', expired ${expiresAt})`;
  });
  const alive = marked.length - expired.length;
  const end = yes || expired.length === 0 ? '' : '; nothing was removed, add --yes to do it';
  return [...lines, `${expired.length} expired, ${alive} not expired${end}`, ''].join('\n');
}
