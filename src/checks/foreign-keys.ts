import type { ForeignKeysCheck } from '../runbook/check-spec.ts';
import type { CheckKind } from './check.ts';
import { counted, firstFew, notAsked, notObserved } from './judgements.ts';

/** Every foreign key leads to a row, there is at least one key, and at least one row that could have broken it. */
export const foreignKeysCheck: CheckKind<ForeignKeysCheck> = {
  prepare({ database }) {
    return { kind: 'foreign-keys', database };
  },
  judge(_spec, observation) {
    const expected = 'no row that refers to one that is not there';
    if (observation.kind !== 'foreign-keys') return notAsked(observation, expected);
    const { keysChecked, rows, orphans, unreadable = [] } = observation;
    const lost = orphans.reduce((sum, one) => sum + one.rows, 0);
    const looked = `${counted(keysChecked, 'foreign key')} over ${counted(rows, 'row')}`;
    const observed = `${looked}, ${counted(lost, 'orphan')}`;
    if (orphans.length > 0) {
      const because = firstFew(orphans.map((one) => `'${one.table}' by '${one.key}': ${counted(one.rows, 'orphan')}`));
      return { outcome: 'failed', observed, expected, because };
    }
    // Damage tells against the backup, whatever else this server could not do.
    const first = unreadable.find(({ problem }) => problem.blames === 'backup') ?? unreadable[0];
    if (first) {
      const because = firstFew(unreadable.map(({ problem }) => problem.message));
      return { ...notObserved(first.problem, expected), observed, because };
    }
    if (keysChecked === 0 || rows === 0) {
      const nothing = keysChecked === 0 ? 'the database has no foreign key' : 'no table with a foreign key holds a row';
      return { outcome: 'failed', observed, expected, because: nothing };
    }
    return { outcome: 'passed', observed, expected };
  },
};
