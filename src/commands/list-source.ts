import type { RecoveryPointListing } from '../catalog/recovery-point.ts';
import { byCapturedTimeAndId } from '../catalog/selection.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import type { CommandIo } from './io.ts';
import { wireReadingProvider } from './wire.ts';

/** Asks a source what it holds, by captured time and id; or why it did not say. Reads only. */
export async function listSource(
  spec: RestoreSpec,
  place: SandboxPlace,
  io: CommandIo,
): Promise<RecoveryPointListing | { readonly problem: Problem }> {
  const provider = await wireReadingProvider(io, place);
  try {
    const { points, unusable } = await provider.listRecoveryPoints(spec, new AbortController().signal);
    return { points: points.toSorted(byCapturedTimeAndId), unusable };
  } catch (error) {
    return { problem: provider.classify(error).problem };
  }
}
