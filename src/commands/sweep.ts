import { resolve } from 'node:path';
import type { MarkedResource } from '../providers/provider.ts';
import { systemClock } from '../support/clock.ts';
import { type Millis, addMillis } from '../support/time.ts';
import type { CommandIo } from './io.ts';
import { sandboxFolder } from './read-runbook.ts';
import { removeMarked } from './remove-marked.ts';
import { wireProvider } from './wire.ts';

export interface SweepOptions {
  readonly yes?: boolean;
  readonly folder?: string;
  readonly json?: boolean;
}

/** Sandboxes are left alone until this long after their expiry, so that clocks that differ do not end a live drill. */
const MARGIN: Millis = 5 * 60_000;

/**
 * `drillbook sweep`: finds what expired drills have left, by its marks alone, and with `--yes` removes it.
 *
 * @returns 0 when nothing expired is there (any more), 4 when something is
 */
export async function sweepCommand(options: SweepOptions, io: CommandIo): Promise<number> {
  const provider = wireProvider(io);
  const folder = options.folder === undefined ? sandboxFolder(io) : resolve(io.cwd, options.folder);
  const place = { provider: 'local', folder } as const;
  const now = systemClock.now();
  const signal = new AbortController().signal;
  const marked = await provider.listMarked({ place }, signal);
  const expired = marked.filter(({ expiresAt }) => addMillis(expiresAt, MARGIN) <= now);
  const permit = { kind: 'expired', now, margin: MARGIN } as const;
  const left = options.yes ? await removeMarked({ provider, place, marked: expired, permit }, io) : expired;
  io.stdout(
    options.json ? `${JSON.stringify({ expired, left }, undefined, 2)}\n` : listing({ marked, expired, left }, options),
  );
  return left.length > 0 ? 4 : 0;
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
