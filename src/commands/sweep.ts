import { resolve } from 'node:path';
import type { SandboxPlace } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import { type CommandIo, printProblem } from './io.ts';
import { knownPlaces } from './runbook-files.ts';
import { type Swept, sweepPlace } from './sweep-place.ts';
import { wireProvider } from './wire.ts';

export interface SweepOptions {
  readonly yes?: boolean;
  readonly folder?: string;
  readonly json?: boolean;
}

/**
 * `drillbook sweep`: finds what expired drills have left, on this machine and in every account that a runbook in
 * `runbooks/` names, by its marks alone, and with `--yes` removes it.
 *
 * @returns 0 when nothing expired is there (any more), 4 when something is, 3 when a place could not be looked at
 */
export async function sweepCommand(options: SweepOptions, io: CommandIo): Promise<number> {
  const places: readonly SandboxPlace[] =
    options.folder === undefined
      ? await knownPlaces(io)
      : [{ provider: 'local', folder: resolve(io.cwd, options.folder) }];
  const swept: Swept[] = [];
  let isBlind = false;
  for (const place of places) {
    const provider = await wireProvider(io, place);
    try {
      swept.push(await sweepPlace(provider, place, { yes: options.yes ?? false, clock: systemClock, io }));
    } catch (error) {
      printProblem(io, provider.classify(error).problem);
      isBlind = true;
    }
  }
  const [marked, expired, left] = [
    swept.flatMap((one) => one.marked),
    swept.flatMap((one) => one.expired),
    swept.flatMap((one) => one.left),
  ];
  io.stdout(
    options.json ? `${JSON.stringify({ expired, left }, undefined, 2)}\n` : listing({ marked, expired, left }, options),
  );
  return left.length > 0 ? 4 : isBlind ? 3 : 0;
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
