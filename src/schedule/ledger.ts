import type { Schedule } from '../runbook/drill.ts';
import { epochKey, makeEpoch, newestEpoch, releasedKey } from '../store/epochs.ts';
import type { Store, StoredEntry } from '../store/store.ts';
import { type Instant, type Millis, instantOf } from '../support/time.ts';

/** One occurrence of a drill: it is due once, and has one end. */
export interface Fire {
  /** The drill's name. */
  readonly drill: string;
  readonly due: Instant;
}

/** What a fire is once it was begun; whoever resumes it goes by this. */
export interface Begun {
  readonly startedAt: Instant;
  /** When it was to begin. */
  readonly plannedAt: Instant;
  /** Names of the runbooks whose turn it is until it has ended. */
  readonly runbooks: readonly string[];
}

/** How a fire ended. */
export type FireEnded =
  | {
      readonly how: 'ran';
      readonly startedAt: Instant;
      readonly endedAt: Instant;
      /** Where it was begun later than is tolerated. */
      readonly lateBy?: Millis;
      readonly drillIds: readonly string[];
    }
  | { readonly how: 'missed'; readonly endedAt: Instant; readonly because: string };

/** What the ledger says of one fire that has not ended. */
export interface FireRecord {
  readonly begun?: Begun;
  /** Whether it was told that it is late. */
  readonly isLateTold: boolean;
  /** The entries below its folder, among them those of its lease. */
  readonly entries: readonly StoredEntry[];
}

/**
 * What is known of fires, on a store that all schedulers share. Each text is created once and never changed, but for the
 * signs of life of leases, so that whatever was cut short leaves a state to go on from.
 */
export interface Ledger {
  /** Nothing that a drill is due by this schedule until then is open: when it was seen first, or all before was settled. */
  openSince(drill: string, schedule: Schedule, now: Instant): Promise<Instant>;
  /** Says that all fires of a drill by this schedule until then have ended. */
  settle(drill: string, schedule: Schedule, until: Instant): Promise<void>;
  /** The dues of all fires of a drill of which anything is known but their end. */
  known(drill: string): Promise<readonly Instant[]>;
  /** `undefined` of one that has ended. */
  look(fire: Fire): Promise<FireRecord | undefined>;
  begin(fire: Fire, begun: Begun): Promise<void>;
  markLateTold(fire: Fire): Promise<void>;
  /** Ends a fire; where it has ended already, nothing changes. */
  end(fire: Fire, ended: FireEnded): Promise<void>;
  /** Removes what a fire that has ended needs no more: its lease, and how it was begun. */
  tidy(fire: Fire): Promise<void>;
  ended(fire: Fire): Promise<FireEnded | undefined>;
  /** The fire whose turn a runbook is and which has not ended, if any. */
  turnOf(runbook: string): Promise<Fire | undefined>;
  /** Gives a fire the turn of a runbook that is nobody's, its own, or that of `insteadOf`; false where others were faster. */
  takeTurn(runbook: string, fire: Fire, insteadOf?: Fire): Promise<boolean>;
  /** Gives back the turn of a runbook, if it is this fire's. */
  giveTurnBack(runbook: string, fire: Fire): Promise<void>;
}

const ENDED = 'ended.json';
const BEGUN = 'begun.json';
const LATE_TOLD = 'late-told.json';

/** The ledger below `ledger/` of a store. */
export function ledgerOn(store: Store, sha256Hex: (text: string) => string): Ledger {
  return { ...sinceOn(store, sha256Hex), ...firesOn(store), ...turnsOn(store) };
}

/** The name of the lease on a fire, and the folder of all its texts. */
export function fireName({ drill, due }: Fire): string {
  return `ledger/${drill}/${compact(due)}`;
}

/** When a schedule was first seen: one that was changed owes nothing for the time before. */
function sinceOn(store: Store, sha256Hex: (text: string) => string): Pick<Ledger, 'openSince' | 'settle'> {
  // Only what decides when a drill is due: a new blackout is no new schedule.
  const nameOf = ({ recurrence, timezone }: Schedule) => sha256Hex(JSON.stringify([recurrence, timezone])).slice(0, 12);
  return {
    async openSince(drill, schedule, now) {
      const since = `ledger/${drill}/since-${nameOf(schedule)}.json`;
      if (await store.create(since, line({ since: now, schedule }))) return now;
      const settled = `ledger/${drill}/settled-${nameOf(schedule)}/`;
      const newest = (await store.list(settled)).at(-1);
      const text = await store.read(newest?.key ?? since);
      if (text === undefined) throw new Error(`'${newest?.key ?? since}' was removed from the ledger`);
      return (JSON.parse(text) as { since: Instant }).since;
    },
    async settle(drill, schedule, until) {
      await store.create(`ledger/${drill}/settled-${nameOf(schedule)}/${compact(until)}.json`, line({ since: until }));
    },
  };
}

type Fires = Pick<Ledger, 'known' | 'look' | 'begin' | 'markLateTold' | 'end' | 'tidy' | 'ended'>;

function firesOn(store: Store): Fires {
  return {
    async known(drill) {
      const prefix = `ledger/${drill}/`;
      const keys = (await store.list(prefix)).map(({ key }) => key);
      // Of most fires there is nothing but their end: they are passed over without a look at each.
      const folders = new Set(
        keys.filter((key) => !key.endsWith(ENDED)).map((key) => key.slice(prefix.length).split('/')[0]!),
      );
      const dues = [...folders].flatMap((folder) => dueOf(folder) ?? []);
      return dues.filter((due) => !keys.includes(`${fireName({ drill, due })}/${ENDED}`));
    },
    async look(fire) {
      const name = fireName(fire);
      const entries = await store.list(`${name}/`);
      const has = (file: string) => entries.some(({ key }) => key === `${name}/${file}`);
      if (has(ENDED)) return undefined;
      const begun = has(BEGUN) ? ((await readJson(store, `${name}/${BEGUN}`)) as Begun) : undefined;
      return { ...(begun && { begun }), isLateTold: has(LATE_TOLD), entries };
    },
    async begin(fire, begun) {
      await store.create(`${fireName(fire)}/${BEGUN}`, line(begun));
    },
    async markLateTold(fire) {
      await store.create(`${fireName(fire)}/${LATE_TOLD}`, line({}));
    },
    async end(fire, ended) {
      await store.create(`${fireName(fire)}/${ENDED}`, line(ended));
    },
    async tidy(fire) {
      // Whoever takes its lease anew finds then that it has ended.
      for (const { key } of await store.list(`${fireName(fire)}/`)) {
        if (!key.endsWith(`/${ENDED}`)) await store.remove(key);
      }
    },
    ended: async (fire) => (await readJson(store, `${fireName(fire)}/${ENDED}`)) as FireEnded | undefined,
  };
}

/** A turn is a fire's, not a process's: a dead scheduler's runbook stays taken until its fire was resumed and has ended. */
function turnsOn(store: Store): Pick<Ledger, 'turnOf' | 'takeTurn' | 'giveTurnBack'> {
  // No drill's name begins with '_'.
  const nameOf = (runbook: string) => `ledger/_running/${runbook}`;
  const hasEnded = async (fire: Fire) => (await store.read(`${fireName(fire)}/${ENDED}`)) !== undefined;
  const newest = async (runbook: string) => {
    const name = nameOf(runbook);
    const epoch = newestEpoch(name, await store.list(`${name}/`));
    const fire = epoch.isReleased
      ? undefined
      : ((await readJson(store, epochKey(name, epoch.number))) as Fire | undefined);
    return { name, epoch, ...(fire && { fire }) };
  };
  return {
    async turnOf(runbook) {
      const { fire } = await newest(runbook);
      return fire === undefined || (await hasEnded(fire)) ? undefined : fire;
    },
    async takeTurn(runbook, fire, insteadOf) {
      const { name, epoch, fire: has } = await newest(runbook);
      if (has !== undefined) {
        if (isSameFire(has, fire)) return true;
        const isFree = (insteadOf !== undefined && isSameFire(has, insteadOf)) || (await hasEnded(has));
        if (!isFree) return false;
      }
      return (await makeEpoch(store, name, epoch, line({ drill: fire.drill, due: fire.due }))) !== undefined;
    },
    async giveTurnBack(runbook, fire) {
      const { name, epoch, fire: has } = await newest(runbook);
      if (has !== undefined && isSameFire(has, fire)) await store.create(releasedKey(name, epoch.number), line({}));
    },
  };
}

export function isSameFire(a: Fire, b: Fire): boolean {
  return a.drill === b.drill && a.due === b.due;
}

async function readJson(store: Store, key: string): Promise<unknown> {
  const text = await store.read(key);
  return text === undefined ? undefined : JSON.parse(text);
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** `20261120t030000z`: sorts as time, and is in every key's alphabet. Dues are whole seconds, settled moments rounded down. */
export function compact(instant: Instant): string {
  return `${instant.slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}z`;
}

function dueOf(text: string): Instant | undefined {
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})t([0-9]{2})([0-9]{2})([0-9]{2})z$/.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number);
  return instantOf(Date.UTC(year!, month! - 1, day, hour, minute, second));
}
