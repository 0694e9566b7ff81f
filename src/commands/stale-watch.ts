import { lastVerifiedOf } from '../history/coverage.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { Timetable } from '../schedule/decide.ts';
import { compact } from '../schedule/ledger.ts';
import { staleSince } from '../schedule/stale.ts';
import type { Store } from '../store/store.ts';
import { type Instant, millisBetween } from '../support/time.ts';
import { openHistory } from './drill-history.ts';
import type { CommandIo } from './io.ts';
import type { ReportsPlace } from './reports-place.ts';
import type { ScheduledDrillFile } from './scheduled-drills.ts';
import { tell } from './tell-of-schedule.ts';

export interface Watching {
  readonly drills: readonly ScheduledDrillFile[];
  readonly reports: ReportsPlace;
  readonly io: CommandIo;
  readonly timetable: Timetable;
}

/** Days pass until a proof is stale: an hour more or less says nothing. */
const EVERY = 3_600_000;

/** Tells of runbooks whose proof has grown stale: once for each due that has not renewed it, whoever watches. */
export function staleWatch(watching: Watching): (now: Instant) => Promise<void> {
  let lookedAt: Instant | undefined;
  return async (now) => {
    if (lookedAt !== undefined && millisBetween(lookedAt, now) < EVERY) return;
    lookedAt = now;
    await watching.reports.fetch();
    const { drills: past } = await openHistory(watching.reports.folder);
    for (const one of watching.drills) {
      for (const runbook of one.runbooks) {
        const verifiedAt = lastVerifiedOf(runbook, past, now);
        await watchOne(watching, { one, runbook, now, ...(verifiedAt !== undefined && { verifiedAt }) });
      }
    }
  };
}

/** No drill's name begins with '_'. */
const NOTES = 'ledger/_stale';

/** When a drill's runbooks were first watched, by anybody. */
async function firstWatched(store: Store, drill: string, now: Instant): Promise<Instant> {
  const key = `${NOTES}/${drill}.json`;
  if (await store.create(key, `${JSON.stringify({ since: now })}\n`)) return now;
  return (JSON.parse((await store.read(key)) ?? '{}') as { since?: Instant }).since ?? now;
}

interface Watched {
  readonly one: ScheduledDrillFile;
  readonly runbook: Runbook;
  readonly now: Instant;
  readonly verifiedAt?: Instant;
}

/** It is told first and noted then: that nobody hears of it is worse than twice. */
async function watchOne(
  { reports: { store }, io, timetable }: Watching,
  { one: { drill }, runbook, now, verifiedAt }: Watched,
): Promise<void> {
  const { name, schedule, notify } = drill;
  const since = await firstWatched(store, name, now);
  const of = { schedule, drill: name, since, ...(verifiedAt !== undefined && { verifiedAt }) };
  const stale = staleSince(of, now, timetable);
  if (stale === undefined) return;
  const told = `${NOTES}/${runbook.name}/${compact(stale.due)}.json`;
  if ((await store.read(told)) !== undefined) return;
  const because = `no drill since ${stale.due}, when '${name}' was due, has verified it`;
  const notice = {
    occasion: 'stale',
    runbook: runbook.name,
    ...(runbook.owner !== undefined && { owner: runbook.owner }),
    ...(verifiedAt !== undefined && { verifiedAt }),
    because,
  } as const;
  await tell([notice], runbook.notify ?? notify, io);
  await store.create(told, `${JSON.stringify({ toldAt: now })}\n`);
}
