import type { AwsPlace } from '../../../runbook/runbook.ts';
import { partitionOf } from '../identity.ts';
import { NAME_PREFIX } from '../names.ts';

/** The ARNs of a place, as patterns. */
export interface Arns {
  /** Anything of a service in the place's account and region, e.g. `arn('rds', 'db:orders')`. */
  readonly arn: (service: string, resource: string) => string;
  /** As `arn`, of another account. */
  readonly arnOf: (account: string, service: string, resource: string) => string;
  /** The roles of probes. */
  readonly probeRole: string;
  readonly stack: string;
  readonly probe: string;
  readonly instance: string;
  readonly subnetGroup: string;
  /** Hosted zones, of whomever; Route 53 has neither region nor account in its ARNs. */
  readonly hostedZone: string;
  /** One hosted zone, by its id. */
  readonly zone: (id: string) => string;
  /** Changes that Route 53 tells its name servers of. */
  readonly dnsChange: string;
}

/** Everything of a drill has a name that begins alike, so that a pattern tells it from what others have made. */
export function arnsOf({ account, region }: Pick<AwsPlace, 'account' | 'region'>): Arns {
  const partition = partitionOf(region);
  const arnOf = (owner: string, service: string, resource: string): string =>
    `arn:${partition}:${service}:${region}:${owner}:${resource}`;
  const arn = (service: string, resource: string): string => arnOf(account, service, resource);
  const zone = (id: string): string => `arn:${partition}:route53:::hostedzone/${id}`;
  return {
    arn,
    arnOf,
    probeRole: `arn:${partition}:iam::${account}:role/${NAME_PREFIX}*-probe`,
    stack: arn('cloudformation', `stack/${NAME_PREFIX}*/*`),
    probe: arn('lambda', `function:${NAME_PREFIX}*`),
    instance: arn('rds', `db:${NAME_PREFIX}*`),
    subnetGroup: arn('rds', `subgrp:${NAME_PREFIX}*`),
    hostedZone: zone('*'),
    zone,
    dnsChange: `arn:${partition}:route53:::change/*`,
  };
}
