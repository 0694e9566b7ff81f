import type { Instant, Millis } from '../support/time.ts';
import type { CheckSpec } from './check-spec.ts';
import type { RestoreSpec, SecretRef } from './restore-spec.ts';

/** A runbook after validation: nothing left to parse, defaults filled, paths absolute. JSON-serialisable. */
export interface Runbook {
  readonly name: string;
  /** Absolute path of the file it was read from. */
  readonly file: string;
  readonly owner?: string;
  readonly tags: readonly string[];
  /** How much hangs on it, in the team's own word; coverage is told by it. */
  readonly tier?: string;
  readonly objectives: Objectives;
  readonly sandbox: SandboxSpec;
  /** The event the RPO is measured against, when the runbook names one. */
  readonly disasterAt?: Instant;
  readonly limits: Limits;
  readonly publish?: Publication;
  /** Who hears of its drills; absent in journals that are older than it. */
  readonly notify?: readonly NotificationTarget[];
  readonly restore: readonly RestoreSpec[];
  /** Resources that belong to one moment; absent in journals that are older than it. */
  readonly groups?: readonly ConsistencyGroup[];
  readonly checks: readonly CheckSpec[];
  readonly cutover?: CutoverSpec;
}

/** Resources whose data must be of one moment: their recovery points are chosen together. */
export interface ConsistencyGroup {
  readonly name: string;
  readonly of: readonly string[];
  /** Longest time that may lie between the moments of what is restored. */
  readonly maxSkew: Millis;
}

export interface Objectives {
  /** `until` names the moment that stops the RTO clock: last required smoke or last required integrity check. */
  readonly rto?: { readonly target: Millis; readonly until: 'usable' | 'verified' };
  readonly rpo?: { readonly target: Millis };
}

/** L0 own folder and settings; L1 and no network; L2 and its own root, so no unix socket of the host either. */
export type LocalLevel = 'L0' | 'L1' | 'L2';

/** How well a sandbox is sealed off. VPC: a network of its own on AWS, without any way out. */
export type IsolationLevel = LocalLevel | 'VPC';

/** Where sandboxes are made. */
export type SandboxPlace = LocalPlace | AwsPlace;

export interface LocalPlace {
  readonly provider: 'local' | 'memory';
  /** Absolute folder in which local sandboxes are made, one folder a drill. */
  readonly folder: string;
}

export interface AwsPlace {
  readonly provider: 'aws';
  /** The only account that may be changed; STS must confirm it before anything else is asked. 12 digits. */
  readonly account: string;
  readonly region: string;
  /** ARN of the role to assume for everything that is done in the sandbox account. */
  readonly role?: string;
  /** The runbook accepts by name that sources live in the sandbox's own account. */
  readonly sharesAccountWithSources: boolean;
}

export type SandboxSpec = SandboxPlace & {
  /** After this, counted from the drill's start, anyone may remove what the drill made. */
  readonly expiresAfter: Millis;
  readonly minimumIsolation: IsolationLevel;
};

export interface Limits {
  /** Restores and checks under way at once. */
  readonly concurrency: number;
  readonly drill: Millis;
  readonly restore: Millis;
  readonly check: Millis;
  readonly teardown: Millis;
}

/** A switch of DNS records to what was restored, tried in a copy of their zone: the zone itself is only read. */
export interface CutoverSpec {
  /** Id of the zone that is copied. */
  readonly zone: string;
  readonly records: readonly CutoverRecord[];
  /** Longest time from the call that switches until every client follows, caches included. */
  readonly within?: Millis;
}

/** A record and the restored resource that it is switched to. `name`: lower case, without a dot at its end. */
export interface CutoverRecord {
  readonly name: string;
  readonly to: string;
}

/** Where the figures of a drill are sent besides its report. */
export interface Publication {
  readonly cloudWatch: CloudWatchTarget;
}

/** Where CloudWatch metrics go. */
export interface CloudWatchTarget {
  readonly namespace: string;
  /** By default the region of a sandbox on AWS, else the one that AWS clients find by themselves. */
  readonly region?: string;
}

/**
 * What somebody is told of. `late`, `missed`, `stale`: by the scheduler, of a drill that began late, of one that never
 * began, of a proof that has grown too old.
 */
export type Occasion = 'passed' | 'failed' | 'inconclusive' | 'leaked' | 'late' | 'missed' | 'stale';

/** Who is told, of what, and how to reach them. Addresses that are secrets are read when they are needed. */
export type NotificationTarget = NotifyChannel & {
  /** Made from its kind and place, e.g. `slack-1`; unique within what names it. */
  readonly id: string;
  readonly on: readonly Occasion[];
};

export type NotifyChannel =
  | { readonly kind: 'slack'; readonly url: SecretRef }
  /** `secret` signs each request: HMAC-SHA-256. */
  | { readonly kind: 'webhook'; readonly url: string | SecretRef; readonly secret?: SecretRef }
  | { readonly kind: 'sns'; readonly topic: string }
  | {
      readonly kind: 'smtp';
      readonly host: string;
      readonly port: number;
      /** `starttls` must succeed before anything is said; `none` is for a server on this machine alone. */
      readonly security: 'tls' | 'starttls' | 'none';
      readonly from: string;
      readonly to: readonly string[];
      readonly user?: string;
      readonly password?: SecretRef;
    }
  /** Asked for with GET after a drill that passed and left nothing, and never else: `on` is `passed`. */
  | { readonly kind: 'heartbeat'; readonly url: string | SecretRef };
