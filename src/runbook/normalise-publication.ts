import type { Publication } from './runbook.ts';
import { DEFAULT_NAMESPACE, type WrittenPublish } from './written-publish.ts';

/** Where figures go; that 'cloudwatch' is named at all switches it on. */
export function normalisePublication({ cloudwatch: { namespace, region } }: WrittenPublish): Publication {
  return { cloudWatch: { namespace: namespace ?? DEFAULT_NAMESPACE, ...(region !== undefined && { region }) } };
}
