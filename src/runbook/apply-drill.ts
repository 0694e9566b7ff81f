import type { Drill } from './drill.ts';
import { mergeNotify } from './normalise-notify.ts';
import type { Runbook } from './runbook.ts';

/** A runbook as a drill has it drilled: with the drill's objectives and selection, and told to both their people. */
export function applyDrill(runbook: Runbook, { objectives, recoveryPoint, notify }: Drill): Runbook {
  const told = mergeNotify(runbook.notify ?? [], notify);
  return {
    ...runbook,
    objectives: { ...runbook.objectives, ...objectives },
    restore: runbook.restore.map((spec) => ({ ...spec, recoveryPoint: { ...spec.recoveryPoint, ...recoveryPoint } })),
    ...(told.length > 0 && { notify: told }),
  };
}
