import type { DrillEvent } from '../../src/drill/events.ts';
import { selectRecoveryPoints } from '../../src/catalog/group-selection.ts';
import { buildPlan } from '../../src/plan/build-plan.ts';
import type { DataMoment, RestoreFacts } from '../../src/providers/resource.ts';
import type { FilesRestore } from '../../src/runbook/restore-spec.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { type Instant, addMillis } from '../../src/support/time.ts';
import { type JournalBuilder, STARTED_AT, aJournal } from './journal-builder.ts';
import { aRecoveryPoint, aRestore, aRunbook } from './runbook-builder.ts';

const uploads: FilesRestore = {
  name: 'uploads',
  kind: 'files',
  source: '/backups/uploads',
  needs: [],
  recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'backup-end' } },
  database: '',
};

/** Orders and the files that they refer to, which may lie `maxSkew` apart. */
export function aGroupedShop(maxSkew: number): Runbook {
  const restores = [aRestore('orders'), uploads];
  const groups = [{ name: 'orders and their uploads', of: ['orders', 'uploads'], maxSkew }];
  const runbook = aRunbook(restores, { name: 'bookshop', owner: 'platform-team', groups });
  return { ...runbook, objectives: {} };
}

/** Facts of a restore whose data is known to reach to a moment. */
export function reaching(at: Instant, source: DataMoment['source']): Partial<RestoreFacts> {
  return { dataMoments: [{ source, at, error: 1 }] };
}

/** A drill of it up to its proven sandbox, its points chosen as they are: orders at 2 or 14 h, uploads minutes after. */
export function aGroupedDrill(runbook: Runbook): JournalBuilder {
  const seed = '7d2f0a1c9be34410';
  const resources = runbook.restore.map((spec) => {
    const hours = spec.name === 'orders' ? [2, 14] : [2.2, 8.2, 14.2, 20.2];
    const points = hours.map((hour) => {
      const point = aRecoveryPoint(spec.source, `${spec.name}-${Math.floor(hour)}`, hour);
      if (spec.name === 'orders') return point;
      return { ...point, kind: 'files', format: 'tar.gz', engine: { name: 'files', version: '1' } };
    });
    return { spec, listing: { points, unusable: [] }, timesDrawn: {} };
  });
  const { groups = [] } = runbook;
  const selections = selectRecoveryPoints({ resources, groups, seed, startedAt: STARTED_AT, sha256Hex });
  const drawn = runbook.restore.flatMap((spec) => {
    const selection = selections.get(spec.name);
    return selection?.kind === 'drawn' ? [{ spec, ...selection }] : [];
  });
  return aJournal(runbook)
    .started({ seed })
    .planned(({ drillId }) => buildPlan({ drillId, runbook, startedAt: STARTED_AT, drawn, sha256Hex }))
    .sandboxed();
}

/** Uploads that are `apart` newer than the orders. */
export function groupStory(maxSkew: number, apart: number): readonly DrillEvent[] {
  const ofOrders = '2026-11-19T13:59:58.000Z';
  return aGroupedDrill(aGroupedShop(maxSkew))
    .restored('orders', reaching(ofOrders, 'last-replayed-transaction'))
    .restored('uploads', { ...reaching(addMillis(ofOrders, apart), 'recovery-point'), engineVersion: 'files' })
    .checked()
    .tornDown()
    .finished().events;
}
