import { dirname, relative } from 'node:path';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { Runbook } from '../runbook/runbook.ts';

/** A source as drills have named it. */
export interface Source {
  readonly kind: RestoreSpec['kind'];
  readonly source: string;
  /** Account and region on AWS. */
  readonly place?: string;
}

/** A resource of a runbook, and where its recovery points come from. */
export interface SourcedResource extends Source {
  readonly name: string;
  readonly relativeSource?: string;
}

/** Where a runbook's sources are asked for: account and region on AWS; this machine has no name. */
export function placeOf({ sandbox }: Pick<Runbook, 'sandbox'>): string | undefined {
  return sandbox.provider === 'aws' ? `${sandbox.account}/${sandbox.region}` : undefined;
}

/** The path of what holds the backups as seen from the runbook's folder; what is on AWS has none. */
export function relativeSource({ file }: Pick<Runbook, 'file'>, spec: RestoreSpec): string | undefined {
  return spec.kind === 'rds' ? undefined : relative(dirname(file), spec.source);
}

/** A resource of a runbook as it stands in its file now. */
export function sourcedResource(runbook: Runbook, spec: RestoreSpec): SourcedResource {
  const place = placeOf(runbook);
  const relativeTo = relativeSource(runbook, spec);
  return {
    name: spec.name,
    kind: spec.kind,
    source: spec.source,
    ...(place !== undefined && { place }),
    ...(relativeTo !== undefined && { relativeSource: relativeTo }),
  };
}

/** A name that now stands for another source has never been verified; a checkout that lies elsewhere changes nothing. */
export function isSameResource(was: SourcedResource, is: SourcedResource): boolean {
  if (was.name !== is.name || was.kind !== is.kind || was.place !== is.place) return false;
  if (was.source === is.source) return true;
  return is.relativeSource !== undefined && was.relativeSource === is.relativeSource;
}

/** One text a source; texts of different sources differ. */
export function sourceKey({ kind, source, place = '' }: Source): string {
  return JSON.stringify([kind, place, source]);
}
