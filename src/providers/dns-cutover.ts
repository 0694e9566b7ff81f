import type { Millis } from '../support/time.ts';
import type { Resource } from './resource.ts';

/**
 * Switches DNS records in a copy of their zone. Like all of a provider it starts work and returns; the zone that was
 * copied is only read.
 */
export interface DnsCutover {
  /** Fills the copy and switches the records in it, in as few atomic batches as the service allows. May run twice. */
  switchRecords(request: SwitchRequest, signal: AbortSignal): Promise<DnsSwitch>;
  /** Whether all changes of a switch are in effect on all of the service's name servers. */
  isInSync(made: DnsSwitch, signal: AbortSignal): Promise<boolean>;
}

/** What is to be switched, and where. */
export interface SwitchRequest {
  readonly drillId: string;
  /** The copy, as the ledger has it. */
  readonly copy: Resource;
  /** Id of the zone that is copied. */
  readonly zone: string;
  readonly switches: readonly { readonly name: string; readonly address: string }[];
}

/** What was done to the copy, and what the zone itself says of how long its answers are kept. */
export interface DnsSwitch {
  readonly zone: { readonly id: string; readonly name: string };
  /** Id of the copy. */
  readonly copy: string;
  readonly changeIds: readonly string[];
  /** From the first call that changed records until the last was answered. */
  readonly callsTook: Millis;
  /** Records that are in the copy as they are in the zone. */
  readonly copied: number;
  readonly differences: readonly RecordDifference[];
  readonly switched: readonly SwitchedRecord[];
}

/** A record that is not in the copy, or in another form. */
export interface RecordDifference {
  readonly name: string;
  readonly type: string;
  readonly because: string;
}

/** A record that now leads to what was restored. */
export interface SwitchedRecord {
  readonly name: string;
  readonly type: 'CNAME' | 'A';
  readonly address: string;
  /** The longest that a client's resolver may go on with what the zone answered before. */
  readonly cachedFor: Millis;
  /** Where that is read, in words. */
  readonly cachedBecause: string;
}

/** What a cutover has come to: the switch, what it took, and what the records resolved to inside the sandbox. */
export interface CutoverEvidence {
  readonly made: DnsSwitch;
  /** From the last answer until all changes were seen in effect. */
  readonly inSyncTook: Millis;
  /** From then until every record resolved to what was restored. */
  readonly resolveTook: Millis;
  /** How late both may have been seen: the pauses before the looks that saw them. */
  readonly error: Millis;
  readonly resolved: readonly ResolvedRecord[];
}

/** What a record resolved to at the resolver of the sandbox. */
export interface ResolvedRecord {
  readonly name: string;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}
