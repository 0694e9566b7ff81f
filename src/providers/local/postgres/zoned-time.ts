import { type Instant, instantOf } from '../../../support/time.ts';

/**
 * Minutes east of Greenwich of the zone names whose meaning is not in doubt. Names that mean different hours in
 * different countries (`IST`, `CST` in China, `AST`, …) are left out on purpose.
 */
const MINUTES_EAST: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  WET: 0,
  WEST: 60,
  BST: 60,
  CET: 60,
  CEST: 120,
  EET: 120,
  EEST: 180,
  MSK: 180,
  JST: 540,
  KST: 540,
  AEST: 600,
  AEDT: 660,
  NZST: 720,
  NZDT: 780,
  EST: -300,
  EDT: -240,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
};

/**
 * The moment a label names, e.g. `2026-11-20 03:00:00 CET` or `… +0530`, in whole seconds as PostgreSQL writes it.
 * `undefined` when the zone's name does not say one offset.
 */
export function parseZonedTime(text: string): Instant | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) (\S+)$/.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const east = minutesEast(parts[7] ?? '');
  if (east === undefined) return undefined;
  return instantOf(Date.UTC(year, month - 1, day, hour, minute, second) - east * 60_000);
}

function minutesEast(zone: string): number | undefined {
  const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (!offset) return MINUTES_EAST[zone];
  const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
  return offset[1] === '-' ? -minutes : minutes;
}
