import type { OrderableDBInstanceOption } from '@aws-sdk/client-rds';
import { type Finding, type LookAhead, type PlannedRds, plannedRds, refusal, warning } from './finding.ts';

/** Whether RDS offers the instance classes for what is restored, in a VPC of this region. */
export async function findClassesAhead(ahead: LookAhead): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const planned of plannedRds(ahead.plan)) {
    const wish = wishOf(planned);
    findings.push(...(wish === undefined ? [classUnknown(planned)] : judgeClass(wish, await offersFor(wish, ahead))));
  }
  return findings;
}

/** What an instance is to be. */
export interface ClassWish {
  readonly resource: string;
  readonly instanceClass: string;
  readonly engine: string;
  readonly version: string;
  readonly storageType: string;
  readonly encrypted: boolean;
}

/** What RDS offers. */
export interface ClassOffers {
  /** For the class and the version of the wish. */
  readonly options: readonly OrderableDBInstanceOption[];
  /** Whether it offers the version with any class. */
  readonly isVersionOffered: boolean;
}

function wishOf({ spec, point: { rds } }: PlannedRds): ClassWish | undefined {
  const instanceClass = spec.instanceClass ?? rds.sourceClass;
  if (instanceClass === undefined) return undefined;
  const { engine, engineVersion: version, storageType, encrypted } = rds;
  return { resource: spec.name, instanceClass, engine, version, storageType, encrypted };
}

function classUnknown({ spec: { name } }: PlannedRds): Finding {
  return refusal(
    'preflight/class-unknown',
    `no instance class is known for '${name}': its source is not to be seen, and a backup does not tell`,
    `Name an 'instanceClass' for '${name}' in the runbook, e.g. the one that a real recovery would use.`,
  );
}

async function offersFor({ instanceClass, engine, version }: ClassWish, ahead: LookAhead): Promise<ClassOffers> {
  const query = { Engine: engine, EngineVersion: version, Vpc: true };
  const options: OrderableDBInstanceOption[] = [];
  for await (const page of pagesOf({ ...query, DBInstanceClass: instanceClass }, ahead)) options.push(...page);
  if (options.length > 0) return { options, isVersionOffered: true };
  for await (const page of pagesOf(query, ahead)) if (page.length > 0) return { options, isVersionOffered: true };
  return { options, isVersionOffered: false };
}

interface OptionQuery {
  readonly Engine: string;
  readonly EngineVersion: string;
  readonly Vpc: boolean;
  readonly DBInstanceClass?: string;
}

async function* pagesOf(query: OptionQuery, { context, signal }: LookAhead) {
  const { paginateDescribeOrderableDBInstanceOptions } = await import('@aws-sdk/client-rds');
  const client = await context.clients.rds();
  const pages = paginateDescribeOrderableDBInstanceOptions({ client }, query, { abortSignal: signal });
  for await (const page of pages) yield page.OrderableDBInstanceOptions ?? [];
}

/** A DB subnet group covers two zones, and the class must be had in a region that has it in as many. */
const FEWEST_ZONES = 2;

/** What speaks against a wish. */
export function judgeClass(wish: ClassWish, { options, isVersionOffered }: ClassOffers): readonly Finding[] {
  const { resource, instanceClass, engine, version, storageType, encrypted } = wish;
  const software = `${engine} ${version}`;
  if (!isVersionOffered) {
    // Of a version that is no longer sold there are snapshots all the same, and RDS restores many of them.
    return [
      warning(
        'preflight/version-not-offered',
        `RDS offers no new instances of ${software}, so whether it still restores '${resource}' as such is not known`,
        'Upgrade the source: RDS may upgrade what it restores, or refuse to restore it.',
      ),
    ];
  }
  const named = `Name another 'instanceClass' for '${resource}' in the runbook, or another 'sandbox.region'.`;
  const notOffered = (why: string) => [
    refusal('preflight/class-not-offered', `RDS does not offer '${instanceClass}' for ${software} ${why}`, named),
  ];
  const inVpc = options.filter(({ Vpc }) => Vpc === true);
  if (inVpc.length === 0) return notOffered('in a VPC of this region');
  const withKey = inVpc.filter(({ SupportsStorageEncryption }) => !encrypted || SupportsStorageEncryption === true);
  if (withKey.length === 0) return notOffered(`with encrypted storage, which '${resource}' has`);
  const withStorage = withKey.filter(({ StorageType }) => StorageType === storageType);
  if (withStorage.length === 0) return notOffered(`with storage of type '${storageType}', which '${resource}' has`);
  const zones = new Set(
    withStorage.flatMap(({ AvailabilityZones }) => (AvailabilityZones ?? []).map(({ Name }) => Name)),
  );
  if (zones.size < FEWEST_ZONES) return notOffered(`in more than ${zones.size} zone of this region`);
  return [];
}
