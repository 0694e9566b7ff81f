import type { Problem } from '../diagnostics/problem.ts';
import type { RemovalPermit } from '../providers/provider.ts';
import type { Resource } from '../providers/resource.ts';
import { type Instant, addMillis } from '../support/time.ts';

/** What a drill puts on everything it makes, in the creating call. */
export interface Mark {
  readonly drillId: string;
  readonly expiresAt: Instant;
  /** Recomputes from `proofText`, so that a mark that was inherited or copied does not pass. */
  readonly proof: string;
}

/** The text whose SHA-256 (hex) is a mark's proof: it names the one resource in the one place it may lie on. */
export function proofText(of: {
  drillId: string;
  kind: string;
  name: string;
  account: string;
  region: string;
}): string {
  return JSON.stringify([of.drillId, of.kind, of.name, of.account, of.region]);
}

/** A resource as its service describes it at this moment; what the service did not say is absent. */
export interface DescribedResource {
  readonly resource: Resource;
  readonly mark?: Mark;
  /** The proof as the adapter recomputes it from what it has just read, never from the mark. */
  readonly expectedProof: string;
  /** By the service's own clock. */
  readonly createdAt?: Instant;
  /**
   * The service keeps no time of creation, but takes such a proof in a creating call alone, and once only: then nothing
   * older can carry it, and no time is asked for.
   */
  readonly proofIsUnique?: boolean;
  readonly isSource: boolean;
}

/** How much earlier than the drill's start a service's clock may date what the drill made (file systems tick coarsely). */
const CLOCK_TOLERANCE_MILLIS = 2_000;

/**
 * The one guard before every destructive call: a missing answer is a no.
 *
 * @returns the reason why the resource must not be removed, or `undefined` when it may.
 */
export function refusalToRemove(described: DescribedResource, permit: RemovalPermit): Problem | undefined {
  const because = markRefusal(described) ?? permitRefusal(described, permit);
  if (because === undefined) return undefined;
  return {
    code: 'guard/refused-removal',
    message: `refused to remove '${described.resource.id}': ${because}`,
    hint: 'Look at the resource by hand; remove it yourself only if you are sure that a drill made it.',
    blames: 'environment',
  };
}

function markRefusal({
  mark,
  expectedProof,
  createdAt,
  proofIsUnique,
  isSource,
}: DescribedResource): string | undefined {
  if (isSource) return 'it is a source of recovery points';
  if (mark === undefined) return 'it does not carry the mark of a drill';
  if (expectedProof === '' || mark.proof !== expectedProof) return 'the proof in its mark is not its own';
  if (createdAt === undefined && proofIsUnique !== true) return 'nothing says when it was made';
  return undefined;
}

function permitRefusal({ resource, mark, createdAt }: DescribedResource, permit: RemovalPermit): string | undefined {
  if (mark === undefined) return 'it is not fully described';
  if (permit.kind === 'expired') {
    return addMillis(mark.expiresAt, permit.margin) <= permit.now ? undefined : `it expires at ${mark.expiresAt}`;
  }
  if (mark.drillId !== permit.drill.drillId) return `it belongs to drill '${mark.drillId}'`;
  if (createdAt !== undefined && createdAt < addMillis(permit.drill.startedAt, -CLOCK_TOLERANCE_MILLIS)) {
    return `it was made at ${createdAt}, before the drill began`;
  }
  const isInLedger = permit.ledger.some((one) => one.id === resource.id && one.token === resource.token);
  return isInLedger ? undefined : "it is not in this drill's journal";
}
