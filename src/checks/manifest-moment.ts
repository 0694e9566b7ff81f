import type { CheckContext } from './check.ts';
import type { Manifest } from './manifest-format.ts';
import { epochMillisOf } from '../support/time.ts';

/**
 * Whether a manifest describes the very moment that was restored: the end of its own recovery point, or a replay that
 * ended at the WAL position of its snapshot.
 */
export function isSameMoment({ moment }: Manifest, { restored }: CheckContext): boolean {
  const isItsPoint = moment.recoveryPointId !== undefined && moment.recoveryPointId === restored.recoveryPointId;
  if (isItsPoint && restored.target.kind === 'backup-end') return true;
  const [recorded, replayed] = [positionOf(moment.lsn), positionOf(restored.lsn)];
  return moment.approximate !== true && recorded !== undefined && recorded === replayed;
}

/** Whether what was restored is known to lie at the manifest's moment or after it. */
export function isLaterMoment({ moment }: Manifest, { restored, capturedAt }: CheckContext): boolean {
  const [recorded, replayed] = [positionOf(moment.lsn), positionOf(restored.lsn)];
  if (recorded !== undefined && replayed !== undefined) return replayed >= recorded;
  const restoredAt = restored.target.kind === 'time' ? restored.target.time : capturedAt;
  return epochMillisOf(restoredAt) >= epochMillisOf(moment.at);
}

/** A WAL position as a number, from `1A/2B3C4D`: PostgreSQL prints its two halves in hexadecimal (pg_lsn). */
function positionOf(lsn: string | undefined): bigint | undefined {
  const halves = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(lsn ?? '');
  const [, high, low] = halves ?? [];
  return high === undefined || low === undefined ? undefined : (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
