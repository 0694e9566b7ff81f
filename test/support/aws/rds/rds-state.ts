import { createHash } from 'node:crypto';
import type { Clock } from '../../../../src/support/clock.ts';
import { epochMillisOf, type Instant, type Millis } from '../../../../src/support/time.ts';
import type { AwsCall, AwsReply } from '../call.ts';
import type { XmlNode } from '../xml.ts';
import type { Paging } from './pages.ts';
import { stepsBegun, type Timeline } from './timeline.ts';

/** What moto does not know of an instance. */
export interface InstanceRecord {
  readonly arn: string;
  readonly id: string;
  readonly dbiResourceId: string;
  readonly createdAt: Instant;
  readonly timeline: Timeline;
  /** Its network interface in moto. */
  interfaceId?: string;
  /** When the master password began to be reset. */
  credentialsSince?: Instant;
  deletion?: { readonly goneAt: Instant; readonly call: AwsCall; readonly keepsBackups: boolean };
  /** Elements shown instead of moto's. */
  shown: XmlNode;
  /** Elements of its automated backup that a test wants to be shown. */
  shownBackup: XmlNode;
}

/** What moto does not know of a snapshot. */
export interface SnapshotRecord {
  /** Whether its times are fixed already. */
  isSeen: boolean;
  /** Elements shown instead of moto's. */
  shown: XmlNode;
}

/** A line of DescribeEvents. */
export interface RdsEvent {
  readonly sourceId: string;
  readonly sourceType: string;
  readonly sourceArn: string;
  readonly message: string;
  readonly categories: readonly string[];
  readonly at: Instant;
}

/** How the simulated RDS behaves; tests change it as they like. */
export interface RdsSettings {
  /** How long an instance is `deleting`. */
  deletionTakes: Millis;
  /** Statuses in which DeleteDBInstance is refused, beside `deleting`. */
  refusesDeletionIn: Set<string>;
  /** From the modify call to `resetting-master-credentials`. */
  credentialsWait: Millis;
  /** How long `resetting-master-credentials` lasts; the secret is `active` after it. */
  credentialsTake: Millis;
  /** AWS shows no InstanceCreateTime while an instance is `creating`. */
  hidesCreateTimeWhileCreating: boolean;
  /** Whether a point-in-time restore adds the source's tags to those that were passed (AWS's documents leave it open). */
  addsSourceTagsToPointInTime: boolean;
  paging: Paging;
  /** Quota of DB instances of the account and region. */
  instanceQuota: number;
  /** Whether a class is offered. */
  offers: (engine: string, instanceClass: string) => boolean;
}

/** Which instance a planned timeline is for: by its own name, and by what it is restored from. */
export interface TimelineMatch {
  readonly instance?: string | RegExp;
  /** Snapshot or source instance identifier. */
  readonly source?: string | RegExp;
}

/** Everything that the RDS layer remembers. */
export interface RdsState {
  readonly clock: Clock;
  readonly instances: Map<string, InstanceRecord>;
  readonly gone: InstanceRecord[];
  /** Automated backups kept after their instance, by DbiResourceId. */
  readonly retained: Map<string, XmlNode>;
  readonly snapshots: Map<string, SnapshotRecord>;
  readonly events: RdsEvent[];
  readonly planned: { readonly match: TimelineMatch; readonly timeline: Timeline }[];
  settings: RdsSettings;
  count: number;
}

/** One call at work in the RDS layer. */
export interface RdsContext {
  readonly state: RdsState;
  readonly call: AwsCall;
  readonly next: (call: AwsCall) => Promise<AwsReply>;
  readonly now: Instant;
}

function usualSettings(): RdsSettings {
  return {
    deletionTakes: 2_000,
    refusesDeletionIn: new Set(),
    credentialsWait: 300,
    credentialsTake: 1_000,
    hidesCreateTimeWhileCreating: true,
    addsSourceTagsToPointInTime: false,
    paging: {},
    instanceQuota: 40,
    offers: () => true,
  };
}

export function freshState(clock: Clock): RdsState {
  return {
    clock,
    instances: new Map(),
    gone: [],
    retained: new Map(),
    snapshots: new Map(),
    events: [],
    planned: [],
    settings: usualSettings(),
    count: 0,
  };
}

/** Forgets everything, settings too. */
export function clearState(state: RdsState): void {
  state.instances.clear();
  state.gone.length = 0;
  state.retained.clear();
  state.snapshots.clear();
  state.events.length = 0;
  state.planned.length = 0;
  state.settings = usualSettings();
}

/** The timeline that a test planned for an instance, the newest plan first. */
export function plannedTimeline(state: RdsState, instance: string, source: string): Timeline | undefined {
  const fits = (wanted: string | RegExp | undefined, name: string) =>
    wanted === undefined || (typeof wanted === 'string' ? wanted === name : wanted.test(name));
  return state.planned.findLast(({ match }) => fits(match.instance, instance) && fits(match.source, source))?.timeline;
}

/** Remembers a new instance. Its DbiResourceId is unique, also among instances of one name: moto's is one for all. */
export function rememberInstance(
  state: RdsState,
  { arn, createdAt, timeline }: Pick<InstanceRecord, 'arn' | 'createdAt' | 'timeline'>,
): InstanceRecord {
  state.count += 1;
  const digest = createHash('sha256').update(`${arn} ${state.count}`).digest('hex').toUpperCase();
  const record: InstanceRecord = {
    arn,
    id: arn.slice(arn.lastIndexOf(':') + 1),
    dbiResourceId: `db-${digest.slice(0, 26)}`,
    createdAt,
    timeline,
    shown: {},
    shownBackup: {},
  };
  state.instances.set(arn, record);
  return record;
}

/** The statuses that an instance has gone through, the present one last; deletion and credentials included. */
export function statusesOf(record: InstanceRecord, { state, now }: Pick<RdsContext, 'state' | 'now'>): string[] {
  const at = epochMillisOf(now);
  const begun = stepsBegun(record.timeline, at - epochMillisOf(record.createdAt)).map(({ step }) => step.status);
  if (record.deletion !== undefined) return [...begun, 'deleting'];
  return isResetting(record, { state, now }) ? [...begun, 'resetting-master-credentials'] : begun;
}

function isResetting(record: InstanceRecord, { state, now }: Pick<RdsContext, 'state' | 'now'>): boolean {
  if (record.credentialsSince === undefined) return false;
  const elapsed = epochMillisOf(now) - epochMillisOf(record.credentialsSince) - state.settings.credentialsWait;
  return elapsed >= 0 && elapsed < state.settings.credentialsTake;
}

/** True from the moment the reset was asked for until it is over. */
export function isSecretPending(record: InstanceRecord, { state, now }: Pick<RdsContext, 'state' | 'now'>): boolean {
  if (record.credentialsSince === undefined) return false;
  const { credentialsWait, credentialsTake } = state.settings;
  return epochMillisOf(now) - epochMillisOf(record.credentialsSince) < credentialsWait + credentialsTake;
}

/** Moves an instance to those that are gone; its events and the resource id of its snapshots stay. */
export function clearRemoved(state: RdsState, record: InstanceRecord): void {
  state.instances.delete(record.arn);
  state.gone.push(record);
}
